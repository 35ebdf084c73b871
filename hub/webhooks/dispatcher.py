"""The dispatcher: reads the log by a cursor a channel, and makes deliveries of its events.

A step is decided outside the store, on the registry and the events behind a cursor; the store takes
it whole, if cursor and registry still are what it was decided by. So ingest never waits for it, a
crash between two steps neither skips nor doubles, and any number of processes may do it at the same
time. One of them is enough: who finds that another one was faster looks only now and then whether
that one still does it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from hub.clock import Clock
from hub.model.endpoint import Registry
from hub.model.event import Event
from hub.model.unit import Head
from hub.stores.base import EventQuery, LogState
from hub.stores.webhooks import Step, Webhooks
from hub.telemetry.logging import logger
from hub.webhooks.matching import Matcher, Readers
from hub.webhooks.pace import Pace

# Events of a step at most, and their bytes: one transaction, between two groups of updates.
PAGE = 200
PAGE_BYTES = 1024 * 1024
# Deliveries of a step: about 2 ms of SQLite's writer, for which updates wait.
MAX_DELIVERIES = 250
# A look for endpoints that somebody else has made.
REGISTRY_S = 1.0
# Cursors of channels that no endpoint wants are moved now and then, for retention.
JUMP_S = 5.0
# Who was slower than another process leaves it to that one for so long.
LEAVE_S = 0.25
RETRY_S = 1.0


# Tells somebody that there is work.
Waking = Callable[[], None]


class Reader(Protocol):
    """The part of a log that is read."""

    async def state(self) -> LogState:
        """Return epoch and heads as last committed."""
        ...

    async def events(self, query: EventQuery) -> Sequence[Event]:
        """Return a page of history, oldest first."""
        ...


class Lag(NamedTuple):
    """How far the dispatcher is behind, and what it has lost.

    Attributes:
        events: Of the channel that is farthest behind.
        dropped: Events that retention had forgotten before they were looked at.
    """

    events: int
    dropped: int


class Dispatcher:
    """Makes deliveries, as long as it runs.

    Args:
        log: Whose events.
        store: Where deliveries go.
        clock: The wall time.
        pace: Says when there is time.
        poll_s: Seconds between two looks for events nobody told of.
        made: Called when there are new deliveries.

    Attributes:
        lag: As of the last round.
        deliveries: That were made.
    """

    def __init__(
        self,
        log: Reader,
        store: Webhooks,
        clock: Clock,
        *,
        pace: Pace,
        poll_s: float,
        made: Waking,
    ) -> None:
        self.lag = Lag(0, 0)
        self.deliveries = 0
        self._log = log
        self._store = store
        self._clock = clock
        self._pace = pace
        self._poll_s = poll_s
        self._made = made
        self._registry: Registry | None = None
        self._matcher = Matcher(Registry(-1, ()))
        self._looked_s = self._jumped_s = float("-inf")
        self._left_until_s = 0.0
        self._news = asyncio.Event()
        self._lines = logger("webhooks")

    def wake(self) -> None:
        """Look now: there are new events."""
        # Where nobody wants any, an update must not cost a look at the store.
        if not self._matcher.is_idle:
            self._news.set()

    def changed(self) -> None:
        """Look at the endpoints now: somebody has changed them."""
        self._looked_s = float("-inf")
        self._news.set()

    async def run(self) -> None:
        """Go on, for ever."""
        while True:
            pause_s = self._poll_s
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: a store that fails for a minute must not end webhooks for good.
                self._lines.exception("the dispatcher cannot go on, it tries again")
                pause_s = RETRY_S
                self._news.clear()
            await self._wait(pause_s)

    async def round(self) -> None:
        """Bring every cursor to its head, as far as this process is the one that does it."""
        await self._pace.turn()
        await self._pace.timed(self._look())
        if self._matcher.is_idle:
            self.lag = self.lag._replace(events=0)
            return
        heads, cursors = await self._pace.timed(self._where())
        behind = {
            name: head for name, head in heads.items()
            if head.is_durable and head.offset > cursors.get(name, 0)
        }  # fmt: skip
        self.lag = self.lag._replace(events=_most_behind(behind, cursors))
        now_s = asyncio.get_running_loop().time()
        may_jump = now_s - self._jumped_s >= JUMP_S
        if may_jump:
            self._jumped_s = now_s
        for name, head in behind.items():
            await self._bring(name, head, cursors.get(name, 0), may_jump=may_jump)

    async def _where(self) -> tuple[Mapping[str, Head], Mapping[str, int]]:
        return (await self._log.state()).heads, await self._store.cursors()

    async def _bring(self, channel: str, head: Head, cursor: int, *, may_jump: bool) -> None:
        """Bring one cursor to its head."""
        readers = None if head.definition is None else head.definition.readers
        begins = self._matcher.begins(channel, readers)
        if begins is None:
            if may_jump:
                await self._take(Step(channel, cursor, head.offset, self._matcher.revision))
            return
        while cursor < head.offset:
            if cursor < min(begins, head.offset):
                # What came before every endpoint that wants something of it.
                to = min(begins, head.offset)
                if not await self._take(Step(channel, cursor, to, self._matcher.revision)):
                    return
                cursor = to
                continue
            await self._pace.turn()
            step, gone = await self._pace.timed(self._next(channel, readers, cursor, head))
            for part in parts_of(step, MAX_DELIVERIES):
                await self._pace.turn()
                if not await self._take(part):
                    return
            self._drop(channel, gone)
            cursor = step.to

    async def _next(
        self, channel: str, readers: Readers, cursor: int, head: Head
    ) -> tuple[Step, int]:
        """Return what becomes of the next events behind a cursor, and how many are gone."""
        query = EventQuery(channel, PAGE, after=cursor, max_bytes=PAGE_BYTES)
        events = await self._log.events(query)
        revision = self._matcher.revision
        if not events:
            # All that is behind it was forgotten while this was asked.
            return Step(channel, cursor, head.offset, revision), head.offset - cursor
        matched = self._matcher.match(events, readers, self._clock.now_us(), MAX_DELIVERIES)
        step = Step(channel, cursor, matched.to, revision, matched.bodies, matched.deliveries)
        return step, events[0].offset - cursor - 1

    async def _take(self, step: Step) -> bool:
        """Have the store take a step; False: somebody was faster, or has changed an endpoint."""
        taken = await self._pace.timed(self._store.dispatch(step))
        if taken:
            self.deliveries += len(step.deliveries)
            if step.deliveries:
                self._made()
            return True
        self._looked_s = float("-inf")
        if (await self._store.cursors()).get(step.channel, 0) != step.after:
            self._left_until_s = asyncio.get_running_loop().time() + LEAVE_S
        else:
            self._news.set()
        return False

    async def _look(self) -> None:
        """See whether the endpoints are others by now."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s < REGISTRY_S:
            return
        registry = await self._store.registry(self._registry)
        self._looked_s = now_s
        if registry is not self._registry:
            self._registry, self._matcher = registry, Matcher(registry)

    def _drop(self, channel: str, events: int) -> None:
        if events > 0:
            self.lag = self.lag._replace(dropped=self.lag.dropped + events)
            self._lines.error(
                "events were forgotten before webhooks were made of them",
                channel=channel,
                events=events,
            )

    async def _wait(self, seconds: float) -> None:
        """Wait for news, or so long; where another process does it, a moment at least."""
        left_s = self._left_until_s - asyncio.get_running_loop().time()
        if left_s > 0:
            await asyncio.sleep(left_s)
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()


def parts_of(step: Step, most: int) -> Iterator[Step]:
    """Yield a step in parts, where one event goes to more endpoints than a step may have.

    The last one moves the cursor. Who dies between two of them makes those again that are there,
    and of a pair of endpoint and event there is one.
    """
    left = step.deliveries
    while len(left) > most:
        yield step._replace(to=step.after, deliveries=left[:most])
        left = left[most:]
    yield step._replace(deliveries=left)


def _most_behind(behind: Mapping[str, Head], cursors: Mapping[str, int]) -> int:
    return max((head.offset - cursors.get(name, 0) for name, head in behind.items()), default=0)
