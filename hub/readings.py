"""Readings: a node's numbers, taken from where they are when somebody asks."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from hub import __version__
from hub.brokers.base import Health
from hub.limits.gate import Gate
from hub.model.event import BUILT_IN_CHANNELS
from hub.realtime.delays import Delays
from hub.realtime.fanout import Fanout
from hub.realtime.feed import Feed
from hub.realtime.ladder import STEPS, Ladder
from hub.realtime.standing import OUTCOMES
from hub.services.alert_rules import NAMES
from hub.services.alerts import Alerts
from hub.services.auditor import Auditor
from hub.services.job_times import JobTimes
from hub.services.presence import Nodes
from hub.services.publisher import Publisher
from hub.services.sealer import Sealer
from hub.telemetry.histogram import Histogram
from hub.telemetry.metric import Value
from hub.telemetry.reading import Reading
from hub.telemetry.requests import Requests
from hub.webhooks.measures import Measures

# All channels that are not built in, together: clients make as many as they like.
CUSTOM = "custom"


class Sight(NamedTuple):
    """What is measured on the way of the events, from a node's start on.

    Attributes:
        delays: From their commit to the sockets.
        lag: From another node's clock to this node.
        taken: By channel, the events that this node has committed or passed on.
    """

    delays: Delays
    lag: Histogram
    taken: Mapping[str, int]


class Readings(NamedTuple):
    """What of a node has numbers."""

    broker: Callable[[], Health]
    nodes: Nodes
    fanout: Fanout
    ladder: Ladder
    publisher: Publisher
    sight: Sight
    requests: Requests
    auth_failures: Mapping[str, int]
    gate: Gate
    auditor: Auditor
    sealer: Sealer
    jobs: JobTimes
    alerts: Alerts
    webhooks: Measures

    def now(self) -> Reading:
        """Read them all."""
        health, nodes = self.broker(), self.nodes.present()
        live, commits = nodes[self.nodes.own], self.publisher.commits
        feeds = self.fanout.feeds.values()
        return Reading(
            info={__version__: 1},
            workers=1,
            broker_up=int(health.reaches),
            broker_dropped=health.dropped,
            broker_round_trip=health.round_trip_s,
            broker_lag=self.sight.lag,
            nodes=len(nodes),
            connections=live.connections,
            subscriptions=bounded(live.subscriptions),
            send_queue_bytes=live.queued_bytes,
            slow_clients={step: self.ladder.steps[step] for step in STEPS},
            events_in=bounded(self.sight.taken),
            events_out=bounded(_written(self.fanout)),
            delivery=self.sight.delays.seconds,
            recoveries={word: self.fanout.recoveries[word] for word in OUTCOMES},
            repairs=_repairs(feeds),
            channel_heads=bounded(self.fanout.positions()),
            waiting_updates=self.publisher.waiting,
            commit_updates=commits.updates,
            commits=commits.seconds,
            commit_failures=commits.failures,
            requests=self.requests.by_class(),
            request_seconds=self.requests.seconds(),
            auth_failures=self.auth_failures,
            limits=self.gate.hits,
            sharing_failures=self.gate.sharing.failures if self.gate.sharing else 0,
            audit_records=_records(self.auditor),
            audit_seals=self.sealer.sealed,
            jobs=self.jobs.ended_s,
            artifacts=self.jobs.artifacts_s,
            alerts=_by_rule(one.alert for one in self.alerts.raised().values()),
            alerts_raised=_by_rule(self.alerts.raised_here.elements()),
            webhook_attempts=self.webhooks.tallies.attempts,
            webhook_outcomes=self.webhooks.tallies.outcomes,
            webhook_seconds=self.webhooks.tallies.seconds,
            webhook_made=self.webhooks.dispatcher.deliveries,
            webhook_lag=int(self.webhooks.lag(0.0).value),
            webhook_dropped=self.webhooks.dispatcher.lag.dropped,
            webhook_open=self.webhooks.census.open,
            webhook_circuits=self.webhooks.census.circuits,
        )


class WorkerReadings(NamedTuple):
    """What of a process has numbers that only sends webhooks."""

    broker: Callable[[], Health]
    publisher: Publisher
    auditor: Auditor
    alerts: Alerts
    webhooks: Measures

    def now(self) -> Mapping[str, Value]:
        """Read them all, under the names of `Reading`."""
        health, commits, webhooks = self.broker(), self.publisher.commits, self.webhooks
        return {
            "info": {__version__: 1},
            "workers": 1,
            "broker_up": int(health.reaches),
            "broker_dropped": health.dropped,
            "broker_round_trip": health.round_trip_s,
            "commits": commits.seconds,
            "commit_failures": commits.failures,
            "audit_records": _records(self.auditor),
            "alerts": _by_rule(one.alert for one in self.alerts.raised().values()),
            "alerts_raised": _by_rule(self.alerts.raised_here.elements()),
            "webhook_attempts": webhooks.tallies.attempts,
            "webhook_outcomes": webhooks.tallies.outcomes,
            "webhook_seconds": webhooks.tallies.seconds,
            "webhook_made": webhooks.dispatcher.deliveries,
            "webhook_lag": int(webhooks.lag(0.0).value),
            "webhook_dropped": webhooks.dispatcher.lag.dropped,
            "webhook_open": webhooks.census.open,
            "webhook_circuits": webhooks.census.circuits,
        }


def bounded(by_channel: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of the built-in channels, and the sum of all others under `custom`."""
    built_in = {channel: by_channel.get(channel, 0) for channel in BUILT_IN_CHANNELS}
    return {**built_in, CUSTOM: sum(by_channel.values()) - sum(built_in.values())}


def _written(fanout: Fanout) -> dict[str, int]:
    durable = {channel: feed.written for channel, feed in fanout.feeds.items()}
    return {**durable, **{channel: feed.written for channel, feed in fanout.volatile.items()}}


def _repairs(feeds: Iterable[Feed]) -> dict[str, int]:
    filled = log = 0
    for feed in feeds:
        filled += feed.filled
        log += feed.reread
    return {"filled": filled, "log": log}


def _records(auditor: Auditor) -> dict[str, int]:
    return {"written": auditor.written, "failed": auditor.failed, "lost": auditor.lost}


def _by_rule(names: Iterable[str]) -> dict[str, int]:
    counted = Counter(names)
    return {name: counted[name] for name in NAMES}
