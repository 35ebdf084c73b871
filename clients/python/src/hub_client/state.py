"""The three states of a listener."""

from enum import StrEnum

import msgspec


class ListenState(StrEnum):
    """Compare with these, or with the bare words."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


class State(msgspec.Struct, frozen=True):
    """What a listener is doing, and why.

    Attributes:
        state: connecting (also while it waits to come back), connected (every
            channel is subscribed) or disconnected (for good).
        code: Close code or HTTP status behind it; 1006 when the network failed.
        reason: One word, such as draining, network_error or heartbeat_timeout.
        help: Address of a page about it, if there is one.
        retry_in_s: Seconds until the next attempt, None when none is waited for.
        message: The reason in a sentence, for a log.
    """

    state: ListenState
    code: int | None = None
    reason: str = ""
    help: str | None = None
    retry_in_s: float | None = None
    message: str = ""
