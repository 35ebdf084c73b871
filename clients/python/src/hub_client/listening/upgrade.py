"""The bounds of one connection, the same for both shells."""

SUBPROTOCOL = "hub.v1.json"
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
MAX_FRAME_BYTES = 16 * 1024 * 1024
"""A snapshot's page is the largest frame."""
MAX_FRAMES = 64
"""Read ahead of the caller; beyond it the hub waits.

Pings of our own are off: while the caller is slow and this is full, their
answers would wait behind it, and a healthy connection would be cut.
"""
