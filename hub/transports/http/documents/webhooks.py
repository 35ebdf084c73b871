"""What the hub posts to receivers: for OpenAPI, where it is a webhook, and for AsyncAPI."""

from collections.abc import Mapping, Sequence

from hub.transports.http.documents.envelopes import (
    AlertCleared,
    AlertRaised,
    ContractStale,
    ContractUpdated,
    Envelope,
    JobUpdated,
)
from hub.transports.http.documents.schemas import Schema, Schemas

KINDS: Mapping[str, type] = {
    "contractUpdate": ContractUpdated,
    "contractStale": ContractStale,
    "jobUpdate": JobUpdated,
    "alertRaised": AlertRaised,
    "alertCleared": AlertCleared,
    "customEvent": Envelope,
}
_DESCRIPTION = """\
The same JSON object as on a socket, signed by Standard Webhooks 1.0. Verify the bytes as they came,
before they are read; do what is asked once for each `webhook-id`, which stays the same on every
attempt. With encryption of the whole body it is a compact JWE (`application/jose`).
"""
_HEADERS = {
    "webhook-id": (
        "The event's id: the same on each attempt",
        "01890a5d-ac96-774b-bcce-b302099a8057",
    ),
    "webhook-timestamp": ("Second of the attempt, by Unix time", "1704110400"),
    "webhook-signature": (
        "Signatures of `id.timestamp.body` by every live key: `v1,…` or `v1a,…`, by spaces",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}
_ANSWERS = {
    "2XX": "It was taken. Nothing else counts as taken, and no redirect is followed",
    "410": "It is not wanted any more: the webhook is disabled",
    "429": "Later; `Retry-After` says when",
    "4XX": "It is tried again, or not, as `client_errors` says",
    "5XX": "It is tried again by the webhook's schedule",
}


def webhooks(schemas: Schemas) -> Schema:
    """Return the root `webhooks` of an OpenAPI document."""
    return {name: {"post": _posted(name, kind, schemas)} for name, kind in KINDS.items()}


def server() -> Schema:
    """Return a receiver, as AsyncAPI has it."""
    return {
        "host": "{receiver}",
        "protocol": "https",
        "description": "Where an endpoint of `POST /api/webhooks` says",
        "variables": {"receiver": {"default": "example.com"}},
    }


def channel(keys: Sequence[str]) -> Schema:
    """Return the channel of AsyncAPI, whose address is that of each endpoint."""
    return {
        "address": None,
        "title": "Webhooks",
        "description": _DESCRIPTION,
        "servers": [{"$ref": "#/servers/receiver"}],
        "messages": {key: {"$ref": f"#/components/messages/{key}"} for key in keys},
    }


def operation(keys: Sequence[str]) -> Schema:
    """Return the operation of AsyncAPI: the hub sends."""
    return {
        "action": "send",
        "title": "What the hub posts to endpoints",
        "channel": {"$ref": "#/channels/webhook"},
        "messages": [{"$ref": f"#/channels/webhook/messages/{key}"} for key in keys],
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    }


def _posted(name: str, kind: type, schemas: Schemas) -> Schema:
    content = {
        "application/json": {"schema": schemas.of(kind)},
        "application/jose": {"schema": {"type": "string", "description": "A compact JWE"}},
    }
    return {
        "operationId": f"post{name[0].upper()}{name[1:]}",
        "tags": ["webhooks"],
        "summary": (kind.__doc__ or "").partition("\n")[0],
        "description": _DESCRIPTION,
        "parameters": [
            {
                "name": header,
                "in": "header",
                "required": True,
                "description": text,
                "schema": {"type": "string", "examples": [example]},
            }
            for header, (text, example) in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {status: {"description": text} for status, text in _ANSWERS.items()},
        # The hub's own credentials are no business of receivers.
        "security": [],
    }
