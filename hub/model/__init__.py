"""Nouns and their legal transitions. No I/O, no clock, no await."""
