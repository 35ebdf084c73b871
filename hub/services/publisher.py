"""The publisher: the one door by which events leave.

Units that arrive while the disk is busy are committed together with the next write (group
commit), so one sync serves many. An acknowledgement is given after the commit; this node's
clients hear of it first, then the other nodes.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from hub.clock import SystemClock
from hub.errors import Draining, HubError, Overloaded
from hub.model.event import Event
from hub.model.unit import Answered, Outcome, Unit
from hub.services.commits import Commits
from hub.stores.base import Log
from hub.telemetry.journal import Journal
from hub.telemetry.spans import Span, Spans
from hub.telemetry.traceparent import INCOMING

# One transaction: large enough that the sync costs little a unit, short enough to wait for.
MAX_GROUP = 256

Tell = Callable[[Sequence[Event]], None]
# With the time in microseconds at which it began to wait.
Waiting = tuple[Unit, "asyncio.Future[Answered]", int, Span | None]


class Publisher:
    """Commits units in the order of their arrival and tells of their events.

    Args:
        log: Where they are committed.
        tell: Called with the events of each group, in order, after its commit.
        max_waiting: Units that may wait at most; one more is refused.
        journal: Gets a line a unit.
        spans: Gets a span a unit; None: nobody wants them.

    Attributes:
        commits: What became of the groups.
    """

    def __init__(
        self,
        log: Log,
        tell: Tell,
        *,
        max_waiting: int,
        journal: Journal | None = None,
        spans: Spans | None = None,
    ) -> None:
        self.commits = Commits()
        self._log = log
        self._journal = Journal(SystemClock()) if journal is None else journal
        self._spans = spans
        self._tell = tell
        self._max_waiting = max_waiting
        self._waiting: deque[Waiting] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many units wait; those that are being committed do not any more."""
        return len(self._waiting)

    def submit(self, unit: Unit) -> "asyncio.Future[Answered]":
        """Commit a unit; the future has its answer when it is on disk.

        Raises:
            Overloaded: Too many wait already; nothing was kept.
            Draining: The hub is stopping; nothing was kept.
        """
        if self._closed:
            raise Draining("expected a hub that stays, got one that is stopping")
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded(
                f"expected fewer than {self._max_waiting} waiting updates, try again in a second"
            )
        future = asyncio.get_running_loop().create_future()
        trace, span = INCOMING.get(), None
        if self._spans is not None:
            span = self._spans.publish(trace)
            trace = span.trace or trace
        if trace:
            unit = unit._replace(trace=trace)
        self._waiting.append((unit, future, self._journal.now_us(), span))
        if self._task is None:
            # A task starts in the next tick, so the units of this tick form one group.
            self._task = asyncio.create_task(self._run(), name="publisher")
        return future

    async def close(self) -> None:
        """Take no more and finish what waits."""
        self._closed = True
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), MAX_GROUP)
                await self._commit([self._waiting.popleft() for _ in range(size)])
        finally:
            self._task = None

    async def _commit(self, group: Sequence[Waiting]) -> None:
        began_s = time.monotonic()
        self.commits.begun(began_s)
        try:
            outcomes = await self._log.commit([unit for unit, _, _, _ in group])
        except HubError as failure:
            self.commits.failed(began_s)
            _settle(group, [failure] * len(group))
        except Exception as fault:  # noqa: BLE001 a fault of one unit must not fail its neighbours
            await self._split(group, fault)
        else:
            self.commits.done(len(group), began_s, time.monotonic())
            committed_us = self._journal.now_us()
            events = [e for out in outcomes if isinstance(out, Answered) for e in out.events]
            self._tell(events)
            self._journal.took(events, _accepted(group, outcomes), committed_us)
            _settle(group, outcomes)

    async def _split(self, group: Sequence[Waiting], fault: Exception) -> None:
        if len(group) > 1:
            for waiting in group:
                await self._commit([waiting])
            return
        _, future, _, span = group[0]
        if span is not None:
            span.end(failure=HubError.code)
        if not future.done():
            future.set_exception(fault)


def _accepted(group: Sequence[Waiting], outcomes: Sequence[Outcome]) -> list[int]:
    """Return when each event was accepted, in microseconds."""
    return [
        at_us
        for (_, _, at_us, _), outcome in zip(group, outcomes, strict=True)
        if isinstance(outcome, Answered)
        for _ in outcome.events
    ]


def _settle(group: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    for (_, future, _, span), outcome in zip(group, outcomes, strict=True):
        if span is not None:
            _end(span, outcome)
        if future.done():
            continue  # its request was cancelled; the commit stands
        if isinstance(outcome, HubError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _end(span: Span, outcome: Outcome) -> None:
    if isinstance(outcome, HubError):
        span.end(failure=outcome.code)
        return
    facts: dict[str, str | int] = {"hub.events": len(outcome.events)}
    for event in outcome.events[:1]:
        facts |= {"hub.channel": event.channel, "hub.offset": event.offset, "hub.event": event.id}
    span.end(facts)
