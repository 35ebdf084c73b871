"""The replay: deliveries that are sent again, or events that are sent after all, as a job."""

from typing import Literal

import msgspec

ReplayState = Literal["running", "done", "cancelled"]


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Sends deliveries of one endpoint again, page by page, in the background.

    Attributes:
        id: `rp_…`.
        states: Deliveries in these states are sent again.
        event_types: Of events of these types; `*` stands for any characters.
        since_us: That were made since then; 0: any time.
        channel: With `after`: every event of the channel behind this offset, also one that the
            endpoint never got.
        after: An offset; None: deliveries are looked through, not the log.
        until_us: That were made until then, where `to` is not known: when it was asked for.
        to: Up to this one: `seq` of a delivery, or offset in the channel. No time does for that:
            the clocks of nodes are apart, and may be put back.
        cursor: How far it has come: `seq` of a delivery, or offset in the channel.
        seen: How many it has looked at.
        again: How many it has made due.
    """

    id: str
    endpoint_id: str
    owner: str
    created_at_us: int
    until_us: int
    to: int | None = None
    states: tuple[str, ...] = ("dead", "held")
    event_types: tuple[str, ...] = ("*",)
    since_us: int = 0
    channel: str = ""
    after: int | None = None
    cursor: int = 0
    seen: int = 0
    again: int = 0
    state: ReplayState = "running"
    ended_at_us: int = 0
