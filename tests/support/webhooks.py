"""Endpoints, deliveries and attempts for tests."""

from typing import Any

from hub.model.delivery import Attempt, Body, Delivery, Failure
from hub.model.endpoint import Endpoint, Health
from hub.model.event import Event
from hub.stores.webhooks import Leased, Settled
from hub.webhooks.sender import Answer
from hub.webhooks.settling import Exchange, settle
from support.clocks import START_US
from support.principals import principal

DAY_US = 86_400 * 1_000_000


def endpoint(id_: str = "ep_1", **changes: Any) -> Endpoint:
    """Return an endpoint of an admin that wants everything."""
    fields: dict[str, Any] = {
        "reader": principal("ann", "admin"),
        "url": "https://example.com/hook?key=secret",
        "event_types": ("*",),
        "created_at_us": START_US,
        "updated_at_us": START_US,
    }
    return Endpoint(id=id_, **{**fields, **changes})


def told(offset: int, **changes: Any) -> Event:
    """Return a committed event."""
    fields: dict[str, Any] = {
        "channel": "orders",
        "id": f"id-{offset}",
        "type": "order_placed",
        "at_us": START_US + offset,
        "owner": "ann",
        "data": b'{"n":1}',
        "key": "o-1",
    }
    return Event(offset=offset, **{**fields, **changes})


def delivery(**changes: Any) -> Delivery:
    """Return a delivery that is being sent."""
    fields: dict[str, Any] = {
        "id": "dl_1",
        "seq": 1,
        "endpoint_id": "ep_1",
        "event_id": "id-1",
        "lane": None,
        "state": "sending",
        "created_at_us": START_US,
        "due_us": START_US,
        "token": 1,
        "worker": "w",
        "lease_until_us": START_US + 60_000_000,
    }
    return Delivery(**{**fields, **changes})


def body(event_id: str = "id-1") -> Body:
    """Return an event as it is delivered."""
    text = b'{"type":"order_placed","data":{}}'
    return Body(event_id, "orders", 1, "order_placed", "o-1", START_US, "ann", text)


def leased(**changes: Any) -> Leased:
    """Return a delivery with its endpoint and its event."""
    return Leased(delivery(), endpoint(**changes), body())


def attempt(failure: Failure | None = None, *, at_us: int = START_US, **changes: Any) -> Attempt:
    """Return an attempt."""
    fields: dict[str, Any] = {
        "id": "at_1",
        "delivery_id": "dl_1",
        "endpoint_id": "ep_1",
        "event_id": "id-1",
        "worker": "w",
        "at_us": at_us,
        "url": "https://example.com/hook",
        "address": "192.0.2.1",
        "status": 200 if failure is None else None,
        "failure": failure,
        "detail": "",
        "dns_us": 1,
        "connect_us": 2,
        "first_byte_us": 3,
        "total_us": 4,
        "sent": b"\x01" * 32,
        "answer": b"ok",
        "answer_bytes": 2,
        "number": 1,
    }
    return Attempt(**{**fields, **changes})


def settled(
    answer: Answer,
    *,
    at: Endpoint | None = None,
    health: Health | None = None,
    sent: Delivery | None = None,
    now_us: int = START_US,
    disable_us: int = 5 * DAY_US,
    chance: float = 1.0,
) -> Settled:
    """Return what an exchange comes to."""
    return settle(
        at or endpoint(),
        health or Health(),
        sent or delivery(),
        attempt(answer.failure, at_us=now_us, status=answer.status),
        exchange=Exchange(answer, now_us, chance, disable_us),
    )
