"""The schedule: whether and when a delivery that has failed is tried again, as functions of values.

Ten attempts in three days and a bit, unless the endpoint says otherwise, each a little earlier than
its time at random, so that what failed together does not come back together.
"""

from hub.model.delivery import Failure
from hub.model.endpoint import Endpoint
from hub.webhooks.sender import Answer

# The part of a delay that is left to chance: the upper fifth.
JITTER = 0.2
# What a receiver asks for beyond that it does not get: by then the event is history.
MAX_RETRY_AFTER_S = 24 * 3600.0
GONE = 410
# These say "not now" (RFC 9110, 15.5.9; 15.5.20 of RFC 8470; RFC 6585, 4), whatever the policy.
NOT_NOW = frozenset({408, 425, 429})
# Of an ordered endpoint without a schedule, whose head blocks.
LAST_S = 3600.0


def next_delay_s(
    endpoint: Endpoint, attempts: int, retry_after_s: float | None, chance: float
) -> float | None:
    """Return the seconds until the next attempt; None: there is none any more.

    Args:
        endpoint: Whose schedule.
        attempts: How many have failed in this round, at least 1.
        retry_after_s: What the receiver asked for.
        chance: From 0 to 1.
    """
    base = _base_s(endpoint, attempts)
    if base is None:
        return None
    wished = 0.0 if retry_after_s is None else min(max(0.0, retry_after_s), MAX_RETRY_AFTER_S)
    return max(base * (1 - JITTER + JITTER * chance), wished)


def blocks(endpoint: Endpoint) -> bool:
    """Say whether what cannot be delivered holds up those behind it, for as long as it takes."""
    return endpoint.ordered and endpoint.head == "block" and endpoint.callback is None


def is_final(endpoint: Endpoint, status: int | None) -> bool:
    """Say whether an answer means that no further attempt can help."""
    if status == GONE:
        return True
    refused = status is not None and 400 <= status < 500 and status not in NOT_NOW  # noqa: PLR2004
    return refused and endpoint.client_errors == "fail" and not blocks(endpoint)


def failure_of(answer: Answer) -> Failure | None:
    """Return why an exchange failed; None: it did not, which only 200 to 299 say."""
    if answer.failure is not None:
        return answer.failure
    status = answer.status
    if status is None:
        return "protocol"
    if 200 <= status < 300:  # noqa: PLR2004 the whole meaning of the line
        return None
    return "redirect" if 300 <= status < 400 else "status"  # noqa: PLR2004


def _base_s(endpoint: Endpoint, attempts: int) -> float | None:
    schedule = endpoint.schedule
    if attempts <= len(schedule):
        return schedule[attempts - 1]
    if not blocks(endpoint):
        return None
    # Those behind it would otherwise wait for somebody to come and look.
    return schedule[-1] if schedule else LAST_S
