"""Standing: where a client begins in a channel. Recovery is complete or refused with a reason."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from hub.errors import InvalidCommand
from hub.model.event import Position

MAX_HISTORY = 1000
Reason = Literal["expired", "epoch_changed", "volatile"]
# What may become of a client that comes back with a position.
OUTCOMES: Sequence[str] = ("recovered", *get_args(Reason))


class Place(NamedTuple):
    """A channel at the moment of a subscribe.

    Attributes:
        epoch: The log's.
        flushed: Newest offset that this node has written to its clients.
        head: Newest offset that the hub is known to have.
        oldest: Oldest offset that it still has.
    """

    epoch: str
    flushed: int
    head: int
    oldest: int


class Standing(NamedTuple):
    """Where a client stands after its subscribe: `offset` now, `head` where the replay will end."""

    epoch: str
    offset: int
    head: int
    recovered: bool
    reason: Reason | None


def from_now(place: Place) -> Standing:
    """Begin with what comes next."""
    return Standing(place.epoch, place.flushed, place.flushed, recovered=False, reason=None)


def from_last(place: Place, events: int) -> Standing:
    """Begin with the last events.

    Raises:
        InvalidCommand: So many may not be asked for.
    """
    if not 0 <= events <= MAX_HISTORY:
        raise InvalidCommand(f"history: expected 0 to {MAX_HISTORY}, got {events}")
    offset = min(place.flushed, max(place.flushed - events, place.oldest - 1))
    return Standing(place.epoch, offset, place.flushed, recovered=False, reason=None)


def since(place: Place, position: Position) -> Standing:
    """Begin with what follows a position, or from now where some of that is gone."""
    reason = _refusal(place, position)
    offset = place.flushed if reason else position.offset
    head = max(place.flushed, offset)
    return Standing(place.epoch, offset, head, recovered=reason is None, reason=reason)


def _refusal(place: Place, position: Position) -> Reason | None:
    """Return why a position cannot be resumed, or None when nothing after it is missing."""
    if position.epoch != place.epoch or position.offset > place.head:
        # Above the head: those offsets were of a log that is gone (docs/protocol.md, epoch).
        return "epoch_changed"
    return "expired" if position.offset < place.oldest - 1 else None
