"""The watch: what raises alerts, built of what a node measures."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from hub.brokers.base import Health
from hub.clock import SECOND_US, Clock
from hub.model.alert import Alert
from hub.model.alert_rule import Count, Level, Share
from hub.model.timestamp import from_iso8601
from hub.realtime.fanout import Fanout
from hub.services.alert_board import Board
from hub.services.alert_outbox import AlertOutbox
from hub.services.alert_rounds import Rounds
from hub.services.alert_rules import (
    AUTH_FAILURES,
    BROKER_DEGRADED,
    LOG_FAILING,
    SLOW_RESPONSES,
    SLOW_WEBHOOKS,
    WEBHOOK_FAILURES,
    WEBHOOKS_BEHIND,
    Thresholds,
    job_rule,
    rules,
)
from hub.services.alerts import Alerts, Around, Source
from hub.services.outage import Outage
from hub.services.presence import WORKER, Nodes
from hub.services.publisher import Publisher
from hub.services.status import Status
from hub.settings import Settings
from hub.stores.base import Store
from hub.telemetry.requests import Requests
from hub.webhooks.measures import Measures

# A process without clients is heard over Redis alone. Without it, what it has raised counts for so
# long; if it lives, it raises it anew, and nobody looks for ever at what a dead one saw.
UNHEARD_US = 3600 * SECOND_US


class Watched(NamedTuple):
    """What of a node is watched."""

    settings: Settings
    clock: Clock
    log: Store
    fanout: Fanout
    publisher: Publisher
    status: Status
    nodes: Nodes
    health: Callable[[], Health]
    requests: Requests
    auth_failures: Mapping[str, int]
    webhooks: Measures


class Watch(NamedTuple):
    """A node's alerts, and the rounds that it goes for all."""

    alerts: Alerts
    rounds: Rounds

    def works(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Return what is to run beside the clients, for ever."""
        return (self.alerts.watch, self.alerts.write, self.rounds.run)


def watch(over: Watched) -> Watch:
    """Build the watch over a node."""
    limits = thresholds(over.settings)
    around = _around(over)
    outbox = AlertOutbox(over.publisher)
    alerts = Alerts(around, rules(limits), _sources(over), Board(over.log), outbox)

    def present() -> Collection[str] | None:
        # Where nobody is heard, nobody is gone; without a broker no worker is ever heard.
        if not over.health().reaches:
            return None
        unheard = () if over.settings.redis_url else alerts.raised().values()
        counts_us = over.clock.now_us() - UNHEARD_US
        return {*over.nodes.present(), *unheard_workers(unheard, counts_us)}

    rule = job_rule(limits)
    rounds = Rounds(around, alerts, outbox, over.log, rule=rule, present=present)
    return Watch(alerts, rounds)


def watch_worker(
    settings: Settings, log: Store, clock: Clock, publisher: Publisher, name: str, over: Measures
) -> Alerts:
    """Build the watch over a process that only sends webhooks."""
    around = Around(name, clock, lambda _event: None, log.probe, publisher.commits.failing_s)
    sources = {WEBHOOK_FAILURES: over.failures, SLOW_WEBHOOKS: over.answers}
    outbox = AlertOutbox(publisher)
    return Alerts(around, rules(thresholds(settings)), sources, Board(log), outbox)


def unheard_workers(raised: Iterable[Alert], since_us: int) -> set[str]:
    """Return the processes without clients that have raised something since a time."""
    theirs = (one for one in raised if one.subject.startswith(WORKER))
    return {one.subject for one in theirs if from_iso8601(one.since) > since_us}


def thresholds(settings: Settings) -> Thresholds:
    """Return above what alerts are raised."""
    return Thresholds(
        webhook_failures=settings.alert_webhook_failures,
        response_s=settings.alert_response_s,
        job_running_s=settings.alert_job_running_s,
        auth_failures=settings.alert_auth_failures,
        broker_s=settings.alert_broker_s,
        log_s=settings.alert_log_s,
        # Half of what is kept for them: time is left to do something about it.
        behind=settings.webhook_max_behind / 2,
    )


def _around(over: Watched) -> Around:
    commits = over.publisher.commits

    async def probe() -> None:
        await over.status.ready()
        commits.works()

    return Around(over.nodes.own, over.clock, over.fanout.push, probe, commits.failing_s)


def _sources(over: Watched) -> Mapping[str, Source]:
    commits = over.publisher.commits

    def answers(_now_s: float) -> Share:
        count, seconds = over.requests.answers()
        return Share(seconds, count)

    return {
        WEBHOOK_FAILURES: over.webhooks.failures,
        SLOW_WEBHOOKS: over.webhooks.answers,
        WEBHOOKS_BEHIND: over.webhooks.lag,
        SLOW_RESPONSES: answers,
        AUTH_FAILURES: lambda _now_s: Count(sum(over.auth_failures.values())),
        BROKER_DEGRADED: Outage(lambda: not over.health().reaches),
        LOG_FAILING: lambda now_s: Level(commits.failing_s(now_s)),
    }
