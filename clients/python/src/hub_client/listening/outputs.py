"""What the feed tells its shell to do, in order."""

import msgspec

from hub_client.errors import HistoryGap, HubError
from hub_client.event import Event
from hub_client.lag import Lag
from hub_client.state import State


class Send(msgspec.Struct, frozen=True):
    """Send a command as one text frame."""

    frame: str


class Deliver(msgspec.Struct, frozen=True):
    """Yield an event."""

    event: Event


class Skipped(msgspec.Struct, frozen=True):
    """Remember a gap that the caller asked not to be raised."""

    gap: HistoryGap


class Slow(msgspec.Struct, frozen=True):
    """Tell the caller that the hub finds it slow, or not any more."""

    lag: Lag


class Change(msgspec.Struct, frozen=True):
    """Tell the caller the state."""

    state: State


class Reconnect(msgspec.Struct, frozen=True):
    """Close the socket if there is one, wait, connect."""

    delay_s: float


class Fail(msgspec.Struct, frozen=True):
    """Close the socket and raise, once everything before it is yielded."""

    error: HubError


Output = Send | Deliver | Skipped | Slow | Change | Reconnect | Fail
