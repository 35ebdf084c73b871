"""Readings: each number comes from where it is, and labels do not grow with what clients make."""

import asyncio
from typing import Any

import pytest

from hub import __version__
from hub.brokers.base import Health, Live, Presence
from hub.errors import LogUnavailable
from hub.limits.gate import Gate, Rates
from hub.limits.sharing import Sharing
from hub.model.channel import Definition
from hub.model.event import BUILT_IN_CHANNELS
from hub.model.unit import Head
from hub.readings import Readings, Sight, WorkerReadings, bounded
from hub.realtime.delays import Delays
from hub.services.alert_board import Board
from hub.services.alert_outbox import AlertOutbox
from hub.services.alert_rules import NAMES
from hub.services.alerts import Alerts, Around
from hub.services.job_times import JobTimes
from hub.services.presence import Nodes
from hub.services.publisher import Publisher
from hub.services.sealer import Sealer
from hub.telemetry.histogram import QUICK_S, Histogram
from hub.telemetry.requests import Requests
from support.clocks import FakeClock
from support.notes import an_auditor
from support.realtime import FakeNode, MemoryEvents
from support.webhook_measures import measures
from support.webhooks import attempt, delivery


class BrokenLog:
    """A log that takes nothing."""

    async def commit(self, _units: object) -> Any:
        """Refuse."""
        raise LogUnavailable("broken by the test")


def silent_alerts(clock: FakeClock) -> Alerts:
    """Return alerts of which none is raised: nothing is measured, and nothing written."""
    nobody: Any = None
    around = Around("one", clock, nobody, nobody, nobody)
    return Alerts(around, (), {}, Board(nobody), AlertOutbox(nobody))


@pytest.fixture
def readings() -> Readings:
    """A node with two sockets, whose broker has dropped three messages."""
    node = FakeNode(MemoryEvents())
    live = Live(2, {"orders": 1, "bills": 1, "jobs": 2}, 512)
    clock = FakeClock()
    nodes = Nodes("log", "one", live=lambda: live, tell=lambda _said: None, clock=clock)
    broken: Any = BrokenLog()
    nobody: Any = None
    gate = Gate(Rates(), clock)
    gate.hits["publishes"] = 5
    return Readings(
        broker=lambda: Health(reaches=False, dropped=3, round_trip_s=0.25),
        nodes=nodes,
        fanout=node.fanout,
        ladder=node.ladder,
        publisher=Publisher(broken, lambda _events: None, max_waiting=10),
        sight=Sight(Delays(clock), Histogram(QUICK_S), {"orders": 3, "jobs": 4}),
        requests=Requests(),
        auth_failures={"token_expired": 2},
        gate=gate,
        auditor=an_auditor(),
        sealer=Sealer(nobody, clock, "one", key=None, max_age_us=1),
        jobs=JobTimes(),
        alerts=silent_alerts(clock),
        webhooks=measures(),
    )


def test_the_way_between_nodes_is_told(readings: Readings) -> None:
    """A node that does not reach the others says so, and what it could not say to them."""
    readings.nodes.meet(Presence("log", "two", Live(9, {}, 9)))

    now = readings.now()

    assert (now.broker_up, now.broker_dropped, now.nodes) == (0, 3, 2)
    assert now.broker_round_trip == 0.25
    assert now.info == {__version__: 1}


def test_sockets_are_this_nodes_own(readings: Readings) -> None:
    """What other nodes say of theirs is theirs to tell."""
    readings.nodes.meet(Presence("log", "two", Live(9, {"jobs": 9}, 9)))

    now = readings.now()

    assert (now.connections, now.send_queue_bytes) == (2, 512)
    assert (now.subscriptions["jobs"], now.subscriptions["custom"]) == (2, 2)


def test_a_process_without_clients_has_the_same_numbers(readings: Readings) -> None:
    """As far as there are any, under the same names."""
    node = readings.now()._asdict()
    worker = WorkerReadings(
        *(readings.broker, readings.publisher, readings.auditor),
        *(readings.alerts, readings.webhooks),
    ).now()

    assert {name: node[name] for name in worker} == worker
    assert {name for name in node if name.startswith("webhook")} <= set(worker)


def test_webhooks_are_told_by_what_came_of_them(readings: Readings) -> None:
    """Every failure and every state has a number, from the start on."""
    tallies = readings.webhooks.tallies
    tallies.note(attempt(), delivery(state="delivered"))
    tallies.note(attempt("timeout", total_us=15_000_000), delivery(state="pending"))
    tallies.note(attempt("connect"), delivery(state="dead"))
    tallies.note(attempt(), None)

    now = readings.now()

    assert {word: count for word, count in now.webhook_attempts.items() if count} == {
        "ok": 2,
        "timeout": 1,
        "connect": 1,
    }
    assert "tls" in now.webhook_attempts
    assert now.webhook_outcomes == {"delivered": 1, "dead": 1, "retried": 1, "lost": 1}
    assert (now.webhook_seconds.count, round(now.webhook_seconds.total)) == (4, 15)
    assert now.webhook_open == {"queued": 0, "pending": 0, "sending": 0, "held": 0}


