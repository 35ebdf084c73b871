"""Use cases: one unit each for what writes, one read each for what looks."""
