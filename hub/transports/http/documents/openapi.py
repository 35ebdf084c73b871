"""OpenAPI 3.1 of this hub, from the route table that it answers by."""

import re
from collections.abc import Collection, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from hub.errors import (
    BodyTooLarge,
    ForeignHost,
    ForeignOrigin,
    HubError,
    IdempotencyKeyReused,
    InvalidFields,
    InvalidRequest,
    LogUnavailable,
    LoopDetected,
    MalformedBody,
    OutcomeUnknown,
    Overloaded,
    ProxiedInOpenMode,
    RateLimited,
    UnsupportedMediaType,
)
from hub.model.job import MAX_NAME
from hub.model.positions import MAX_TEXT
from hub.transports.http.answer import Problem
from hub.transports.http.call import MAX_KEY
from hub.transports.http.documents.examples import example_of
from hub.transports.http.documents.schemas import CHANNEL_PATTERN, NAME_PATTERN, Schema, Schemas
from hub.transports.http.documents.webhooks import webhooks
from hub.transports.http.route import EVENT_STREAM, RECEIVER, UNCOUNTED, Route

_UUID = "01890a5d-ac96-774b-bcce-b302099a8057"
_PROBLEM = "application/problem+json"
_DESCRIPTION = """\
A WebSocket-first realtime event hub: what is posted here is on disk when it is answered, and on
every screen a moment later. The socket itself is described in [/asyncapi.json](/asyncapi.json),
every refusal in [/docs/errors](/docs/errors).

A refusal is a problem document (RFC 9457): `code` is the word to branch on, `type` the address of
its page. Send an `Idempotency-Key` with a POST, and the same one when you try again: it is done
once, and answered the same.
"""
_TAGS = {
    "contracts": "Contracts of four fields; their newest state and its history",
    "jobs": "Jobs that are reported from outside, their questions and their artifacts",
    "channels": "Channels of your own, and the history of all",
    "tokens": "API keys, revocations, and tickets for sockets",
    "webhooks": "Endpoints of yours that events are posted to, callbacks, and what was delivered",
    "operations": "For those who run the hub",
}
_IN_PATH: dict[str, Schema] = {
    "job_id": {
        "type": "string",
        "minLength": 1,
        "examples": ["550e8400-e29b-41d4-a716-446655440000"],
    },
    "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME, "pattern": NAME_PATTERN},
    "channel": {"type": "string", "pattern": CHANNEL_PATTERN, "examples": ["contracts"]},
    "token_id": {"type": "string", "minLength": 1, "examples": ["7tMx0Q4bVn2e"]},
    "event_id": {"type": "string", "format": "uuid"},
    "webhook_id": {"type": "string", "minLength": 1, "examples": ["ep_0f9a3c5be1d24c6f8a7b1e20"]},
    "delivery_id": {"type": "string", "minLength": 1, "examples": [f"dl_{_UUID}"]},
    "replay_id": {"type": "string", "minLength": 1, "examples": ["rp_52c0f7be1d24c6f8a7b1e2aa"]},
    "client_id": {"type": "string", "pattern": "^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,199}$"},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a retry safe: the same key and body are done once, within 24 hours.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_KEY,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key (`hub token create` makes one) or a JWT. What it may do is decided "
    "by its role and scopes.",
}
_BINARY = {"type": "string", "format": "binary"}
_LIMITS = {
    "RateLimit": {
        "schema": {"type": "string", "examples": ['"requests";r=0;t=2']},
        "description": "What is left, and in how many seconds all of it is there again. Of the "
        "limit that you are nearest to; successes say it too.",
    },
    "RateLimit-Policy": {
        "schema": {"type": "string", "examples": ['"requests";q=4000;w=2']},
        "description": "How many may come, and within how many seconds.",
    },
}
_LAST_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The `id` of the last event: what follows it comes first. Browsers send it.",
    "schema": {"type": "string", "maxLength": MAX_TEXT},
}

_TRACE = {
    "name": "traceparent",
    "in": "header",
    "required": False,
    "description": "W3C Trace Context: stands as `trace` in the events of this request. One that "
    "is wrong is as good as none.",
    "schema": {"type": "string"},
    "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}


def document(routes: Sequence[Route], *, version: str, locations: Collection[str]) -> Schema:
    """Return the document.

    Args:
        routes: The table that the hub answers by.
        version: Of the hub.
        locations: The cities that contracts may have on this hub.
    """
    schemas = Schemas(locations)
    paths: dict[str, Schema] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    schemas.of(Problem)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hub",
            "version": version,
            "summary": "Durable, ordered, replayable events over HTTP and WebSocket.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The hub that served this document"}],
        "externalDocs": {"url": "/docs", "description": "How to begin"},
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "webhooks": webhooks(schemas),
        # A hub that is open to its machine asks nobody.
        "security": [{"bearer": []}, {}],
        "components": {
            "securitySchemes": {"bearer": _BEARER},
            "schemas": dict(sorted(schemas.components.items())),
            "parameters": {"IdempotencyKey": _KEY, "TraceParent": _TRACE},
        },
    }


