"""The circuit: an endpoint that does not work is left alone, as functions of values.

Closed, everything goes. After some failures in a row it opens: what is due waits, and spends no
attempt. Now and then one goes through as a probe (half-open): when it succeeds all go again, when
it fails the next pause is twice as long. An endpoint that answers, but refuses what it is sent, is
not broken.
"""

from typing import Literal

import msgspec

from hub.clock import SECOND_US
from hub.model.delivery import Failure
from hub.model.endpoint import Health
from hub.webhooks.schedule import NOT_NOW
from hub.webhooks.sender import Answer

CircuitState = Literal["closed", "open", "half-open"]
# So many failures in a row open it.
FAILURES = 5
PAUSE_S = 10.0
MAX_PAUSE_S = 600.0
# What a receiver asks for that says "not now" to everything.
MAX_WISH_S = 3600.0
# How long one that said so gets one at a time, where it named no time.
SLOW_S = 60.0
_SERVER_ERROR = 500
_OVERLOADED = NOT_NOW | {502, 503, 504}
# Of our own making: they say nothing of the endpoint.
_OURS: frozenset[Failure] = frozenset({"encryption", "loop"})


def state_of(health: Health, now_us: int) -> CircuitState:
    """Return how the circuit stands; half-open: a probe may go, or is under way."""
    if not health.opened_us:
        return "closed"
    return "open" if now_us < health.retry_us and not health.probe_us else "half-open"


def is_broken(answer: Answer, failure: Failure) -> bool:
    """Say whether a failure speaks against the endpoint, and not only against one event."""
    if failure in _OURS:
        return False
    status = answer.status
    return status is None or status >= _SERVER_ERROR or status in _OVERLOADED


def succeeded(health: Health) -> Health:
    """Return the health after a success: all is well, and nothing is remembered."""
    return Health(
        next_us=health.next_us,
        slow_until_us=health.slow_until_us,
        chain=health.chain,
        receipts=health.receipts,
    )


def failed(health: Health, answer: Answer, failure: Failure, now_us: int) -> Health:
    """Return the health after a failure, with the circuit as it stands then."""
    health = msgspec.structs.replace(
        health,
        failures=health.failures + 1,
        failing_since_us=health.failing_since_us or now_us,
        slow_until_us=max(health.slow_until_us, _slow_until_us(answer, now_us)),
    )
    if not is_broken(answer, failure):
        # It answers: what it refuses must not hold up the rest, nor keep the circuit open.
        return msgspec.structs.replace(health, opened_us=0, retry_us=0, probe_us=0)
    if health.opened_us:
        # What was under way when it opened comes in late, and is no probe.
        return health if not health.probe_us else _opened(health, answer, now_us)
    return _opened(health, answer, now_us) if health.failures >= FAILURES else health


def probing(health: Health, until_us: int) -> Health:
    """Return the health while a probe is under way, until then at most."""
    return msgspec.structs.replace(health, probe_us=until_us)


def may_probe(health: Health, now_us: int) -> bool:
    """Say whether an open circuit lets one through; a probe whose worker died counts no more."""
    return now_us >= health.retry_us and now_us >= health.probe_us


def pause_s(openings: int) -> float:
    """Return how long a circuit stays open that has opened so often since the last success."""
    # The shift of an endpoint that was dead for a year would be a number of many digits.
    return min(PAUSE_S * (1 << min(openings - 1, 10)), MAX_PAUSE_S)


def _opened(health: Health, answer: Answer, now_us: int) -> Health:
    openings = health.openings + 1
    wish_s = min(answer.retry_after_s or 0.0, MAX_WISH_S)
    wait_us = int(max(pause_s(openings), wish_s) * SECOND_US)
    return msgspec.structs.replace(
        health,
        opened_us=health.opened_us or now_us,
        openings=openings,
        retry_us=now_us + wait_us,
        probe_us=0,
    )


def _slow_until_us(answer: Answer, now_us: int) -> int:
    if answer.status not in _OVERLOADED:
        return 0
    wish_s = SLOW_S if answer.retry_after_s is None else min(answer.retry_after_s, MAX_WISH_S)
    return now_us + int(max(0.0, wish_s) * SECOND_US)
