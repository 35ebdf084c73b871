"""Retention: what is forgotten, and that readers hear of it first."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from hub.model.contract import ContractUpdate
from hub.model.unit import Head, IdempotencyKey
from hub.services import retention
from hub.services.channels import NewEvent
from hub.services.definitions import HistoryLimits, NewDefinition
from hub.services.job_reports import NewJob
from hub.services.retention import ANSWERS_KEPT_US, Limits, Retention, cut
from support.use_cases import ANNA, UseCases

FOREVER_US = 2**60
UPDATE = ContractUpdate("c-1", "Mumbai", "active", "2023-01-01T12:00:00")


def ignore(_channel: str, _oldest: int) -> None:
    """Hear nothing."""


@pytest.mark.parametrize(
    ("head", "max_events", "too_old", "below"),
    [
        pytest.param(Head(10, 0, 1), 100, 0, 1, id="nothing is due"),
        pytest.param(Head(10, 0, 1), 3, 0, 8, id="too many"),
        pytest.param(Head(10, 0, 1), 100, 6, 7, id="too old"),
        pytest.param(Head(10, 0, 1), 3, 9, 10, id="both, the stricter counts"),
        pytest.param(Head(10, 0, 9), 100, 0, 9, id="never backwards"),
    ],
)
def test_the_stricter_limit_cuts(head: Head, max_events: int, too_old: int, below: int) -> None:
    """Count and age both hold; what is gone stays gone."""
    assert cut(head, Limits(max_events, FOREVER_US), too_old) == below


async def test_channels_keep_their_newest_events(hub: UseCases) -> None:
    """A round leaves as many events as the limit says, and offsets go on."""
    for _ in range(5):
        await hub.contracts.update(ANNA, UPDATE, None)

    await Retention(hub.log, hub.clock, Limits(2, FOREVER_US), ignore).round()

    head = (await hub.log.state()).heads["contracts"]
    assert (head.offset, head.oldest) == (5, 4)


async def test_what_somebody_needs_stays(hub: UseCases) -> None:
    """A reader that is behind keeps the log from forgetting what it has not read, there alone."""
    for _ in range(5):
        await hub.contracts.update(ANNA, UPDATE, None)
    await hub.channels.publish(ANNA, "orders", [NewEvent("order_placed", {})] * 5, None)

    async def needed(heads: Mapping[str, Head]) -> Mapping[str, int]:
        assert heads["contracts"].offset == 5
        return {"contracts": 3}

    await Retention(hub.log, hub.clock, Limits(1, FOREVER_US), ignore, needed).round()

    heads = (await hub.log.state()).heads
    assert (heads["contracts"].oldest, heads["orders"].oldest) == (3, 5)


async def test_old_events_go_by_the_clock(hub: UseCases) -> None:
    """Age is counted from the commit."""
    await hub.contracts.update(ANNA, UPDATE, None)
    hub.clock.advance(100)
    await hub.contracts.update(ANNA, UPDATE, None)

    await Retention(hub.log, hub.clock, Limits(99, 50_000_000), ignore).round()

    assert (await hub.log.state()).heads["contracts"].oldest == 2


async def test_a_channel_keeps_what_its_own_definition_says(hub: UseCases) -> None:
    """In place of the hub's setting, be it more or less; what it leaves out holds as set."""
    limits = {"few": HistoryLimits(max_events=1), "many": HistoryLimits(max_events=4)}
    for channel, history in limits.items():
        await hub.definitions.put(ANNA, channel, NewDefinition(history=history))
        for _ in range(3):
            await hub.channels.publish(ANNA, channel, [NewEvent("a", {})], None)
    young = HistoryLimits(max_age_h=0.01)
    await hub.definitions.put(ANNA, "young", NewDefinition(history=young))
    await hub.channels.publish(ANNA, "young", [NewEvent("a", {})], None)
    hub.clock.advance(100)

    await Retention(hub.log, hub.clock, Limits(2, FOREVER_US), ignore).round()

    heads = (await hub.log.state()).heads
    assert {name: heads[name].oldest for name in ("few", "many", "young")} == {
        "few": 3, "many": 1, "young": 2,
    }  # fmt: skip


async def test_readers_are_told_before_events_go(
    hub: UseCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step by step: first the readers, then the rows, so nobody reads what is half gone."""
    monkeypatch.setattr(retention, "STEP", 2)
    for _ in range(5):
        await hub.contracts.update(ANNA, UPDATE, None)
    told: list[tuple[str, int]] = []

    await Retention(
        hub.log, hub.clock, Limits(1, FOREVER_US), lambda *cut_: told.append(cut_)
    ).round()

    assert told == [("contracts", 3), ("contracts", 5)]


async def test_a_jobs_own_history_is_not_cut(hub: UseCases) -> None:
    """A job's entries are its rows; only the channel forgets."""
    answered = await hub.jobs.create(ANNA, NewJob(), None)
    job_id = msgspec.json.decode(answered.body)["job_id"]
    hub.clock.advance(10)

    await Retention(hub.log, hub.clock, Limits(1, 1), ignore).round()

    assert (await hub.log.state()).heads["jobs"].oldest == 2
    assert len(await hub.jobs.history(await hub.jobs.get(ANNA, job_id))) == 1


async def test_answers_are_forgotten_after_24_hours(hub: UseCases) -> None:
    """The same key is the same request for a day, and a new one afterwards."""
    key = IdempotencyKey("scope", b"hash")
    first = await hub.contracts.update(ANNA, UPDATE, key)
    rounds = Retention(hub.log, hub.clock, Limits(99, FOREVER_US), ignore)

    hub.clock.advance(ANSWERS_KEPT_US / 1_000_000)
    await rounds.round()
    kept = await hub.contracts.update(ANNA, UPDATE, key)
    hub.clock.advance(1)
    await rounds.round()
    new = await hub.contracts.update(ANNA, UPDATE, key)

    assert (kept.replayed, kept.body) == (True, first.body)
    assert new.replayed is False
    assert len(hub.told) == 2


class FailsOnce:
    """A log that cannot be read the first time."""

    def __init__(self, hub: UseCases) -> None:
        self._hub = hub
        self.rounds = 0
        self.done = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hub.log, name)

    async def state(self) -> Any:
        """Fail, then work."""
        self.rounds += 1
        if self.rounds == 1:
            raise OSError("the disk is full")
        self.done.set()
        return await self._hub.log.state()


async def test_a_failed_round_is_logged_and_the_next_one_comes(
    hub: UseCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full for a moment must not end retention for good."""
    monkeypatch.setattr(retention, "ROUND_S", 0)
    log = FailsOnce(hub)
    with capture_logs() as lines:
        work = Retention(log, hub.clock, Limits(9, FOREVER_US), ignore)
        task = asyncio.create_task(work.run())
        await log.done.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("retention failed", "error")
    ]  # fmt: skip
