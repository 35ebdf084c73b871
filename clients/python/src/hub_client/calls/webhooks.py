"""Requests about webhooks: endpoints, deliveries, replays and callbacks."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict
from urllib.parse import quote

import msgspec

from hub_client.calls.request import Request, get
from hub_client.tracing import current


class WebhookFields(TypedDict, total=False):
    """What an endpoint can be told; what is left out is as the hub has it.

    Attributes:
        event_types: `*` stands for any characters: `["job_*"]`.
        channels: Patterns as well; none are all.
        where: Values that fields of an event must have, as in `listen`.
        ordered: One delivery at a time for each key, in order.
        head: What becomes of those behind one that cannot be delivered.
        schedule: Seconds before each further attempt; [] is one attempt.
        profile: Names a schedule instead.
        client_errors: Whether a 4xx is tried again.
        rate_per_s: At most so many a second; 0 is any number.
        concurrency: At most so many at the same time.
        headers: Sent with every delivery.
        encryption: {"jwk": …, "pointers": […]}, no pointers: the whole body.
        signature: Of what kind the key is: v1 is HMAC-SHA256, v1a Ed25519.
    """

    event_types: Sequence[str]
    channels: Sequence[str]
    where: Mapping[str, Any]
    description: str
    ordered: bool
    head: Literal["block", "skip"]
    schedule: Sequence[float]
    profile: str
    client_errors: Literal["retry", "fail"]
    rate_per_s: float
    concurrency: int
    headers: Mapping[str, str]
    encryption: Mapping[str, Any] | None
    signature: Literal["v1", "v1a"]


class WebhookChange(WebhookFields, total=False):
    """What can be changed."""

    url: str


def create(url: str, fields: Mapping[str, object]) -> Request:
    """Return the request that makes an endpoint."""
    return _once("/api/webhooks", {"url": url, **fields})


def page(*, limit: int | None, before: str | None) -> Request:
    """Return the request for a page of endpoints."""
    return get("/api/webhooks", limit=limit, before=before)


def pull(webhook_id: str) -> Request:
    """Return the request for one endpoint."""
    return get(_path(webhook_id))


def update(webhook_id: str, fields: Mapping[str, object]) -> Request:
    """Return the request that changes an endpoint; the same again changes nothing."""
    headers = {"Content-Type": "application/json", **current()}
    return Request(method="PATCH", path=_path(webhook_id), payload=fields, headers=headers)


def delete(webhook_id: str) -> Request:
    """Return the request that removes an endpoint."""
    return Request(method="DELETE", path=_path(webhook_id), headers=current())


def rotate_secret(webhook_id: str, overlap_s: int | None, signature: str | None) -> Request:
    """Return the request for a new key beside the old ones."""
    body = {"overlap_s": overlap_s, "signature": signature}
    return _once(f"{_path(webhook_id)}/rotate-secret", _given(body))


def test(webhook_id: str) -> Request:
    """Return the request that sends a test event."""
    return _once(f"{_path(webhook_id)}/test", msgspec.UNSET)


def pause(webhook_id: str, reason: str) -> Request:
    """Return the request that holds deliveries back."""
    return _post(f"{_path(webhook_id)}/pause", {"reason": reason})


def resume(webhook_id: str, held: str | None, *, adopt: bool) -> Request:
    """Return the request that lets deliveries go again."""
    body: dict[str, Any] = _given({"held": held, "adopt": adopt or None})
    return _post(f"{_path(webhook_id)}/resume", body or msgspec.UNSET)


def listed(
    webhook_id: str, of: Literal["deliveries", "attempts", "receipts"], **query: Any
) -> Request:
    """Return the request for a page of what an endpoint was sent."""
    return get(f"{_path(webhook_id)}/{of}", **query)


def delivery(delivery_id: str) -> Request:
    """Return the request for a delivery and its attempts."""
    return get(f"/api/deliveries/{quote(delivery_id, safe='')}")


def again(delivery_id: str) -> Request:
    """Return the request that sends one delivery again."""
    return _once(f"/api/deliveries/{quote(delivery_id, safe='')}/replay", msgspec.UNSET)


def replay(webhook_id: str, asked: Mapping[str, object]) -> Request:
    """Return the request that sends many again, in the background."""
    return _once(f"{_path(webhook_id)}/replay", _given(asked))


def replay_pulled(replay_id: str) -> Request:
    """Return the request for how far a replay is."""
    return get(f"/api/replays/{quote(replay_id, safe='')}")


def replay_cancelled(replay_id: str) -> Request:
    """Return the request that ends a replay where it is."""
    path = f"/api/replays/{quote(replay_id, safe='')}"
    return Request(method="DELETE", path=path, headers=current())


def replays(limit: int | None) -> Request:
    """Return the request for the replays, newest first."""
    return get("/api/replays", limit=limit)


def delivery_cancelled(delivery_id: str) -> Request:
    """Return the request that ends a delivery that waits."""
    path = f"/api/deliveries/{quote(delivery_id, safe='')}/cancel"
    return _post(path, msgspec.UNSET)


def register_callback(kind: str, subject: str, callback_url: str, client_id: str) -> Request:
    """Return the request for one webhook, when a job or task ends."""
    body = {"kind": kind, "id": subject, "client_id": client_id, "callback_url": callback_url}
    return _once("/api/callbacks", body)


def callbacks(kind: str, subject: str) -> Request:
    """Return the request for the callbacks of a job or task."""
    return get("/api/callbacks", kind=kind, id=subject)


def _once(path: str, payload: object) -> Request:
    return msgspec.structs.replace(_post(path, payload), once=True)


def _post(path: str, payload: object) -> Request:
    """Return a POST without a key: the hub takes none where an answer may hold a secret."""
    headers = {} if payload is msgspec.UNSET else {"Content-Type": "application/json"}
    return Request(method="POST", path=path, payload=payload, headers=headers | current())


def _given(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _path(webhook_id: str) -> str:
    return f"/api/webhooks/{quote(webhook_id, safe='')}"
