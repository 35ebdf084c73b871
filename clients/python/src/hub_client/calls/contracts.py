"""Requests about contracts and channels."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from hub_client.calls.request import Request, get, post, put


def send(contract: Mapping[str, Any], key: str | None) -> Request:
    """Return the request that records a contract's update."""
    return post("/update", contract, key=key)


def rehearse(contract: Mapping[str, Any], key: str | None) -> Request:
    """Return the request that pushes an update to listeners and stores nothing."""
    return post("/test/update", contract, key=key)


def status() -> Request:
    """Return the request for counts, position and uptime."""
    return get("/contracts/status")


def define(
    channel: str, *, durable: bool | None, max_events: int | None, max_age_h: float | None
) -> Request:
    """Return the request that makes a custom channel, or changes what it keeps."""
    body: dict[str, Any] = {} if durable is None else {"durable": durable}
    if max_events is not None or max_age_h is not None:
        body["history"] = {"max_events": max_events, "max_age_h": max_age_h}
    return put(f"/api/channels/{quote(channel, safe='')}", body)


def publish(
    channel: str, events: Mapping[str, Any] | Sequence[Mapping[str, Any]], key: str | None
) -> Request:
    """Return the request that publishes one event, or a list of them as one step."""
    return post(f"/api/channels/{quote(channel, safe='')}/events", events, key=key)


def event(kind: str, data: object, key: str | None) -> dict[str, Any]:
    """Return the body of one event; `key` names the entity it is about."""
    body: dict[str, Any] = {"type": kind, "data": data}
    return body if key is None else body | {"key": key}


def trace(event_id: str) -> Request:
    """Return the request for what became of an event."""
    return get(f"/api/events/{quote(event_id, safe='')}/trace")


def history(
    channel: str,
    *,
    limit: int | None,
    since: int | str | None,
    before: int | None,
    epoch: str | None,
) -> Request:
    """Return the request for a page of events; `since` may be `epoch:offset`."""
    if isinstance(since, str) and ":" in since:
        epoch, _, since = since.rpartition(":")
    path = f"/api/channels/{quote(channel, safe='')}/history"
    return get(path, limit=limit, since=since, before=before, epoch=epoch)
