"""Sending: how this node writes to many sockets at once."""

from hub.realtime.spread import AtOnce, Spread, one_by_one
from hub.settings import Settings
from hub.transports.uring import open_uring


def open_spread(settings: Settings) -> Spread:
    """Return the fastest way that there is here."""
    ring = open_uring() if settings.io_uring else None
    return one_by_one if ring is None else AtOnce(ring)
