"""Pages of one entity or one tag, far apart in a long channel; run on each adapter."""

from collections.abc import Sequence

import pytest

from hub.model.event import Draft
from hub.model.unit import Decision, Rows, Unit
from hub.stores.base import EventQuery, Log
from support.units import offsets

LENGTH = 4_500
RARE = (3, 1_023, 1_024, 2_500, 4_400)


def keyed(number: int) -> Unit:
    """Return a unit whose event speaks of `rare` at a few offsets, else of one of many."""
    key = "rare" if number in RARE else f"k-{number % 50}"
    draft = Draft("orders", "order_update", b'{"n":%d}' % number, key, f"t-{number % 2}")

    def decide(_rows: Rows) -> Decision:
        return Decision([], [draft], offsets)

    return Unit("me", [], ["orders"], decide)


async def filled(log: Log) -> None:
    """Write the channel, in groups that end in the middle of blocks."""
    for start in range(1, LENGTH + 1, 700):
        await log.commit([keyed(n) for n in range(start, min(start + 700, LENGTH + 1))])


async def page(log: Log, query: EventQuery) -> Sequence[int]:
    """Return the offsets of a page; each event is the one that was written there."""
    events = await log.events(query)
    assert all(event.data == b'{"n":%d}' % event.offset for event in events)
    return [event.offset for event in events]


async def test_pages_of_an_entity_are_those_of_a_filter_by_hand(log: Log) -> None:
    """Whatever the direction, the bounds and the length, no event is missed, doubled or foreign."""
    await filled(log)
    rare, k7 = list(RARE), [n for n in range(7, LENGTH + 1, 50) if n not in RARE]

    assert await page(log, EventQuery("orders", 9, key="rare")) == rare
    assert await page(log, EventQuery("orders", 2, key="rare")) == rare[-2:]
    assert await page(log, EventQuery("orders", 2, key="rare", after=0)) == rare[:2]
    assert await page(log, EventQuery("orders", 9, key="rare", after=1_023)) == rare[2:]
    assert await page(log, EventQuery("orders", 9, key="rare", before=1_024)) == rare[:2]
    assert await page(log, EventQuery("orders", 9, key="rare", after=3, before=2_500)) == rare[1:3]
    assert await page(log, EventQuery("orders", 9, key="rare", tag="t-1")) == [3, 1_023]
    assert await page(log, EventQuery("orders", 9, key="rare", after=LENGTH)) == []
    assert await page(log, EventQuery("orders", 9, key="nobody")) == []
    assert await page(log, EventQuery("nothing", 9, key="rare")) == []
    assert await page(log, EventQuery("orders", 1_000, key="k-7", after=0)) == k7
    assert await page(log, EventQuery("orders", 60, key="k-7")) == k7[-60:]


async def test_what_retention_took_is_not_found_by_entity(log: Log) -> None:
    """The search ends where the channel now begins."""
    await filled(log)

    await log.prune("orders", below=1_024, limit=2_000)

    assert await page(log, EventQuery("orders", 9, key="rare")) == [1_024, 2_500, 4_400]


@pytest.mark.parametrize("after", [0, None], ids=["upwards", "downwards"])
async def test_a_page_of_an_entity_is_bounded_in_bytes(log: Log, after: int | None) -> None:
    """It ends after the event that fills it."""
    await filled(log)

    events = await log.events(EventQuery("orders", 9, after=after, key="rare", max_bytes=14))

    assert len(events) == 2
