"""The track: where one stream stands after each thing that it is told, and so its ids.

A reader gives the last id back when it returns, so an id must never be ahead of what came before
it, and must name every channel: one that is missing would begin anew, and lose what was between.
"""

from collections.abc import Sequence

import msgspec

from hub.model.positions import Positions
from hub.realtime.frames import Batch, Frame
from hub.transports.sse.block import COMMENT, block


class _Event(msgspec.Struct):
    channel: str = ""
    id: str | None = None


class _Said(msgspec.Struct):
    """What of the hub's own words moves a reader; `replies` has them whole."""

    type: str
    channel: str = ""
    offset: int = 0
    to: int = 0
    recovered: bool = False
    more: bool = False
    mode: str = ""
    positions: dict[str, int] = {}


# Places that are remembered of one batch: nearly all streams stand at one of few.
MAX_PLACES = 8

_read_event = msgspec.json.Decoder(_Event).decode
_read_said = msgspec.json.Decoder(_Said).decode


class Track:
    """One stream's way through its channels.

    Args:
        epoch: The log's.
        channels: What it follows.
        since: Where its reader stood when it came.
        snapshot: Each channel begins with its state where it is not resumed.
    """

    __slots__ = ("_channels", "_epoch", "_offsets", "_shown", "_since", "_snapshot")

    def __init__(
        self, epoch: str, channels: Sequence[str], since: Positions | None, *, snapshot: bool
    ) -> None:
        self._epoch = epoch
        self._channels = len(channels)
        self._since = "" if since is None else str(since)
        self._snapshot = snapshot
        known = since.offsets if since is not None and since.epoch == epoch else {}
        self._offsets = {channel: known[channel] for channel in channels if channel in known}
        # Offsets of snapshots that are on their way, by channel; -1 before they are known.
        self._shown: dict[str, int] = {}

    @property
    def place(self) -> str:
        """Return the id; what the reader came with until every channel has begun.

        Never nothing instead: by the letter of the specification a browser that is told an event
        without an id, on a new connection, forgets the one that it had.
        """
        if len(self._offsets) < self._channels:
            return self._since
        return str(Positions(self._epoch, self._offsets))

    def key(self) -> object:
        """Return what equals another's when both get the same text for the same events."""
        began = len(self._offsets) == self._channels
        return (began or self._since, *self._offsets.items())

    def move_like(self, other: dict[str, int]) -> None:
        """Stand where another stream stands after the same events."""
        self._offsets = other.copy()

    def copy(self) -> dict[str, int]:
        """Return where it stands."""
        return self._offsets.copy()

    def tell(self, frame: Frame) -> bytes:
        """Return the text of an event, or of what the hub says itself; the stream moves on."""
        event = _read_event(frame.payload)
        if event.id is None:
            return self._tell_said(_read_said(frame.payload), frame.payload)
        if frame.offset:
            self._offsets[event.channel] = frame.offset
        return block(frame.payload, self.place)

    def _tell_said(self, said: _Said, payload: bytes) -> bytes:
        self._move(said)
        told = block(payload, self.place, said.type)
        return COMMENT + told if said.type == "heartbeat" else told

    def _move(self, said: _Said) -> None:
        match said.type:
            case "subscribed" if said.channel in self._shown or (
                self._snapshot and not said.recovered
            ):
                # Who leaves in the middle of a snapshot has half a state: it must begin anew.
                self._shown[said.channel] = said.offset
            case "subscribed":
                self._offsets[said.channel] = said.offset
            case "snapshot" if not said.more:
                self._offsets[said.channel] = self._shown.pop(said.channel)
            case "lag" if said.mode == "snapshot":
                self._shown[said.channel] = -1
            case "gap":
                self._offsets[said.channel] = said.to
            case "heartbeat":
                there = said.positions.items()
                self._offsets.update({c: o for c, o in there if c in self._offsets})


class Press:
    """Prints a batch once for all streams that stand at the same places."""

    def __init__(self) -> None:
        self._batch: Batch | None = None
        self._printed: dict[object, tuple[bytes, dict[str, int]]] = {}

    def print(self, batch: Batch, track: Track) -> bytes:
        """Return the text of a batch; the stream moves on."""
        if not batch.frames[-1].at:
            # Perhaps words to this client alone, and those move more than its offsets.
            return b"".join(map(track.tell, batch.frames))
        if batch is not self._batch:
            self._batch, self._printed = batch, {}
        key = track.key()
        found = self._printed.get(key)
        if found is None:
            text = b"".join(map(track.tell, batch.frames))
            if len(self._printed) < MAX_PLACES:
                self._printed[key] = (text, track.copy())
            return text
        track.move_like(found[1])
        return found[0]
