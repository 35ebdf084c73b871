"""Pages: what a cursor pulls, from the ring or from the log, made once for all at one place."""

from collections.abc import Awaitable, Callable, Sequence

from hub.model.event import Event, encode
from hub.realtime.frames import Frame
from hub.realtime.ring import Ring
from hub.realtime.view import Page, View, page

# One page of a catch-up: about what a socket's buffer takes.
PAGE_BYTES = 64 * 1024
PAGE_EVENTS = 128
# Of what is filtered, more is looked through at once: some 2 ms for events of 256 bytes.
WIDE_BYTES = 256 * 1024
# Places that are remembered until the next event.
_MAX_PLACES = 64

ReadLog = Callable[[str, int, int], Awaitable[Sequence[Event]]]
Spawn = Callable[[Awaitable[None]], None]


class Stretch:
    """Contiguous frames, shown to equal views by one page.

    Attributes:
        frames: In order; none where there is nothing to catch up with.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self._pages: dict[tuple[View, int], Page] = {}

    def page(self, view: View, seen: int) -> Page:
        """Return what a reader gets to see of it, who has had events up to `seen`."""
        key = (view, 0 if view.is_whole else seen)
        made = self._pages.get(key)
        if made is None:
            made = self._pages[key] = page(self.frames, view, seen)
        return made


# Called with the offset of the first event that there is, and what follows the asked offset; with
# None when the log could not be read.
TakeStretch = Callable[[int | None, Stretch], None]
_NOTHING = Stretch(())


class Pages:
    """The newest events of one channel, and the way to older ones."""

    def __init__(self, channel: str, ring: Ring, *, read_log: ReadLog, spawn: Spawn) -> None:
        self._channel = channel
        self._ring = ring
        self._read_log = read_log
        self._spawn = spawn
        self._places: dict[tuple[int, bool], Stretch] = {}
        self._reading: dict[int, list[TakeStretch]] = {}

    def add(self, frame: Frame) -> None:
        """Keep the next event in memory."""
        self._ring.append(frame.offset, frame)

    def moved(self) -> None:
        """There is something new to catch up with."""
        self._places.clear()

    def after(self, offset: int, flushed: int, *, wide: bool) -> Stretch | None:
        """Return what follows an offset, from memory.

        Empty at `flushed`; None when memory does not hold the next one any more.
        """
        if offset >= flushed:
            return _NOTHING
        place = (offset, wide)
        found = self._places.get(place)
        if found is None:
            frames = self._ring.after(offset, flushed, WIDE_BYTES if wide else PAGE_BYTES)
            if frames is None:
                return None
            if len(self._places) >= _MAX_PLACES:
                self._places.clear()
            found = self._places[place] = Stretch(frames)
        return found

    def read(self, offset: int, flushed: Callable[[], int], take: TakeStretch) -> None:
        """Read what follows an offset from the log; cursors at one place share the reading."""
        waiting = self._reading.setdefault(offset, [])
        waiting.append(take)
        if len(waiting) == 1:
            self._spawn(self._read(offset, flushed))

    async def _read(self, offset: int, flushed: Callable[[], int]) -> None:
        first: int | None = None
        found = _NOTHING
        # What is flushed while the log answers is not in the answer, and not gone either.
        upto = flushed()
        try:
            events = await self._read_log(self._channel, offset, PAGE_EVENTS)
            now = flushed()
            frames = [event_frame(event) for event in events if event.offset <= now]
            first = events[0].offset if frames else upto + 1
            found = Stretch(frames)
        finally:
            # Whatever happened, the cursors must be told: each would wait for ever.
            for take in self._reading.pop(offset):
                take(first, found)


def event_frame(event: Event) -> Frame:
    """Return the frame that says an event, as JSON."""
    return Frame(encode(event), event.offset, owner=event.owner)
