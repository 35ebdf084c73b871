"""The latest: what a volatile channel remembers, one event a key.

Each change has a number, larger than all before it on this node. A client that missed some
changes is one such number: what it lacks are the entries above it, however many it missed.
"""

from bisect import bisect_right
from collections.abc import Sequence

from hub.model.event import Event, encode
from hub.realtime.frames import Frame

MAX_KEYS = 10_000
MAX_BYTES = 16 * 1024 * 1024
# What an entry takes besides its data: its event, its place in three tables.
_OVERHEAD = 512
# What a frame says besides its data.
_ENVELOPE = 200
# Numbers of entries that are gone are swept when they outnumber the others, and this many.
_FEW = 64


class Entry:
    """One event, and its number; the frame is built when the first client needs it."""

    __slots__ = ("_frame", "event", "number")

    def __init__(self, event: Event, number: int) -> None:
        self.event = event
        self.number = number
        self._frame: Frame | None = None

    @property
    def frame(self) -> Frame:
        """Return the frame, one for all clients."""
        if self._frame is None:
            self._frame = Frame(encode(self.event), at=self.number)
        return self._frame

    @property
    def size(self) -> int:
        """Return about how many bytes it takes: its data, and the two forms of its frame."""
        return 3 * len(self.event.data) + len(self.event.key) + _OVERHEAD


class Latest:
    """Entries in the order of their change, the oldest let go first.

    Args:
        max_keys: How many are kept at most.
        max_bytes: How many bytes they may take at most.
    """

    def __init__(self, max_keys: int = MAX_KEYS, max_bytes: int = MAX_BYTES) -> None:
        self.newest = 0
        self._max_keys = max_keys
        self._max_bytes = max_bytes
        self._bytes = 0
        self._number_of: dict[str, int] = {}
        self._entries: dict[int, Entry] = {}
        # All numbers, rising, those of entries that are gone among them; the first may be read.
        self._numbers: list[int] = []
        self._first = 0

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, event: Event) -> Entry | None:
        """Take an event in the place of the last one of its key; None if that one is later.

        Later by the hub's clock, for the news of two nodes may cross: all nodes must agree.
        """
        before = self._number_of.get(event.key)
        if before is not None:
            last = self._entries[before].event
            if (event.at_us, event.id) <= (last.at_us, last.id):
                return None
            self._let_go(before)
        self.newest += 1
        entry = self._entries[self.newest] = Entry(event, self.newest)
        self._number_of[event.key] = self.newest
        self._numbers.append(self.newest)
        self._bytes += entry.size
        while len(self._entries) > self._max_keys or self._bytes > self._max_bytes:
            self._let_go(self._oldest())
        self._sweep()
        return entry

    def after(self, number: int, upto: int, max_bytes: int) -> Sequence[Entry]:
        """Return the entries above a number, oldest change first, some `max_bytes` of them."""
        found: list[Entry] = []
        size = 0
        at = bisect_right(self._numbers, number, self._first)
        while at < len(self._numbers) and self._numbers[at] <= upto and size < max_bytes:
            entry = self._entries.get(self._numbers[at])
            if entry is not None:
                found.append(entry)
                size += len(entry.event.data) + _ENVELOPE
            at += 1
        return found

    def _let_go(self, number: int) -> None:
        entry = self._entries.pop(number)
        del self._number_of[entry.event.key]
        self._bytes -= entry.size

    def _oldest(self) -> int:
        while self._numbers[self._first] not in self._entries:
            self._first += 1
        return self._numbers[self._first]

    def _sweep(self) -> None:
        if len(self._numbers) > 2 * len(self._entries) + _FEW:
            self._numbers = list(self._entries)
            self._first = 0
