"""Heads: events that no news told of are found in the log."""

import asyncio
import io
from collections.abc import Mapping

import pytest

from hub.errors import LogUnavailable
from hub.model.unit import Head
from hub.services.heads import Heads
from hub.stores.base import LogState
from support.log_lines import logging_to, written


class Heights:
    """A log of which only the heads are asked."""

    def __init__(self) -> None:
        self.offset = 0
        self.failure: Exception | None = None

    async def state(self) -> LogState:
        """Return the heads, or fail."""
        if self.failure is not None:
            raise self.failure
        return LogState("log", "epoch", {"jobs": Head(self.offset)})


class Reached:
    """What the node was told to reach."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self._changed = asyncio.Event()

    def catch_up(self, heads: Mapping[str, Head]) -> None:
        """Note it."""
        self.offsets.append(heads["jobs"].offset if heads else 0)
        self._changed.set()

    async def next(self) -> int:
        """Wait for one more, and return it."""
        self._changed.clear()
        async with asyncio.timeout(10):
            await self._changed.wait()
        return self.offsets[-1]


@pytest.fixture
def log() -> Heights:
    """A log."""
    return Heights()


async def test_definitions_are_learnt_at_the_next_look(log: Heights) -> None:
    """Not a look later, as events are: nobody else would bring them."""
    reached, learnt = Reached(), Reached()
    heads = Heads(
        log,  # type: ignore[arg-type]
        reached.catch_up,
        reached=dict,
        learn=learnt.catch_up,
        every_s=1,
    )
    log.offset = 5

    await heads.look(at_once=False)

    assert (learnt.offsets, reached.offsets) == ([5], [0])


async def test_a_node_reaches_what_the_log_held_a_look_ago(log: Heights) -> None:
    """What it commits itself is on its way, and not read a second time."""
    reached = Reached()
    heads = Heads(log, reached.catch_up, reached=dict, every_s=1)  # type: ignore[arg-type]

    for log.offset in (3, 7, 7):
        await heads.look(at_once=False)

    assert reached.offsets == [0, 3, 7]


async def test_a_log_that_went_back_is_told_of_once(log: Heights) -> None:
    """A standby took over that lacks the last commits: no client may be left to find that out."""
    known = {"jobs": 7}
    heads = Heads(log, Reached().catch_up, reached=lambda: known, every_s=1)  # type: ignore[arg-type]
    stream = io.StringIO()

    with logging_to(stream):
        for log.offset in (7, 5, 5, 7, 8):
            await heads.look(at_once=False)
        (line,) = await written(stream)

    assert line["event"].startswith("the log went back")
    assert (line["level"], line["had"], line["has"]) == ("error", {"jobs": 7}, {"jobs": 5})


async def test_after_a_silence_a_node_reaches_all_at_once(log: Heights) -> None:
    """When the broker is back, it does not wait for the next look."""
    reached = Reached()
    heads = Heads(log, reached.catch_up, reached=dict, every_s=3600)  # type: ignore[arg-type]
    task = asyncio.create_task(heads.run())
    log.offset = 5

    heads.look_now()

    assert await reached.next() == 5
    task.cancel()


async def test_a_log_that_cannot_be_read_is_looked_at_again(log: Heights) -> None:
    """And the failure is in the hub's log."""
    stream = io.StringIO()
    reached = Reached()
    log.failure = LogUnavailable("the disk is away")
    with logging_to(stream):
        heads = Heads(log, reached.catch_up, reached=dict, every_s=0.001)  # type: ignore[arg-type]
        task = asyncio.create_task(heads.run())
        async with asyncio.timeout(10):
            while not stream.getvalue():  # noqa: ASYNC110 a line has no event
                await asyncio.sleep(0)
        log.failure, log.offset = None, 9
        while await reached.next() != 9:
            pass
        task.cancel()

    line, *_ = await written(stream)
    assert (line["part"], line["event"]) == ("heads", "the heads cannot be read")
