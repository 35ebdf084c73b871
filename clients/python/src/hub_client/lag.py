"""What the hub says of a listener that does not keep up."""

import msgspec


class Lag(msgspec.Struct, frozen=True):
    """How far behind this listener's connection is, and what comes of that.

    Attributes:
        channel: Where.
        behind: So many events; 0 once it has caught up.
        mode: lossless (every event comes, later), conflated (the newest of each entity) or
            snapshot (a `Snapshot` comes, because too much was missed).
    """

    channel: str
    behind: int
    mode: str = "lossless"
