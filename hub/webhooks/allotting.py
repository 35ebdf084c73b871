"""Allotting: how many deliveries of each endpoint may go now, as a function of values.

Everybody gets one in turn until there is no room left, so no endpoint waits for another's backlog.
An endpoint has as many under way as it allows; fewer while it fails or asks for fewer, and one
until it has answered for the first time: what does not answer must not fill the worker. What may
not go spends no attempt; it stays due.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from hub.clock import SECOND_US
from hub.model.endpoint import Health
from hub.stores.webhooks import Grant, Lane
from hub.webhooks import circuit

# What a rate lets go at once after a pause, in seconds of it: a worker does not look every
# millisecond.
BURST_S = 0.1
# How far the clocks of two workers may be apart.
SKEW_US = 60 * SECOND_US


class Allotment(NamedTuple):
    """What may go, and when those that may not should be looked at again.

    Attributes:
        wake_us: The soonest; None: when something changes by itself, an attempt ends say.
    """

    grants: Sequence[Grant]
    wake_us: int | None


def allot(lanes: Sequence[Lane], limit: int, now_us: int, until_us: int) -> Allotment:
    """Return how many of each may go.

    Args:
        lanes: In the order in which they are served.
        limit: Of all together.
        now_us: Now.
        until_us: When a probe that is sent now has ended, or its worker is dead.
    """
    room = {index: room_of(lane, now_us) for index, lane in enumerate(lanes)}
    wanted = {index: min(free, lanes[index].due) for index, free in room.items() if free > 0}
    take = _in_turn({index: count for index, count in wanted.items() if count > 0}, limit)
    grants = [
        Grant(lanes[index].endpoint.id, count, _granted(lanes[index], count, now_us, until_us))
        for index, count in take.items()
    ]
    waits = (_wake_us(lanes[index], now_us) for index, free in room.items() if free <= 0)
    return Allotment(grants, min((at for at in waits if at is not None), default=None))


def room_of(lane: Lane, now_us: int) -> int:
    """Return how many deliveries of one endpoint may go now, were there room for all."""
    health, endpoint = lane.health, lane.endpoint
    if health.opened_us:
        return int(circuit.may_probe(health, now_us))
    at_once = endpoint.concurrency >> min(health.failures, 32)
    if not health.receipts or now_us < health.slow_until_us:
        at_once = 1
    return min(max(1, at_once) - lane.sending, _by_rate(health, endpoint.rate, now_us))


def _by_rate(health: Health, rate: float, now_us: int) -> int:
    """Return how many a rate lets go."""
    if not rate:
        return 2**31
    late_us = now_us - _since_us(health, rate, now_us)
    return 0 if late_us < 0 else int(late_us * rate / SECOND_US) + 1


def _since_us(health: Health, rate: float, now_us: int) -> int:
    """Return from when on the rate is counted: not from the dawn of time.

    Nor from further ahead than a rate can put it: the clock was put back, or the rate was lower.
    """
    next_us = health.next_us
    if next_us > now_us + int(SECOND_US / rate) + SKEW_US:
        next_us = now_us
    return max(next_us, now_us - int(BURST_S * SECOND_US))


def _in_turn(room: dict[int, int], limit: int) -> dict[int, int]:
    """Give each one in turn, as long as there is any."""
    take = dict.fromkeys(room, 0)
    while limit > 0 and room:
        share = max(1, limit // len(room))
        for index in list(room):
            count = min(share, room[index], limit)
            take[index] += count
            limit -= count
            room[index] -= count
            if not room[index]:
                del room[index]
    return {index: count for index, count in take.items() if count}


def _granted(lane: Lane, count: int, now_us: int, until_us: int) -> Health:
    """Return an endpoint's health once so many are on their way."""
    health, rate = lane.health, lane.endpoint.rate
    if health.opened_us:
        return circuit.probing(health, until_us)
    if not rate:
        return health
    next_us = _since_us(health, rate, now_us) + int(count * SECOND_US / rate)
    return msgspec.structs.replace(health, next_us=next_us)


def _wake_us(lane: Lane, now_us: int) -> int | None:
    """Return when an endpoint of which nothing may go now should be looked at again."""
    health = lane.health
    if health.opened_us:
        return max(health.retry_us, health.probe_us)
    if not lane.endpoint.rate:
        return None
    next_us = _since_us(health, lane.endpoint.rate, now_us)
    return next_us if next_us > now_us else None
