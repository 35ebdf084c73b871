"""What becomes of a delivery, where every store must do the same; pure."""

import msgspec

from hub.model.delivery import ENDED, Attempt, Delivery
from hub.model.endpoint import Endpoint, Health
from hub.stores.webhooks import Result, Settled

# After an attempt a delivery is no longer sent, and waits for no other.
_AFTER = ENDED | {"pending", "held"}


def resent(delivery: Delivery, due_us: int, *, active: bool, headed: bool) -> Delivery:
    """Return a delivery as it is when it is sent again; one under way stays as it is.

    Args:
        delivery: As it is.
        due_us: When it is due.
        active: Whether its endpoint is.
        headed: Whether another one of its lane is pending or under way.
    """
    if delivery.state == "sending":
        return delivery
    if delivery.state in ENDED:
        delivery = delivery._replace(round=delivery.round + 1, attempts=0, reason="", ended_at_us=0)
    waiting = "queued" if headed else "pending"
    return delivery._replace(state=waiting if active else "held", due_us=due_us)  # type: ignore[arg-type]


def numbered(attempt: Attempt, requests: int, health: Health) -> Attempt:
    """Return an attempt with its number, and its place in the endpoint's chain of receipts.

    Args:
        attempt: As it was made.
        requests: How many there were of its delivery.
        health: The endpoint's.
    """
    return attempt._replace(
        number=requests + 1,
        receipt=health.receipts + 1,
        previous=health.chain,
        detail=_printable(attempt.detail),
    )


def settled(
    result: Result, endpoint: Endpoint, health: Health, delivery: Delivery, requests: int
) -> Settled:
    """Ask what an attempt comes to; return it as it is to be kept.

    Raises:
        ValueError: The delivery would be neither over, pending nor held.
    """
    attempt = numbered(result.attempt, requests, health)
    made = result.settle(endpoint, health, delivery, attempt)
    after = made.delivery
    if after.worker or after.lease_until_us:
        after = after._replace(worker="", lease_until_us=0)
    if after.state not in _AFTER:
        raise ValueError(f"expected one of {sorted(_AFTER)} after an attempt, got {after.state}")
    if after.state == "pending" and (made.endpoint or endpoint).state != "active":
        after = after._replace(state="held")
    # Whatever was decided, the chain has no hole.
    attempt = attempt._replace(hash=made.attempt.hash)
    chained = made.health
    if (chained.chain, chained.receipts) != (attempt.hash, attempt.receipt):
        chained = msgspec.structs.replace(chained, chain=attempt.hash, receipts=attempt.receipt)
    return Settled(after, chained, attempt, made.endpoint)


def _printable(text: str) -> str:
    """Return what every database keeps: what a receiver's fault is told with may hold anything."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")
