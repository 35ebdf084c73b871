"""The store: one log in memory for all nodes, and the truth that clients are judged by.

What it decides it decides with the hub's own `settle`. Every call takes two turns, one before it
looks and one before its caller has the answer, so that anything may happen in between.
"""

from collections.abc import Sequence

import msgspec

from hub.errors import LogUnavailable, OutcomeUnknown
from hub.model.event import Event
from hub.model.unit import Answered, Head, Loaded, Outcome, Unit, settle
from hub.stores.base import EventQuery, LogState
from simulator.tasks import Turn
from support.clocks import FakeClock

LOG_ID = "log"
CHANNELS = ("contracts", "jobs")
# This one begins with its first event.
LATER = "orders"


class Past(msgspec.Struct):
    """One epoch of one channel: all that was ever committed, and what of it may be gone.

    Attributes:
        numbers: Of the event at offset 1, 2, …: the number in its data.
        oldest: Everything below has been pruned.
        told: Everything below may be pruned: readers were told so.
    """

    numbers: list[int]
    oldest: int = 1
    told: int = 1


class Store:
    """The log; see `stores.base.Log`, of which it keeps what readers and the publisher use.

    Attributes:
        epoch: Its word now.
        broken: Nothing can be read or written.
        doubtful: The next commit is made, and nobody learns of it.
        past: By epoch and channel.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.epoch = "e1"
        self.broken = False
        self.doubtful = False
        self.past: dict[tuple[str, str], Past] = {}
        self._clock = clock
        self._events: dict[str, dict[int, Event]] = {name: {} for name in CHANNELS}
        self._heads = {name: Head() for name in CHANNELS}

    def head(self, channel: str) -> int:
        """Return the newest offset, without waiting."""
        return (self._heads.get(channel) or Head()).offset

    @property
    def channels(self) -> Sequence[str]:
        """Return what exists."""
        return tuple(self._heads)

    def history(self, epoch: str, channel: str) -> Past:
        """Return what is true of a channel."""
        return self.past.setdefault((epoch, channel), Past([]))

    async def commit(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """Settle a group and keep it, all or nothing."""
        await self._turn()
        loaded = Loaded({}, {name: self._copy(name) for name in self._heads}, {})
        settled = settle(units, loaded, self._clock.now_us())
        for channel in settled.heads:
            self._events.setdefault(channel, {})
        for event in settled.events:
            self._events[event.channel][event.offset] = event
            number = msgspec.json.decode(event.data)["n"]
            self.history(self.epoch, event.channel).numbers.append(number)
        self._heads.update(settled.heads)
        await Turn()
        if self.doubtful:
            self.doubtful = False
            raise OutcomeUnknown("the disk did not say whether it has it")
        assert all(isinstance(outcome, Answered) for outcome in settled.outcomes)
        return settled.outcomes

    async def state(self) -> LogState:
        """Return epoch and heads."""
        await self._turn()
        state = LogState(LOG_ID, self.epoch, {name: self._copy(name) for name in self._heads})
        await Turn()
        return state

    async def events(self, query: EventQuery) -> Sequence[Event]:
        """Return a page, oldest first."""
        await self._turn()
        page = self._page(query)
        await Turn()
        return page

    async def prune(self, channel: str, below: int) -> None:
        """Forget what is older than `below`."""
        await self._turn()
        head = self._heads[channel]
        while head.oldest < min(below, head.offset + 1):
            del self._events[channel][head.oldest]
            head.oldest += 1
        self.history(self.epoch, channel).oldest = head.oldest

    def restore(self, epoch: str, keep: float) -> None:
        """Become an older copy of itself, under a new epoch."""
        for channel, head in self._heads.items():
            past = self.history(self.epoch, channel)
            # A backup is a whole log: what it lacks is its end.
            head.offset = max(head.oldest - 1, int(head.offset * keep))
            for offset in [at for at in self._events[channel] if at > head.offset]:
                del self._events[channel][offset]
            self.past[epoch, channel] = Past(past.numbers[: head.offset], head.oldest, head.oldest)
        self.epoch = epoch

    async def _turn(self) -> None:
        await Turn()
        if self.broken:
            raise LogUnavailable("broken by the simulator")

    def _copy(self, channel: str) -> Head:
        head = self._heads[channel]
        return Head(head.offset, head.at_us, head.oldest)

    def _page(self, query: EventQuery) -> list[Event]:
        head = self._heads.get(query.channel) or Head()
        end = head.offset + 1 if query.before is None else min(query.before, head.offset + 1)
        if query.after is None:
            start = max(head.oldest, end - query.limit)
        else:
            start = max(head.oldest, query.after + 1)
        page: list[Event] = []
        size = 0
        for offset in range(start, end)[: query.limit]:
            page.append(self._events[query.channel][offset])
            size += len(page[-1].data)
            if size >= query.max_bytes:
                break
        return page
