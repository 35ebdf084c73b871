"""Pages of history: complete or said not to be, up and down, whatever retention does."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from hub.clock import SECOND_US
from hub.model.contract import ContractUpdate
from hub.model.event import Event
from hub.services.history import History, HistoryPage, HistoryQuery
from hub.stores.base import EventQuery
from support.use_cases import ANNA, UseCases


async def fill(hub: UseCases, count: int) -> None:
    """Commit updates of two contracts in turn, a second apart."""
    for n in range(count):
        city = ("Chennai", "Mumbai")[n % 2]
        update = ContractUpdate(f"c-{n % 2}", city, "active", "2023-01-01T12:00:00")
        await hub.contracts.update(ANNA, update, None)
        hub.clock.advance(1)


def offsets(page: HistoryPage) -> list[int]:
    """Return where its events stand."""
    return [msgspec.json.decode(event)["offset"] for event in page.events]


async def page(hub: UseCases, limit: int = 3, **query: Any) -> HistoryPage:
    """Ask for a page of contracts."""
    return await hub.history.page(HistoryQuery("contracts", limit, **query))


@pytest.mark.parametrize(
    ("query", "expected", "next_"),
    [
        pytest.param({}, [8, 9, 10], 8, id="the last ones"),
        pytest.param({"before": 8}, [5, 6, 7], 5, id="what precedes"),
        pytest.param({"before": 3}, [1, 2], None, id="down to the beginning"),
        pytest.param({"before": 4}, [1, 2, 3], None, id="a full page at the beginning"),
        pytest.param({"before": 0}, [], None, id="before everything"),
        pytest.param({"before": 99}, [8, 9, 10], 8, id="before what is not there yet"),
        pytest.param({"since": 0}, [1, 2, 3], 3, id="from the beginning"),
        pytest.param({"since": 7}, [8, 9, 10], None, id="up to the head"),
        pytest.param({"since": 10}, [], None, id="nothing new"),
        pytest.param({"since": 2, "before": 5}, [3, 4], None, id="between two"),
        pytest.param({"key": "c-1"}, [6, 8, 10], 6, id="of one contract"),
        pytest.param({"tag": "Chennai", "since": 5}, [7, 9], None, id="of one city, going up"),
        pytest.param({"key": "c-1", "tag": "Chennai"}, [], None, id="of a contract elsewhere"),
    ],
)
async def test_a_page_is_what_was_asked_for(
    hub: UseCases, query: dict[str, Any], expected: list[int], next_: int | None
) -> None:
    """Oldest first, at most `limit`, with the value that asks for the next page."""
    await fill(hub, 10)

    found = await page(hub, **query)

    assert (offsets(found), found.next) == (expected, next_)
    assert (found.complete, found.reason, found.head, found.oldest) == (True, None, 10, 1)


@pytest.mark.parametrize("going", ["up", "down"])
async def test_following_next_reads_everything_once(hub: UseCases, going: str) -> None:
    """A reader that follows `next` until it is null has seen each event once."""
    await fill(hub, 10)
    seen: list[list[int]] = []
    query: dict[str, Any] = {"since": 0} if going == "up" else {}
    while True:
        found = await page(hub, 4, **query)
        seen.append(offsets(found))
        if found.next is None:
            break
        query = {"since" if going == "up" else "before": found.next}

    pages = seen if going == "up" else seen[::-1]
    assert [offset for offsets_ in pages for offset in offsets_] == list(range(1, 11))


@pytest.mark.parametrize(
    ("query", "expected", "complete"),
    [
        pytest.param({"since": 0}, [5, 6, 7], False, id="from the beginning, which is gone"),
        pytest.param({"since": 3}, [5, 6, 7], False, id="one is missing"),
        pytest.param({"since": 4}, [5, 6, 7], True, id="from just before the cut"),
        pytest.param({}, [8, 9, 10], True, id="the last ones are all there"),
        pytest.param({"before": 7}, [5, 6], False, id="down into the cut"),
        pytest.param({"before": 8}, [5, 6, 7], True, id="down to the cut"),
        pytest.param({"before": 5}, [], False, id="below the cut"),
    ],
)
async def test_what_retention_took_is_said(
    hub: UseCases, query: dict[str, Any], expected: list[int], complete: bool  # noqa: FBT001 the expected value
) -> None:  # fmt: skip
    """A page that lacks something is never passed off as complete."""
    await fill(hub, 10)
    await hub.log.prune("contracts", below=5, limit=100)

    found = await page(hub, **query)

    assert (offsets(found), found.complete) == (expected, complete)
    assert found.reason == (None if complete else "expired")
    assert (found.oldest, found.head) == (5, 10)


async def test_the_way_down_ends_with_what_is_missing(hub: UseCases) -> None:
    """A full page that ends exactly at the cut has a next one, which says that more was there."""
    await fill(hub, 10)
    await hub.log.prune("contracts", below=5, limit=100)

    first = await page(hub, 6)
    last = await page(hub, 6, before=first.next)

    assert (offsets(first), first.complete) == ([5, 6, 7, 8, 9, 10], True)
    assert (offsets(last), last.complete, last.next) == ([], False, None)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"epoch": "another", "since": 3}, id="a position of another log"),
        pytest.param({"since": 11}, id="an offset that does not exist yet"),
    ],
)
async def test_a_position_of_another_log_is_not_trusted(
    hub: UseCases, query: dict[str, Any]
) -> None:
    """After a restore the same offsets may be other events: nothing is shown, and why."""
    await fill(hub, 10)

    found = await page(hub, **query)

    assert (found.events, found.complete, found.reason) == ([], False, "epoch_changed")
    assert found.next is None


async def test_the_current_epoch_may_be_named(hub: UseCases) -> None:
    """A position with its epoch means the same as without."""
    await fill(hub, 5)

    assert offsets(await page(hub, since=3, epoch=hub.epoch)) == [4, 5]


async def test_a_time_begins_at_the_first_event_that_is_not_older(hub: UseCases) -> None:
    """`since_time` is a time of the hub's own clock, and includes it."""
    start_us = hub.clock.now_us()
    await fill(hub, 10)

    found = await page(hub, since_us=start_us + 6 * SECOND_US)

    assert (offsets(found), found.complete) == ([7, 8, 9], True)
    assert found.next == 9


