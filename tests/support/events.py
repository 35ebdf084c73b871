"""Events for tests of whoever carries them."""

from hub.model.event import Event


def event(offset: int, data: bytes = b'{"n":1}', channel: str = "orders") -> Event:
    """Return a committed event."""
    return Event(channel, offset, f"id-{offset}", "order_placed", 1_000 + offset, "me", data, "k")
