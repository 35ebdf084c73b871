"""Alerts: judged by each node, told as events, once for the whole hub."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from hub.errors import LogUnavailable
from hub.model.alert import ALERTS, read_alert
from hub.model.alert_rule import Level, Reading
from hub.model.event import Event
from hub.services.alert_board import Board
from hub.services.alert_outbox import AlertOutbox
from hub.services.alert_rounds import GONE_S, Rounds
from hub.services.alert_rules import (
    BROKER_DEGRADED,
    JOB_STUCK,
    LOG_FAILING,
    NAMES,
    OF_NO_NODE,
    Thresholds,
    job_rule,
    rules,
)
from hub.services.alerts import Alerts, Around
from hub.services.job_reports import Completion, NewJob, StatusReport
from hub.services.outage import Outage
from hub.stores.base import EventQuery
from support.use_cases import ANNA, UseCases

LIMITS = Thresholds(0.05, 10.0, 3600.0, 50.0, 10.0, 5.0)
HOUR_S = 3600.0


class Watching:
    """The alerts of one node, whose measurements are what the test says."""

    def __init__(self, hub: UseCases, node: str = "n1", limits: Thresholds = LIMITS) -> None:
        self.now_s = 0.0
        self.measured: dict[str, Reading] = {BROKER_DEGRADED: Level(0), LOG_FAILING: Level(0)}
        self.pushed: list[Event] = []
        self.present: list[str] | None = ["n1", "n2"]
        self.failing_s = 0.0
        self.hub = hub
        around = Around(node, hub.clock, self.pushed.append, self.probe, lambda _: self.failing_s)
        self.outbox = AlertOutbox(hub.publisher)
        sources = {name: self.source(name) for name in self.measured}
        self.alerts = Alerts(
            around,
            rules(limits),
            sources,
            Board(hub.log),
            self.outbox,
            now_s=lambda: self.now_s,
        )
        self.rounds = Rounds(
            around,
            self.alerts,
            self.outbox,
            hub.log,
            rule=job_rule(limits),
            present=lambda: self.present,
        )

    async def probe(self) -> None:
        """Find that the log is back."""
        self.failing_s = 0.0

    def source(self, name: str) -> Any:
        """Return what a rule looks at."""
        return lambda _now_s: self.measured[name]

    async def look(self, seconds: float = 5.0) -> None:
        """Let time pass, judge, write what can be written, and read it."""
        self.now_s += seconds
        self.hub.clock.advance(seconds)
        self.alerts.judge()
        await self.settle()

    async def settle(self) -> None:
        """Write and read."""
        await self.outbox.flush()
        await self.alerts.refresh()

    async def go_round(self) -> None:
        """Look after the jobs, once."""
        await self.alerts.refresh()
        await self.rounds.look_for_jobs()
        await self.settle()


@pytest.fixture
def watching(hub: UseCases) -> Watching:
    """One node."""
    return Watching(hub)


async def told(hub: UseCases) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return the events of the channel: their types and data."""
    events = await hub.log.events(EventQuery(ALERTS, 1_000))
    return [(event.type, msgspec.json.decode(event.data)) for event in events]


async def running_job(hub: UseCases) -> str:
    """Create a job and let it run."""
    answered = await hub.jobs.create(ANNA, NewJob(), None)
    job_id: str = msgspec.json.decode(answered.body)["job_id"]
    await hub.jobs.report(ANNA, job_id, StatusReport("RUNNING"), None)
    return job_id


