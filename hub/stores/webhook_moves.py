"""What becomes of a delivery, where every store must do the same; pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from hub.model.delivery import ENDED, Attempt, Delivery
from hub.model.endpoint import Endpoint, Health
from hub.stores.clearing import Clear
from hub.stores.webhooks import Result, Settled

# Why one that was held is over: whoever resumed did not want it, or its endpoint may not have it.
DISCARDED, UNREADABLE = "discarded", "unreadable"
# After an attempt a delivery is no longer sent, and waits for no other.
_AFTER = ENDED | {"pending", "held"}


def resent(delivery: Delivery, due_us: int, *, endpoint: Endpoint, headed: bool) -> Delivery:
    """Return a delivery as it is when it is sent again; one under way stays as it is.

    Args:
        delivery: As it is.
        due_us: When it is due.
        endpoint: Its endpoint. While that one clears what was held, the rest comes in its turn.
        headed: Whether another one of its lane is pending or under way.
    """
    if delivery.state == "sending":
        return delivery
    held = endpoint.holds
    if delivery.state in {"pending", "queued"}:
        held = endpoint.state != "active"
    if delivery.state in ENDED:
        delivery = delivery._replace(round=delivery.round + 1, attempts=0, reason="", ended_at_us=0)
    waiting = "queued" if headed else "pending"
    return delivery._replace(state="held" if held else waiting, due_us=due_us)  # type: ignore[arg-type]


class Waiting(NamedTuple):
    """A delivery that is held, with the channel and the owner of its event."""

    delivery: Delivery
    channel: str
    owner: str


def cleared(
    held: Sequence[Waiting],
    headed: Iterable[tuple[str, str | None]],
    endpoint: Endpoint,
    clear: Clear,
) -> list[Delivery]:
    """Return deliveries that were held as they are from now on.

    Args:
        held: In the order in which they were made, and no older one is held.
        headed: Lanes, by endpoint and lane, in which one is pending or under way.
        endpoint: That clears them.
        clear: How.
    """
    discard = 0 if endpoint.clearing is None else endpoint.clearing.discard
    taken = set(headed)
    moved = []
    for delivery, channel, owner in held:
        reason = DISCARDED if delivery.seq <= discard else ""
        if not reason and not clear.may_read(endpoint, channel, owner):
            reason = UNREADABLE
        if reason:
            ended = {"reason": reason, "ended_at_us": clear.now_us}
            moved.append(delivery._replace(state="cancelled", **ended))  # type: ignore[arg-type]
            continue
        lane = (endpoint.id, delivery.lane)
        behind = delivery.lane is not None and lane in taken
        taken.add(lane)
        due_us = min(delivery.due_us, clear.now_us)
        moved.append(delivery._replace(state="queued" if behind else "pending", due_us=due_us))
    return moved


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
