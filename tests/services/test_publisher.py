"""The publisher: group commit, in order, one bad unit fails alone, bounded."""

import asyncio
from collections.abc import Sequence

import pytest

from hub.errors import Conflict, Draining, LogUnavailable, Overloaded
from hub.model.event import Event
from hub.model.unit import Answered, Head, Loaded, Outcome, Unit, settle
from hub.services.publisher import Publisher
from support.units import faulty, refused, unit


class GatedLog:
    """A log in memory whose commits wait until the test lets them through."""

    def __init__(self) -> None:
        self.groups: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: Exception | None = None
        self._heads: dict[str, Head] = {}

    async def commit(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """Decide the group as a store does."""
        await self.gate.wait()
        self.groups.append(len(units))
        if self.failure is not None:
            raise self.failure
        settled = settle(units, Loaded({}, self._heads, {}), 1)
        if any(getattr(row, "sent_at_us", 0) > 2**63 for row in settled.rows.values()):
            raise OverflowError("no database takes this")
        self._heads |= settled.heads
        return settled.outcomes


class Told:
    """Notes of which events the publisher told, a list a group."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []

    def __call__(self, events: Sequence[Event]) -> None:
        """Note them."""
        self.groups.append([event.offset for event in events])


def make(log: GatedLog, told: Told, *, max_waiting: int = 100) -> Publisher:
    """Return a publisher on the log."""
    return Publisher(log, told, max_waiting=max_waiting)  # type: ignore[arg-type]


async def test_units_of_one_tick_form_one_group() -> None:
    """One sync serves all of them, and answers come in order."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)

    answered = await asyncio.gather(*(publisher.submit(unit()) for _ in range(5)))

    assert log.groups == [5]
    assert [a.body for a in answered] == [b"contracts:%d" % n for n in range(1, 6)]
    assert told.groups == [[1, 2, 3, 4, 5]]


async def test_units_that_come_during_a_commit_form_the_next_group() -> None:
    """Nobody waits for more than the group before."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)
    log.gate.clear()
    first = publisher.submit(unit())
    await asyncio.sleep(0)
    later = [publisher.submit(unit()) for _ in range(3)]

    log.gate.set()
    await asyncio.gather(first, *later)

    assert log.groups == [1, 3]


async def test_clients_hear_of_an_event_before_its_sender_is_answered() -> None:
    """Who posts and then reads its screen sees its own update."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)

    answered = await publisher.submit(unit())

    assert told.groups == [[answered.events[0].offset]]


async def test_a_refused_unit_fails_alone() -> None:
    """Its neighbours are committed in the same group."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)

    results = await asyncio.gather(
        publisher.submit(unit()),
        publisher.submit(refused()),
        publisher.submit(unit()),
        return_exceptions=True,
    )

    assert isinstance(results[1], Conflict)
    assert log.groups == [3]
    assert told.groups == [[1, 2]]


async def test_a_faulty_unit_fails_alone() -> None:
    """The group is run again one by one; the fault is told to its own caller only."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)

    results = await asyncio.gather(
        publisher.submit(unit()),
        publisher.submit(faulty()),
        publisher.submit(unit()),
        return_exceptions=True,
    )

    assert [type(result) for result in results] == [Answered, OverflowError, Answered]
    assert log.groups == [3, 1, 1, 1]
    assert told.groups == [[1], [2]]


async def test_a_log_that_cannot_be_written_fails_the_group_and_the_next_goes_on() -> None:
    """All are told to try again; nothing is told to clients."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)
    log.failure = LogUnavailable("full")

    results = await asyncio.gather(
        publisher.submit(unit()), publisher.submit(unit()), return_exceptions=True
    )
    log.failure = None
    answered = await publisher.submit(unit())

    assert [type(result) for result in results] == [LogUnavailable, LogUnavailable]
    assert answered.body == b"contracts:1"
    assert told.groups == [[1]]


async def test_more_than_may_wait_is_refused_at_once() -> None:
    """Memory is bounded; what was taken before is still committed."""
    log, told = GatedLog(), Told()
    publisher = make(log, told, max_waiting=2)
    log.gate.clear()
    taken = [publisher.submit(unit()), publisher.submit(unit())]

    with pytest.raises(Overloaded):
        publisher.submit(unit())

    log.gate.set()
    assert len(await asyncio.gather(*taken)) == 2


async def test_a_caller_that_went_away_changes_nothing() -> None:
    """Its unit stands, and the others are answered."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)
    gone, stays = publisher.submit(unit()), publisher.submit(unit())

    gone.cancel()

    assert (await stays).body == b"contracts:2"
    assert told.groups == [[1, 2]]


async def test_a_closing_publisher_finishes_what_it_took() -> None:
    """And takes no more."""
    log, told = GatedLog(), Told()
    publisher = make(log, told)
    taken = publisher.submit(unit())

    await publisher.close()

    assert taken.done()
    with pytest.raises(Draining):
        publisher.submit(unit())
