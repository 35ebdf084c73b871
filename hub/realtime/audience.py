"""The audience: who listens live to one channel, in groups of equal view."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hub.clock import Timers
from hub.realtime.filters import Filter, Index, read_facts
from hub.realtime.frames import Batch, Frame
from hub.realtime.group import ConflatedGroup, Group, Judged
from hub.realtime.listener import Listener, Outlet
from hub.realtime.view import View


class Delivery(NamedTuple):
    """One buffer, and who gets it."""

    batch: Batch
    outlets: Sequence[Outlet]


def written_by(due: Sequence[Delivery]) -> int:
    """Return how many events are written by deliveries, once for each client."""
    return sum(len(one.batch.frames) * len(one.outlets) for one in due)


class Audience:
    """The live listeners of a channel.

    Args:
        timers: For conflated groups.
        wake: Called when something waits no longer, although nothing is new.
    """

    def __init__(self, timers: Timers, wake: Callable[[], None]) -> None:
        self._timers = timers
        self._wake = wake
        self._groups: dict[View, Group] = {}
        # Groups that see every event as it comes, and those that must be judged: by filter.
        self._whole: dict[View, Group] = {}
        self._judged: dict[Filter | None, dict[View, Group]] = {}
        self._index = Index()
        self._due: set[ConflatedGroup] = set()

    def __bool__(self) -> bool:
        return bool(self._groups)

    def listeners(self) -> Sequence[Listener]:
        """Return everybody who is live."""
        return [listener for group in self._groups.values() for listener in group.live]

    def join(self, listener: Listener, view: View, seen: int) -> Group | None:
        """Let a listener be live, who has had events up to `seen`; return its group.

        None when it must wait: then it is told to pull again.
        """
        group = self._groups.get(view) or self._open(view, seen)
        return group if group.join(listener, seen) else None

    def leave(self, listener: Listener, view: View) -> int:
        """Let one go; return the offset of an event that it has had for certain, or 0."""
        group = self._groups.get(view)
        if group is None:
            return 0
        seen = group.leave(listener)
        if group.is_empty:
            self._close(group)
        return seen

    def share(self, frames: Sequence[Frame]) -> Sequence[Delivery]:
        """Return what is to be written now, of new events and of what has waited."""
        found = [(group, group.take(frames)) for group in self._whole.values()]
        if self._judged:
            found += self._judge(frames)
        return [Delivery(batch, group.outlets()) for group, batch in found if batch is not None]

    def joining(self) -> Sequence[Listener]:
        """Return who waited for a delivery that has been made."""
        due, self._due = self._due, set()
        return [listener for group in due for listener in group.joining()]

    def _judge(self, frames: Sequence[Frame]) -> list[tuple[Group, Batch | None]]:
        shown: dict[Group, list[Judged]] = {group: [] for group in self._due}
        for frame in frames:
            facts = read_facts(frame.payload, frame.owner)
            wanted = [*self._index.matching(facts)] if self._index else []
            for where in (None, *wanted):
                for group in self._judged.get(where, {}).values():
                    shown.setdefault(group, []).append((frame, facts))
        return [(group, self._written(group, judged)) for group, judged in shown.items()]

    def _written(self, group: Group, judged: Sequence[Judged]) -> Batch | None:
        if not isinstance(group, ConflatedGroup):
            return group.take([frame for frame, _ in judged])
        group.add(judged)
        batch = group.due()
        if batch is not None:
            self._due.add(group)
        return batch

    def _open(self, view: View, seen: int) -> Group:
        if view.conflate is None:
            group = Group(view, seen)
        else:
            group = ConflatedGroup(view, view.conflate, seen, self._timers, self._awake)
        self._groups[view] = group
        if view.is_whole:
            self._whole[view] = group
        else:
            self._judged.setdefault(view.where, {})[view] = group
            if view.where is not None:
                self._index.add(view.where)
        return group

    def _close(self, group: Group) -> None:
        view = group.view
        del self._groups[view]
        self._whole.pop(view, None)
        alike = self._judged.get(view.where, {})
        alike.pop(view, None)
        if view.where is not None and not alike:
            self._index.discard(view.where)
        if not alike:
            self._judged.pop(view.where, None)
        if isinstance(group, ConflatedGroup):
            group.close()
            self._due.discard(group)

    def _awake(self, group: ConflatedGroup) -> None:
        self._due.add(group)
        self._wake()