async def test_an_alert_is_an_event_when_it_is_raised_and_when_it_is_over(
    watching: Watching,
) -> None:
    """In the log like any other: with an offset, for history, sockets and webhooks."""
    watching.measured[BROKER_DEGRADED] = Level(12.0)
    await watching.look()
    raised = list(watching.alerts.raised())
    watching.measured[BROKER_DEGRADED] = Level(0.0)
    for _ in range(20):
        await watching.look()

    (up, at_first), (down, at_last) = await told(watching.hub)
    assert (up, down) == ("alert_raised", "alert_cleared")
    assert (at_first["alert"], at_first["subject"], at_first["value"]) == (
        BROKER_DEGRADED, "n1", 12.0
    )  # fmt: skip
    assert "for 12 s" in at_first["message"]
    assert (at_first["until"], at_last["since"]) == (None, at_first["since"])
    assert at_last["until"] > at_last["since"]
    assert raised == [f"{BROKER_DEGRADED}:n1"]
    assert not watching.alerts.raised()
    assert [one.type for one in watching.alerts.recent()] == ["alert_cleared", "alert_raised"]


async def test_a_number_that_swings_raises_once(watching: Watching) -> None:
    """Nobody is woken twice for one thing."""
    for at in range(40):
        watching.measured[BROKER_DEGRADED] = Level(20.0 if at % 2 else 0.0)
        await watching.look()

    assert [kind for kind, _ in await told(watching.hub)] == ["alert_raised"]
    assert watching.alerts.raised_here == {BROKER_DEGRADED: 1}