def test_every_step_of_the_ladder_is_told(readings: Readings) -> None:
    """Those that nobody took too: a series that begins at its first count hides it."""
    readings.ladder.steps["closed"] += 2

    now = readings.now()

    assert now.slow_clients == {"lossless": 0, "conflated": 0, "snapshot": 0, "closed": 2}


def test_heads_are_as_far_as_this_node_knows(readings: Readings) -> None:
    """A node that stays behind the others is seen by it."""
    readings.fanout.catch_up({"jobs": Head(7), "orders": Head(5), "bills": Head(1)})

    now = readings.now()

    assert (now.channel_heads["jobs"], now.channel_heads["custom"]) == (7, 6)


def test_events_are_counted_in_and_out(readings: Readings) -> None:
    """In once, out once a client; of custom channels together."""
    readings.fanout.catch_up({"orders": Head(0, definition=Definition()), "jobs": Head(0)})
    readings.fanout.feeds["orders"].written += 7

    now = readings.now()

    assert (now.events_in["jobs"], now.events_in["custom"]) == (4, 3)
    assert (now.events_out["jobs"], now.events_out["custom"]) == (0, 7)


def test_every_way_of_recovery_and_repair_is_told(readings: Readings) -> None:
    """Those that never happened too."""
    readings.fanout.recoveries["expired"] += 1
    readings.fanout.feeds["jobs"].filled += 2
    readings.fanout.feeds["contracts"].reread += 3

    now = readings.now()

    assert now.recoveries == {"recovered": 0, "expired": 1, "epoch_changed": 0, "volatile": 0}
    assert now.repairs == {"filled": 2, "log": 3}


def test_refusals_are_told_by_who_counts_them(readings: Readings) -> None:
    """Of credentials by the code, of limits by which it was."""
    now = readings.now()

    assert now.auth_failures == {"token_expired": 2}
    assert now.limits == {
        "publishes": 5, "address_requests": 0, "requests": 0, "commands": 0,
        "principal_commands": 0,
    }  # fmt: skip


def test_every_alert_is_told_also_those_that_are_not_raised(readings: Readings) -> None:
    """So that a rule of Prometheus has something to look at."""
    readings.alerts.raised_here["log_failing"] += 1

    now = readings.now()

    assert now.alerts == dict.fromkeys(NAMES, 0)
    assert now.alerts_raised == {**dict.fromkeys(NAMES, 0), "log_failing": 1}


async def test_a_commit_that_fails_is_counted(readings: Readings) -> None:
    """And is in no histogram: how long a failure took says nothing of the disk."""
    unit: Any = object()

    await asyncio.gather(readings.publisher.submit(unit), return_exceptions=True)

    now = readings.now()
    assert (now.commit_failures, now.commits.count, now.commit_updates.count) == (1, 0, 0)


async def test_waiting_updates_are_counted(readings: Readings) -> None:
    """As long as they wait."""
    unit: Any = object()
    answers = [readings.publisher.submit(unit) for _ in range(3)]

    waiting = readings.now().waiting_updates
    await asyncio.gather(*answers, return_exceptions=True)

    assert (waiting, readings.now().waiting_updates) == (3, 0)


def test_labels_do_not_grow_with_channels() -> None:
    """A thousand custom channels are one series, also one that is called custom."""
    told = bounded({**{f"orders.{n}": 1 for n in range(1_000)}, "custom": 1, "alerts": 4})

    assert set(told) == {*BUILT_IN_CHANNELS, "custom"}
    assert (told["custom"], told["alerts"], told["jobs"]) == (1_001, 4, 0)


def test_the_audit_log_is_told(readings: Readings) -> None:
    """What could not be written has a number of its own, and what is lost for good too."""
    readings.auditor.written, readings.auditor.failed, readings.auditor.lost = 5, 3, 2
    readings.sealer.sealed = 4

    now = readings.now()

    assert now.audit_records == {"written": 5, "failed": 3, "lost": 2}
    assert now.audit_seals == 4


def test_limits_that_nobody_shares_are_told(readings: Readings) -> None:
    """A node that is alone has nobody to share with; that is no failure."""
    alone = readings.now().sharing_failures
    nobody: Any = None
    readings.gate.sharing = Sharing(readings.gate.shared, nobody, readings.gate.now_us)
    readings.gate.sharing.failures = 7

    assert (alone, readings.now().sharing_failures) == (0, 7)
