"""Carry news of commits between nodes. Never the truth: that is the log."""