async def test_a_time_before_the_cut_is_not_complete(hub: UseCases) -> None:
    """Who asks from a time that retention has cut off is told so."""
    start_us = hub.clock.now_us()
    await fill(hub, 10)
    await hub.log.prune("contracts", below=5, limit=100)

    before_cut = await page(hub, since_us=start_us)
    behind_cut = await page(hub, since_us=start_us + 5 * SECOND_US)

    assert (offsets(before_cut), before_cut.complete) == ([5, 6, 7], False)
    assert (offsets(behind_cut), behind_cut.complete) == ([6, 7, 8], True)


async def test_a_channel_without_events_has_an_empty_complete_history(hub: UseCases) -> None:
    """Nothing was ever there, so nothing is missing."""
    found = await hub.history.page(HistoryQuery("nobody-posts-here", 10))

    assert (found.events, found.head, found.oldest, found.complete) == ([], 0, 1, True)


class CutMeanwhile:
    """A log whose front is cut, and which grows, in the middle of a page's reads."""

    def __init__(self, hub: UseCases) -> None:
        self._hub = hub

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hub.log, name)

    async def events(self, query: EventQuery) -> Sequence[Event]:
        """Cut and grow, then read."""
        await self._hub.log.prune("contracts", below=5, limit=100)
        await fill(self._hub, 3)
        return await self._hub.log.events(query)


async def test_a_page_does_not_lie_about_what_happens_meanwhile(hub: UseCases) -> None:
    """What was cut during the reads is said; what came stays above the head that is told."""
    await fill(hub, 10)
    history = History(CutMeanwhile(hub), hub.epoch)

    up = await history.page(HistoryQuery("contracts", 20, since=0))
    down = await history.page(HistoryQuery("contracts", 3))

    assert (offsets(up), up.complete, up.head, up.oldest) == (list(range(5, 11)), False, 10, 5)
    assert (offsets(down), down.head) == ([11, 12, 13], 13)
