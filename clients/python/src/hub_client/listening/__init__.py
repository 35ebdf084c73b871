"""Listening without I/O: frames in, what to do next out."""
