"""The resource of stats: what screens draw."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from starlette.types import ASGIApp

from hub.auth.policy import Readers, visible
from hub.clock import SECOND_US
from hub.model.timestamp import to_rfc3339
from hub.services.stats import ChannelNow, Measured, NodeNow, Stats
from hub.telemetry.meter import EVERY_S, KEPT, Point, percentile_s
from hub.transports.http.answer import json
from hub.transports.http.call import Call

# Rates of now are those of so many points, percentiles of now of so many.
_RATE_POINTS = 3
_MINUTE_POINTS = 60 // EVERY_S


class StatsParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/stats`: how many points, the newest ones; ten minutes at most."""

    points: Annotated[int, msgspec.Meta(ge=0, le=KEPT)] = 150


class Latency(msgspec.Struct):
    """From an event's commit to the last socket's write, in milliseconds; of how many events.

    Reckoned from a histogram's buckets, as Prometheus does; null where there were no events.
    """

    events: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class PointView(msgspec.Struct):
    """Two seconds, the end of which is `at`; rates are a second."""

    at: str
    events_in: float
    events_out: float
    connections: int
    queued_bytes: int
    latency: Latency


class ChannelStats(msgspec.Struct):
    """One channel now; rates are a second, of the last six seconds.

    `late` are the followers that miss something, `behind` how many events the last of them does.
    `head` is null where the channel is volatile.
    """

    channel: str
    head: int | None
    events_in: float
    events_out: float
    followers: int
    late: int
    behind: int


class Now(msgspec.Struct):
    """Rates a second, of the last six seconds; latency of the last minute."""

    events_in: float
    events_out: float
    connections: int
    queued_bytes: int
    latency: Latency


class NodeStats(Now):
    """One node, and since when it measures: what was before, nobody remembers."""

    since: str


class StatsView(msgspec.Struct):
    """How much goes through the hub: measured live, kept in memory, gone with each node's end.

    The sums are over the nodes that answered; `incomplete` names those that did not, and has a `?`
    while the broker is away. `channels` are those that the caller may read.
    """

    at: str
    every_s: int
    now: Now
    channels: list[ChannelStats]
    points: list[PointView]
    nodes: dict[str, NodeStats]
    incomplete: list[str]


class StatsResource:
    """What is measured.

    Args:
        stats: Tells.
        readers: Tells the roles that alone may read a channel.
    """

    def __init__(self, stats: Stats, readers: Readers) -> None:
        self._stats = stats
        self._readers = readers

    async def get(self, call: Call) -> ASGIApp:
        """Return rates, percentiles and a short history."""
        params = call.query(StatsParams)
        measured = await self._stats.now()
        channels = {one.channel: one for one in measured.channels()}
        shown = visible(call.principal, channels, self._readers)
        return json(_view(measured, [*shown.values()], params.points))


def _view(measured: Measured, channels: Sequence[ChannelNow], most: int) -> StatsView:
    points = measured.points()
    began_s = min(node.since_us for node in measured.nodes.values()) // SECOND_US
    newest_s = points[-1].at_s if points else began_s
    return StatsView(
        at=to_rfc3339(newest_s * SECOND_US),
        every_s=EVERY_S,
        now=Now(*_now(points, newest_s)),
        channels=[_channel(one) for one in channels],
        points=[_point(point) for point in points[len(points) - min(most, len(points)) :]],
        nodes={name: _node(node, newest_s) for name, node in measured.nodes.items()},
        incomplete=[*measured.silent],
    )


def _node(node: NodeNow, newest_s: int) -> NodeStats:
    return NodeStats(*_now(node.points, newest_s), since=to_rfc3339(node.since_us))


def _now(points: Sequence[Point], newest_s: int) -> tuple[float, float, int, int, Latency]:
    recent = [one for one in points if one.at_s > newest_s - _RATE_POINTS * EVERY_S]
    minute = [one for one in points if one.at_s > newest_s - _MINUTE_POINTS * EVERY_S]
    seconds = max(1, len(recent)) * EVERY_S
    last = recent[-1] if recent else None
    return (
        _rate(sum(one.events_in for one in recent), seconds),
        _rate(sum(one.events_out for one in recent), seconds),
        0 if last is None else last.connections,
        0 if last is None else last.queued_bytes,
        _latency([sum(column) for column in zip(*(one.delivery for one in minute), strict=True)]),
    )


def _point(point: Point) -> PointView:
    return PointView(
        at=to_rfc3339(point.at_s * SECOND_US),
        events_in=_rate(point.events_in, EVERY_S),
        events_out=_rate(point.events_out, EVERY_S),
        connections=point.connections,
        queued_bytes=point.queued_bytes,
        latency=_latency(point.delivery),
    )


def _latency(counts: Sequence[int]) -> Latency:
    return Latency(sum(counts), *(_ms(percentile_s(counts, share)) for share in (0.5, 0.95, 0.99)))


def _channel(one: ChannelNow) -> ChannelStats:
    rates = (round(one.events_in, 2), round(one.events_out, 2))
    return ChannelStats(one.channel, one.head, *rates, one.followers, one.late, one.behind)


def _rate(events: int, seconds: int) -> float:
    return round(events / seconds, 2)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
