"""The journal: what this node has lately done with events, for who asks what became of one.

Kept in memory, in runs of offsets: a line a commit, one a message that was heard, one a write to
many sockets, so nothing is paid for a socket. It holds the newest lines only; who asks for an older
event is told that nobody remembers. Times are microseconds since 1970 by this node's clock.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from hub.clock import Clock

# A line takes some 200 bytes, an event in it 40: 0.8 to 1.4 MiB when all are there.
MAX_LINES = 4_096
MAX_EVENTS = 16_384

# A channel and an offset.
Place = tuple[str, int]


class Placed(Protocol):
    """An event, as far as the journal is concerned; its offset is 0 where it has none."""

    @property
    def channel(self) -> str:
        """Return where it stands."""
        ...

    @property
    def offset(self) -> int:
        """Return at which place."""
        ...


# Plain tuples, the channel, the first and the last offset in front: a NamedTuple costs 0.2 us more
# to make, once a write.
# ... then when it was committed, announced, and each event accepted.
Taken = tuple[str, int, int, int, int, Sequence[int]]
# ... then when, and to how many clients.
Noted = tuple[str, int, int, int, int]
_COMMITTED: Final = 3
_ANNOUNCED: Final = 4
_ACCEPTED: Final = 5
_AT: Final = 3
_CLIENTS: Final = 4


class Sight(msgspec.Struct, frozen=True, array_like=True):
    """What one node remembers of one event. Nodes send it to each other: added to at the end only.

    Attributes:
        node: Who remembers.
        accepted_us: The request had been read and judged, and waited for the disk; like the next
            two, only at the node that took it.
        committed_us: The disk had said yes.
        announced_us: This node's clients were due, and the other nodes had been told.
        received_us: Another node's news had come.
        delivered_us: It had been written to the sockets of those who follow live.
        clients: How many these were; None when this node does not remember so far back.
    """

    node: str
    accepted_us: int | None = None
    committed_us: int | None = None
    announced_us: int | None = None
    received_us: int | None = None
    delivered_us: int | None = None
    clients: int | None = None


class Journal:
    """The newest lines of a node.

    Args:
        clock: The wall time.
        max_lines: Lines of each kind.
    """

    def __init__(self, clock: Clock, *, max_lines: int = MAX_LINES) -> None:
        self.now_us = clock.now_us
        self._began_us = clock.now_us()
        self._taken: deque[Taken] = deque()
        self._taken_events = 0
        self._max_lines = max_lines
        self._heard: deque[Noted] = deque(maxlen=max_lines)
        self._written: deque[Noted] = deque(maxlen=max_lines)

    def took(self, events: Sequence[Placed], accepted_us: Sequence[int], committed_us: int) -> None:
        """Note what was committed here and has just been announced, and when each was accepted.

        Offsets of a channel follow each other.
        """
        if not events:
            return
        announced_us = self.now_us()
        channel, first, last = events[0].channel, events[0].offset, events[-1].offset
        if first and last - first == len(events) - 1 and events[-1].channel == channel:
            # All of them are: who stands between two of a channel is of that channel.
            self._take((channel, first, last, committed_us, announced_us, accepted_us))
            return
        for event, at_us in zip(events, accepted_us, strict=True):
            if at := event.offset:
                self._take((event.channel, at, at, committed_us, announced_us, (at_us,)))

    def _take(self, line: Taken) -> None:
        self._taken.append(line)
        self._taken_events += len(line[_ACCEPTED])
        while len(self._taken) > self._max_lines or self._taken_events > MAX_EVENTS:
            self._taken_events -= len(self._taken.popleft()[_ACCEPTED])

    def heard(self, channel: str, offsets: Sequence[int]) -> None:
        """Note what another node told of, in ascending order."""
        at_us = self.now_us()
        self._heard.extend((channel, *run, at_us, 0) for run in runs(offsets))

    def wrote(self, line: Noted) -> None:
        """Note what was written to sockets."""
        self._written.append(line)

    def sight(self, node: str, place: Place, at_us: int) -> Sight:
        """Return what this node remembers of the event at a place, of that time."""
        taken = next((line for line in self._taken if _covers(line, place)), None)
        heard = next((line for line in self._heard if _covers(line, place)), None)
        written = [line for line in self._written if _covers(line, place)]
        remembers = bool(written) or at_us >= self._since_us()
        return Sight(
            node,
            None if taken is None else taken[_ACCEPTED][place[1] - taken[1]],
            None if taken is None else taken[_COMMITTED],
            None if taken is None else taken[_ANNOUNCED],
            None if heard is None else heard[_AT],
            max((line[_AT] for line in written), default=None),
            sum(line[_CLIENTS] for line in written) if remembers else None,
        )

    def _since_us(self) -> int:
        """Return since when every write is remembered."""
        full = len(self._written) == self._written.maxlen
        return self._written[0][_AT] if full else self._began_us


def runs(offsets: Iterable[int]) -> list[tuple[int, int]]:
    """Return what stands together, as first and last; a 0 is an event without an offset."""
    found: list[tuple[int, int]] = []
    for offset in filter(None, offsets):
        if found and offset == found[-1][1] + 1:
            found[-1] = (found[-1][0], offset)
        else:
            found.append((offset, offset))
    return found


def _covers(line: Taken | Noted, place: Place) -> bool:
    channel, offset = place
    return line[1] <= offset <= line[2] and line[0] == channel