def _operation(route: Route, schemas: Schemas) -> Schema:
    operation: Schema = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [*_in_path(route), *_in_query(route, schemas), *_in_headers(route)],
        "responses": _responses(route, schemas),
    }
    body = _body(route, schemas)
    if body is not None:
        # An upload may be empty: so are some files.
        required = route.body is not None and route.needs_body
        operation["requestBody"] = {"required": required, "content": body}
    return operation


def _in_path(route: Route) -> Iterable[Schema]:
    for name in re.findall(r"{(\w+)}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": _IN_PATH[name]}


def _in_query(route: Route, schemas: Schemas) -> Iterable[Schema]:
    if route.query is None:
        return
    struct = schemas.inline(route.query)
    required = struct.get("required", ())
    for name, schema in struct["properties"].items():
        text = schema.pop("description", None)
        yield {
            "name": name,
            "in": "query",
            "required": name in required,
            **({"description": text} if text else {}),
            "schema": schema,
        }


def _in_headers(route: Route) -> Iterable[Schema]:
    if route.method == "POST" and route.keyed:
        yield {"$ref": "#/components/parameters/IdempotencyKey"}
        yield {"$ref": "#/components/parameters/TraceParent"}
    if route.method == "PUT" and route.body is None:
        yield {"$ref": "#/components/parameters/TraceParent"}
    if route.media == EVENT_STREAM:
        yield _LAST_ID


def _body(route: Route, schemas: Schemas) -> Schema | None:
    if route.body is not None:
        return {"application/json": _media(schemas.of(route.body), example_of(route).request)}
    if route.method == "PUT":
        return {route.media: {"schema": _BINARY}}
    if route.method == "POST" and route.path.startswith(RECEIVER):
        return {"*/*": {"schema": _BINARY}}
    return None


def _media(schema: Schema, example: Any) -> Schema:
    return {"schema": schema} if example is None else {"schema": schema, "example": example}


def _responses(route: Route, schemas: Schemas) -> Schema:
    responses = _successes(route, schemas)
    by_status: dict[int, list[type[HubError]]] = {}
    for refusal in _refusals(route):
        by_status.setdefault(refusal.status, []).append(refusal)
    for status, refusals in sorted(by_status.items()):
        responses[str(status)] = _refusal(status, refusals)
    return responses


def _successes(route: Route, schemas: Schemas) -> Schema:
    if route.answer is not None:
        media = _media(schemas.of(route.answer), example_of(route).answer)
        also = {status: _media(schemas.of(answer), None) for status, answer in route.also}
        # The media of a PUT is its body's.
        named = "application/json" if route.method == "PUT" else route.media
        return {
            str(status): {
                "description": HTTPStatus(status).phrase,
                "content": {named: content},
            }
            for status, content in {route.status: media, **also}.items()
        }
    content = {route.media: {"schema": _BINARY}}
    where = {"Location": {"schema": {"type": "string"}, "description": "The link"}}
    return {
        "200": {"description": "The content", "content": content},
        "206": {"description": "The part that Range asked for", "content": content},
        "302": {"description": "It was reported as a link, and lies there", "headers": where},
        "304": {"description": "The same as the one that If-None-Match names"},
    }


def _refusals(route: Route) -> Sequence[type[HubError]]:
    """Return what a route may raise, each once: its own, and what every route of its kind may."""
    kinds: list[type[HubError]] = [
        InvalidRequest, ForeignHost, ForeignOrigin, ProxiedInOpenMode, HubError, LogUnavailable
    ]  # fmt: skip
    if not route.path.startswith(RECEIVER):
        kinds += [LoopDetected]
    if route.path not in UNCOUNTED:
        kinds += [RateLimited]
    if route.body is not None:
        kinds += [MalformedBody, BodyTooLarge, UnsupportedMediaType, InvalidFields]
    if route.method == "POST" and route.keyed:
        kinds += [InvalidFields, IdempotencyKeyReused]
    if route.method in {"POST", "PUT", "PATCH", "DELETE"}:
        kinds += [Overloaded, OutcomeUnknown]
    if route.query is not None:
        kinds += [InvalidFields]
    return list(dict.fromkeys([*route.refusals, *kinds]))


def _refusal(status: int, refusals: Sequence[type[HubError]]) -> Schema:
    codes = list(dict.fromkeys(refusal.code for refusal in refusals))
    links = ", ".join(f"[{code}](/docs/errors/{code})" for code in codes)
    problem = {"$ref": "#/components/schemas/Problem"}
    narrowed = {"properties": {"status": {"const": status}, "code": {"enum": codes}}}
    response: Schema = {
        "description": f"{HTTPStatus(status).phrase}: {links}",
        "content": {_PROBLEM: {"schema": {"allOf": [problem, narrowed]}}},
    }
    if any(refusal.retry_after_s is not None for refusal in refusals):
        wait = {"schema": {"type": "integer"}, "description": "Seconds to wait"}
        response["headers"] = {"Retry-After": wait}
    if status == RateLimited.status:
        response["headers"] |= _LIMITS
    return response
