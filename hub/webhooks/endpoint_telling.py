"""Endpoints as they are told: in answers, and in the audit log."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hub.model.endpoint import Endpoint, Health, SigningKey
from hub.model.timestamp import to_rfc3339
from hub.webhooks import circuit
from hub.webhooks.endpoint_forms import (
    ChainView,
    EndpointCreated,
    EndpointView,
    HealthView,
    Signature,
    SigningKeyView,
)
from hub.webhooks.endpoint_reading import encryption_form
from hub.webhooks.signing import live, public_text


def view_of(
    endpoint: Endpoint,
    health: Health,
    *,
    headers: Sequence[str],
    waiting: Mapping[str, int],
    now_us: int,
) -> EndpointView:
    """Return an endpoint as it may be shown.

    Args:
        endpoint: Which one.
        health: Its health.
        headers: Names of those that were sealed.
        waiting: How many deliveries are open, by state.
        now_us: Now.
    """
    keys = live(endpoint.keys, now_us)
    return EndpointView(
        webhook_id=endpoint.id,
        url=endpoint.url,
        owner=endpoint.owner,
        state=endpoint.state,
        why=endpoint.why,
        clearing=endpoint.is_clearing,
        event_types=[*endpoint.event_types],
        channels=[*endpoint.channels],
        where=msgspec.json.decode(endpoint.where) if endpoint.where else {},
        description=endpoint.description,
        ordered=endpoint.ordered,
        head=endpoint.head,
        schedule=[*map(float, endpoint.schedule)],
        client_errors=endpoint.client_errors,
        rate_per_s=endpoint.rate,
        concurrency=endpoint.concurrency,
        headers=sorted(headers),
        encryption=encryption_form(endpoint.encryption),
        signature=kind_of(endpoint),
        keys=[_key(key) for key in keys],
        health=_health(health, now_us),
        receipts=ChainView(count=health.receipts, hash=health.chain.hex()),
        waiting={state: count for state, count in sorted(waiting.items()) if count},
        created_at=to_rfc3339(endpoint.created_at_us),
        updated_at=to_rfc3339(endpoint.updated_at_us),
    )


def created(view: EndpointView, secret: str | None) -> EndpointCreated:
    """Return the same with the secret of its newest key."""
    fields = {name: getattr(view, name) for name in view.__struct_fields__}
    return EndpointCreated(secret=secret, **fields)


def summary(view: EndpointView) -> dict[str, Any]:
    """Return what the audit log keeps of an endpoint: where what goes, and no secret."""
    return {
        "url": bare(view.url),
        "owner": view.owner,
        "state": view.state,
        "event_types": view.event_types[:10],
        "channels": view.channels[:10],
        "keys": [key.key_id for key in view.keys],
        "encrypted": view.encryption is not None,
    }


def bare(url: str) -> str:
    """Return an address without its query, where there may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:300]


def kind_of(endpoint: Endpoint) -> Signature:
    """Return what the newest key is of."""
    return endpoint.keys[0].kind if endpoint.keys else "v1"


def _key(key: SigningKey) -> SigningKeyView:
    return SigningKeyView(
        key_id=key.id,
        kind=key.kind,
        created_at=to_rfc3339(key.created_at_us),
        until=_time(key.until_us or 0),
        public_key=public_text(key.public) if key.public else None,
    )


def _health(health: Health, now_us: int) -> HealthView:
    return HealthView(
        circuit=circuit.state_of(health, now_us),
        failures=health.failures,
        failing_since=_time(health.failing_since_us),
        retry_at=_time(health.retry_us if health.opened_us else 0),
    )


def _time(at_us: int) -> str | None:
    return to_rfc3339(at_us) if at_us else None
