"""A group: the live listeners of a channel that have the same view, and so get the same buffer."""

from collections.abc import Callable, Sequence

from hub.clock import Timer, Timers
from hub.realtime.conflation import Conflation, Latest
from hub.realtime.filters import Facts
from hub.realtime.frames import Batch, Frame
from hub.realtime.listener import Listener, Outlet
from hub.realtime.view import View, rewrite

# An event's frame, and what a filter or a conflation sees of it.
Judged = tuple[Frame, Facts]


class Group:
    """Listeners with one view.

    Attributes:
        view: What they get to see.
        live: Who stands at the newest offset.
    """

    def __init__(self, view: View, seen: int) -> None:
        self.view = view
        self.live: set[Listener] = set()
        self._seen = seen
        self._outlets: Sequence[Outlet] | None = None

    @property
    def is_empty(self) -> bool:
        """Say whether nobody is here."""
        return not self.live

    def join(self, listener: Listener, seen: int) -> bool:
        """Let a listener be live, who has had events up to `seen`.

        Returns:
            False when it must wait, because others wait for events that it has had already.
        """
        self.live.add(listener)
        self._outlets = None
        # The next frame names an offset that everybody has had: this one may have had fewer.
        self._seen = min(self._seen, seen)
        return True

    def leave(self, listener: Listener) -> int:
        """Let one go; return the offset of an event that it has had for certain."""
        self.live.discard(listener)
        self._outlets = None
        return self._seen

    def outlets(self) -> Sequence[Outlet]:
        """Return the sockets of those who are live, to be read only."""
        if self._outlets is None:
            self._outlets = tuple([listener.outlet for listener in self.live])
        return self._outlets

    def position(self, flushed: int) -> int:
        """Return up to which place everybody here has everything."""
        return flushed

    def take(self, frames: Sequence[Frame]) -> Batch | None:
        """Return what is to be written of new frames that the view shows; None when nothing."""
        if not frames:
            return None
        written = rewrite(frames, self.view, self._seen)
        # A test among them has no offset.
        newest = next((frame.offset for frame in reversed(frames) if frame.offset), 0)
        self._seen = max(self._seen, newest)
        return Batch(written)


class ConflatedGroup(Group):
    """Listeners that get the newest event of each entity, so often at most.

    Args:
        view: What they get to see.
        conflate: How often.
        seen: Offset that the first of them has had.
        timers: Measure the pause between two deliveries.
        wake: Called when it is over and something waits.
    """

    def __init__(
        self,
        view: View,
        conflate: Conflation,
        seen: int,
        timers: Timers,
        wake: Callable[["ConflatedGroup"], None],
    ) -> None:
        super().__init__(view, seen)
        self._pause_s = conflate.pause_s
        self._latest = Latest(conflate.key)
        self._timers = timers
        self._wake = wake
        self._pause: Timer | None = None
        # One below the first event that waits; None while none does. A test has no place.
        self._covered: int | None = None
        self._joining: set[Listener] = set()

    @property
    def is_empty(self) -> bool:
        """Say whether nobody is here, nor waits to be."""
        return not (self.live or self._joining)

    def join(self, listener: Listener, seen: int) -> bool:
        """Let a listener be live, or have it come again after the next delivery."""
        if self._latest:
            self._joining.add(listener)
            return False
        self._joining.discard(listener)
        return super().join(listener, seen)

    def leave(self, listener: Listener) -> int:
        """Let one go."""
        self._joining.discard(listener)
        return super().leave(listener)

    def position(self, flushed: int) -> int:
        """Return up to which place everybody here has everything, or newer of the same."""
        return flushed if self._covered is None else self._covered

    def add(self, judged: Sequence[Judged]) -> None:
        """Let events wait, each in the place of an older one of its entity."""
        for frame, facts in judged:
            if self._covered is None and frame.at:
                self._covered = frame.at - 1
            self._latest.add(frame, facts)

    def due(self) -> Batch | None:
        """Return what waits when it may be written now; None otherwise."""
        if not self._latest or (self._pause is not None and not self._latest.urgent):
            return None
        if self._pause is not None:
            self._pause.cancel()
        self._pause = self._timers.call_later(self._pause_s, self._over)
        self._covered = None
        return self.take(self._latest.take())

    def joining(self) -> Sequence[Listener]:
        """Return who may come again now."""
        waiting, self._joining = tuple(self._joining), set()
        return waiting

    def close(self) -> None:
        """Nobody is here any more."""
        if self._pause is not None:
            self._pause.cancel()

    def _over(self) -> None:
        self._pause = None
        if self._latest:
            self._wake(self)
