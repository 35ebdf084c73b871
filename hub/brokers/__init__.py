"""Carry news of commits, and who is there, between nodes. Never the truth: that is the log."""