async def test_a_log_that_takes_nothing_is_told_to_who_is_there_and_written_later(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a push without an offset; when the log is back, what happened stands in it."""

    async def broken(_units: object) -> Any:
        raise LogUnavailable("broken by the test")

    with monkeypatch.context() as patch:
        patch.setattr(watching.hub.log, "commit", broken)
        watching.measured[LOG_FAILING] = Level(6.0)
        watching.measured[BROKER_DEGRADED] = Level(60.0)
        await watching.look()
        unwritten = await told(watching.hub)
        known, mine = set(watching.alerts.raised()), watching.alerts.mine
    watching.measured[LOG_FAILING] = Level(0.0)
    await watching.look()

    assert unwritten == []
    assert known == {f"{LOG_FAILING}:n1", f"{BROKER_DEGRADED}:n1"}
    assert mine == [BROKER_DEGRADED, LOG_FAILING]
    (push,) = [one for one in watching.pushed if one.key == f"{LOG_FAILING}:n1"]
    assert (push.channel, push.type, push.offset, push.volatile) == (
        ALERTS, "alert_raised", 0, True
    )  # fmt: skip
    written = {data["alert"]: data for _, data in await told(watching.hub)}
    assert written[LOG_FAILING] == msgspec.json.decode(push.data)
    assert set(written) == {LOG_FAILING, BROKER_DEGRADED}


async def test_what_can_be_written_is_not_pushed_besides(watching: Watching) -> None:
    """It would come twice."""
    watching.measured[BROKER_DEGRADED] = Level(60.0)

    await watching.look()

    assert watching.pushed == []


async def test_a_threshold_of_nothing_turns_a_rule_off(hub: UseCases) -> None:
    """Whatever is measured."""
    watching = Watching(hub, limits=LIMITS._replace(broker_s=0.0))
    watching.measured[BROKER_DEGRADED] = Level(1e6)

    await watching.look()

    assert await told(hub) == []


async def test_a_rule_that_fails_does_not_stop_the_others(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in one measurement is logged."""

    def broken(_now_s: float) -> Reading:
        raise ValueError("broken by the test")

    monkeypatch.setitem(watching.alerts._sources, BROKER_DEGRADED, broken)
    watching.measured[LOG_FAILING] = Level(60.0)

    await watching.look()

    assert [data["alert"] for _, data in await told(watching.hub)] == [LOG_FAILING]


async def test_a_node_that_stops_clears_what_it_has_seen(watching: Watching) -> None:
    """Nobody else can: the others do not see what it saw."""
    watching.measured[BROKER_DEGRADED] = Level(60.0)
    await watching.look()

    await watching.alerts.leave(1.0)

    assert [kind for kind, _ in await told(watching.hub)] == ["alert_raised", "alert_cleared"]


async def test_a_node_that_is_gone_is_cleared_by_one_that_is_there(hub: UseCases) -> None:
    """After a while, once, and not while nobody can be heard."""
    dead, one, two = Watching(hub, "n3"), Watching(hub, "n1"), Watching(hub, "n2")
    dead.measured[BROKER_DEGRADED] = Level(60.0)
    await dead.look()
    one.present = None
    for living in (one, two):
        await living.alerts.refresh()
        for now_s in (0.0, GONE_S - 1):
            living.rounds.look_for_nodes(now_s)
        await living.outbox.flush()
    before = await told(hub)

    for living in (one, two):
        living.rounds.look_for_nodes(GONE_S)
        await living.outbox.flush()

    assert len(before) == 1
    (_, (kind, data)) = await told(hub)
    assert (kind, data["node"], data["subject"]) == ("alert_cleared", "n2", "n3")


async def test_whoever_was_taken_for_dead_raises_anew(hub: UseCases) -> None:
    """What another one has cleared and still is so, is told once more; what is over is not."""
    unheard, other = Watching(hub, "n3"), Watching(hub, "n1")
    unheard.measured[BROKER_DEGRADED] = Level(60.0)
    await unheard.look()
    await other.alerts.refresh()
    for now_s in (0.0, GONE_S):
        other.rounds.look_for_nodes(now_s)
    await other.outbox.flush()
    hub.clock.advance(1)

    await unheard.alerts.refresh()
    for _ in range(2):
        await unheard.look()

    kinds = [kind for kind, _ in await told(hub)]
    assert kinds == ["alert_raised", "alert_cleared", "alert_raised"]


async def test_a_job_that_tells_nothing_for_an_hour_is_stuck(
    hub: UseCases, watching: Watching
) -> None:
    """One that tells its progress is not, nor one that waits for an answer or has ended."""
    stuck, busy, asking, done = [await running_job(hub) for _ in range(4)]
    await hub.jobs.report(ANNA, asking, StatusReport("NEEDS_INPUT"), None)
    await hub.jobs.complete(ANNA, done, Completion("DONE"), None)
    hub.clock.advance(HOUR_S)
    await watching.go_round()
    early = await told(hub)
    hub.clock.advance(1)
    await hub.jobs.report(ANNA, busy, StatusReport("RUNNING"), None)

    await watching.go_round()
    await watching.go_round()

    ((kind, data),) = await told(hub)
    assert early == []
    assert (kind, data["alert"], data["subject"]) == ("alert_raised", JOB_STUCK, stuck)
    assert watching.alerts.raised_here == {JOB_STUCK: 1}


async def test_several_nodes_raise_a_job_once(hub: UseCases) -> None:
    """Each looks by itself, and none knows of the others when it writes."""
    await running_job(hub)
    hub.clock.advance(HOUR_S + 1)
    nodes = [Watching(hub, f"n{at}") for at in range(3)]
    for node in nodes:
        await node.rounds.look_for_jobs()
        hub.clock.advance(7)

    for node in nodes:
        await node.outbox.flush()

    assert [kind for kind, _ in await told(hub)] == ["alert_raised"]


async def test_a_job_that_is_heard_of_again_is_cleared_once(hub: UseCases) -> None:
    """By whoever sees it first; and when it is silent again, that is another alert."""
    job_id = await running_job(hub)
    nodes = [Watching(hub, f"n{at}") for at in range(2)]
    hub.clock.advance(HOUR_S + 1)
    for node in nodes:
        await node.go_round()
    await hub.jobs.report(ANNA, job_id, StatusReport("RUNNING"), None)
    for node in nodes:
        await node.alerts.refresh()
        await node.rounds.look_for_jobs()
    for node in nodes:
        await node.settle()
    hub.clock.advance(HOUR_S + 1)

    for node in nodes:
        await node.go_round()

    kinds = [kind for kind, _ in await told(hub)]
    assert kinds == ["alert_raised", "alert_cleared", "alert_raised"]
    assert list(nodes[0].alerts.raised()) == [f"{JOB_STUCK}:{job_id}"]


async def test_a_job_that_ends_meanwhile_is_not_told(hub: UseCases, watching: Watching) -> None:
    """Whether it is stuck is looked at again in the transaction that says so."""
    job_id = await running_job(hub)
    hub.clock.advance(HOUR_S + 1)
    await watching.rounds.look_for_jobs()
    await hub.jobs.complete(ANNA, job_id, Completion("FAILED"), None)

    await watching.settle()

    assert await told(hub) == []
    assert not watching.alerts.raised()


async def test_every_stuck_job_is_found_however_many_run(
    hub: UseCases, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bounded number is looked at in one round, and the next one goes on."""
    monkeypatch.setattr("hub.services.stuck_jobs._PAGE", 2)
    monkeypatch.setattr("hub.services.stuck_jobs._PAGES", 1)
    monkeypatch.setattr("hub.services.alert_rounds._AT_ONCE", 2)
    jobs = [await running_job(hub) for _ in range(5)]
    hub.clock.advance(HOUR_S + 1)

    for _ in range(3):
        await watching.go_round()
    found = {alert.subject for alert in watching.alerts.raised().values()}
    for job_id in jobs:
        await hub.jobs.complete(ANNA, job_id, Completion("DONE"), None)
    for _ in range(6):
        await watching.go_round()

    assert found == set(jobs)
    assert not watching.alerts.raised()


async def test_jobs_beyond_the_most_are_not_told(
    hub: UseCases, watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand that are left behind must not bury every other alert."""
    monkeypatch.setattr("hub.services.alert_rounds.MOST", 2)
    jobs = [await running_job(hub) for _ in range(4)]
    hub.clock.advance(HOUR_S + 1)
    await watching.go_round()
    await watching.go_round()
    first = {alert.subject for alert in watching.alerts.raised().values()}
    for job_id in first:
        await hub.jobs.complete(ANNA, job_id, Completion("DONE"), None)

    for _ in range(2):
        await watching.go_round()

    assert len(first) == 2
    assert {alert.subject for alert in watching.alerts.raised().values()} == {*jobs} - first


async def test_a_node_that_starts_knows_what_is_raised(hub: UseCases, watching: Watching) -> None:
    """The log tells it."""
    watching.measured[BROKER_DEGRADED] = Level(60.0)
    await watching.look()

    board = Board(hub.log)
    await board.refresh()

    assert list(board.raised) == [f"{BROKER_DEGRADED}:n1"]


async def test_the_board_takes_each_event_once(hub: UseCases, watching: Watching) -> None:
    """Also when several ask at the same time."""
    board = Board(hub.log)
    await board.refresh()
    watching.measured[BROKER_DEGRADED] = Level(60.0)
    await watching.look()

    for _ in range(3):
        await board.refresh()

    assert [alert.type for alert in board.recent] == ["alert_raised"]


def test_an_outage_is_measured_from_when_it_was_first_seen() -> None:
    """And is over when it is not seen."""
    wrong = [False, True, True, False, True]
    outage = Outage(lambda: wrong.pop(0))

    measured = [outage(now_s).value for now_s in (1.0, 2.0, 7.0, 8.0, 9.0)]

    assert measured == [0.0, 0.0, 5.0, 0.0, 0.0]


def test_every_rule_has_a_name_that_metrics_know() -> None:
    """A new one is forgotten nowhere."""
    judged = {rule.name for rule in rules(LIMITS)}

    assert job_rule(LIMITS).name in OF_NO_NODE
    assert judged | OF_NO_NODE == set(NAMES)
    assert not judged & OF_NO_NODE


def test_an_alert_of_another_version_is_passed_over() -> None:
    """A node that reads what a newer one has written goes on."""
    assert read_alert(b'{"alert":"new","level":3}') is None
