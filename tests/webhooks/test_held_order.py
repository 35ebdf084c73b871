"""Whatever is held, sent, paused and resumed: an ordered endpoint gets all of it, in order."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from hub.stores.webhooks import Webhooks
from support.clocks import FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.webhook_lane import OrderedLane

Opened = contextlib.AbstractAsyncContextManager[Webhooks]
FEW = st.integers(1, 3)
MOVES = st.one_of(
    st.tuples(st.just("tell"), st.sampled_from("ab")),
    st.tuples(st.just("tell"), st.sampled_from("a")),
    st.tuples(st.just("choose"), FEW),
    st.tuples(st.just("lease"), FEW),
    st.tuples(st.just("clear"), FEW),
    st.tuples(st.just("answer"), FEW, st.booleans()),
    st.tuples(st.sampled_from(["look", "take", "lose", "wait", "pause", "resume", "change"])),
    st.tuples(st.sampled_from(["dispatch", "deliver"]), FEW),
    st.tuples(st.sampled_from(["pause", "resume"])),
)


@contextlib.asynccontextmanager
async def in_memory(clock: FakeClock) -> AsyncIterator[Webhooks]:
    """Open the fake."""
    yield MemoryWebhooks(clock)


@contextlib.asynccontextmanager
async def in_a_file(clock: FakeClock) -> AsyncIterator[Webhooks]:
    """Open a data file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        log = SqliteLog(DataFile(Path(folder) / "hub.db"), clock)
        log.migrate()
        yield log.webhooks
        await log.close()


async def walk(moves: list[tuple[object, ...]], opened: Callable[[FakeClock], Opened]) -> None:
    """Make the moves, then let all go well, and look at what the receiver has."""
    clock = FakeClock()
    async with opened(clock) as store:
        lane = OrderedLane(store, clock, disable_us=20_000_000)
        await lane.open()
        for name, *args in moves:
            if name == "answer":
                await lane.answer(int(str(args[0])), takes=bool(args[1]))
            else:
                await getattr(lane, str(name))(*args)
        await lane.finish()

    # The first time that each came: what comes twice is told by its `webhook-id`.
    assert {key: list(dict.fromkeys(came)) for key, came in lane.taken.items()} == lane.told


@settings(max_examples=120, deadline=None)
@given(st.lists(MOVES, max_size=60))
def test_what_is_held_is_lost_by_nothing_and_overtaken_by_nothing(
    moves: list[tuple[object, ...]],
) -> None:
    """Pauses, failures, dead workers and stale dispatchers, in any order."""
    asyncio.run(walk(moves, in_memory))


@settings(max_examples=10, deadline=None)
@given(st.lists(MOVES, min_size=20, max_size=60))
def test_so_it_is_in_a_data_file(moves: list[tuple[object, ...]]) -> None:
    """The same, on what is stored."""
    asyncio.run(walk(moves, in_a_file))


@pytest.mark.parametrize("opened", [in_memory, in_a_file], ids=["in memory", "in a data file"])
async def test_what_comes_while_it_goes_on_does_not_overtake(
    opened: Callable[[FakeClock], Opened],
) -> None:
    """The oldest is held yet when the newest is told of."""
    moves: list[tuple[object, ...]] = [
        ("pause",), ("look",), *[("tell", "a")] * 4, ("choose", 3), ("take",), ("resume",),
        ("look",), ("clear", 1), ("choose", 3), ("take",), ("lease", 3), ("answer", 0, True),
        ("lease", 3), ("answer", 0, True), ("clear", 1), ("pause",), ("resume",), ("clear", 1),
    ]  # fmt: skip
    await walk(moves, opened)
