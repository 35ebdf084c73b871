"""Settling: what an attempt comes to, as a function of values.

Asked inside the transaction that keeps the attempt, with endpoint, health and delivery as they are
stored then: somebody may have paused the endpoint while the request was under way.
"""

from typing import NamedTuple

import msgspec

from hub.clock import SECOND_US
from hub.model.delivery import Attempt, Delivery, Failure
from hub.model.endpoint import Endpoint, Health
from hub.stores.webhooks import Settled
from hub.webhooks import circuit, receipts, schedule
from hub.webhooks.sender import Answer

# Parts of the time until an endpoint is disabled, at which somebody is told.
WARNINGS = (0.5, 0.7, 0.9)
# So many attempts in a row must have failed: one event a month proves nothing.
LEAST_FAILURES = 10
EXHAUSTED, GONE = "exhausted", "gone"
MADE = "made"


class Exchange(NamedTuple):
    """What is known when an exchange is over.

    Attributes:
        now_us: When that was.
        chance: From 0 to 1, for the jitter of the next attempt.
        disable_us: After how long of nothing but failures an endpoint is disabled.
    """

    answer: Answer
    now_us: int
    chance: float
    disable_us: int


def settle(
    endpoint: Endpoint, health: Health, delivery: Delivery, attempt: Attempt, *, exchange: Exchange
) -> Settled:
    """Return what becomes of a delivery, of its endpoint, and of the endpoint's health."""
    attempt = receipts.chained(attempt, receipts.Chain(health.receipts, health.chain))
    health = msgspec.structs.replace(health, receipts=attempt.receipt, chain=attempt.hash)
    failure = attempt.failure
    if failure is None:
        return Settled(
            _ended(delivery, "delivered", "", exchange.now_us),
            circuit.succeeded(health),
            attempt,
            _made(endpoint),
        )
    first = not delivery.attempts or not health.failing_since_us
    health = circuit.failed(health, exchange.answer, failure, exchange.now_us)
    if first:
        health = msgspec.structs.replace(health, failed_events=health.failed_events + 1)
    health = msgspec.structs.replace(health, warned=warnings(health, exchange))
    changed = _disabled(endpoint, health, exchange)
    delivery = _failed(changed or endpoint, delivery, failure, exchange)
    if delivery.state == "dead" and changed is None:
        changed = _given_up(endpoint, delivery, exchange)
    return Settled(delivery, health, attempt, changed)


def warnings(health: Health, exchange: Exchange) -> int:
    """Return how many of the warnings before an endpoint is disabled are due by now."""
    if health.failures < LEAST_FAILURES:
        return health.warned
    failing_us = exchange.now_us - health.failing_since_us
    return sum(failing_us >= part * exchange.disable_us for part in WARNINGS)


def _failed(
    endpoint: Endpoint, delivery: Delivery, failure: Failure, exchange: Exchange
) -> Delivery:
    """Return the delivery after one more failure."""
    answer, now_us = exchange.answer, exchange.now_us
    attempts = delivery.attempts + 1
    if schedule.is_final(endpoint, answer.status):
        reason = GONE if answer.status == schedule.GONE else failure
        return _ended(delivery, "dead", reason, now_us)
    delay_s = schedule.next_delay_s(endpoint, attempts, answer.retry_after_s, exchange.chance)
    if delay_s is None:
        return _ended(delivery, "dead", EXHAUSTED, now_us)
    return delivery._replace(
        # What is paused meanwhile is not tried on; the time for which it was due stays.
        state="pending" if endpoint.state == "active" else "held",
        attempts=attempts,
        due_us=now_us + int(delay_s * SECOND_US),
        worker="",
        lease_until_us=0,
        reason=failure,
    )


def _ended(delivery: Delivery, state: str, reason: str, now_us: int) -> Delivery:
    return delivery._replace(
        state="delivered" if state == "delivered" else "dead",
        attempts=delivery.attempts + 1,
        worker="",
        lease_until_us=0,
        reason=reason,
        ended_at_us=now_us,
    )


def _made(endpoint: Endpoint) -> Endpoint | None:
    """Return a callback that has been made; None where there is no such change."""
    if endpoint.callback is None:
        return None
    return msgspec.structs.replace(endpoint, state="disabled", why=MADE)


def _given_up(endpoint: Endpoint, delivery: Delivery, exchange: Exchange) -> Endpoint | None:
    """Return a callback whose one delivery is dead: it waits for nothing any more; else None."""
    if endpoint.callback is None or endpoint.state == "disabled":
        return None
    why = f"its delivery is dead: {delivery.reason}"
    return msgspec.structs.replace(
        endpoint, state="disabled", why=why, updated_at_us=exchange.now_us
    )


def _disabled(endpoint: Endpoint, health: Health, exchange: Exchange) -> Endpoint | None:
    """Return the endpoint as it is disabled; None where it stays as it is."""
    why = _why(health, exchange)
    if not why or endpoint.state == "disabled":
        return None
    return msgspec.structs.replace(
        endpoint, state="disabled", why=why, updated_at_us=exchange.now_us
    )


def _why(health: Health, exchange: Exchange) -> str:
    """Return why an endpoint must be disabled; empty: it need not be."""
    if exchange.answer.status == schedule.GONE:
        return "it answered 410 Gone"
    failing_us = exchange.now_us - health.failing_since_us
    if failing_us < exchange.disable_us or health.failures < LEAST_FAILURES:
        return ""
    days = failing_us / SECOND_US / 86_400
    return (
        f"nothing but failures for {days:.1f} days: {health.failures} attempts of "
        f"{health.failed_events} deliveries"
    )
