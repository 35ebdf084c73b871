"""Answers: JSON that is already encoded, and refusals as problem documents (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from hub.errors import (
    HubError,
    IllegalTransition,
    InvalidFields,
    MethodNotAllowed,
    RangeNotSatisfiable,
    Unauthenticated,
    UpgradeRequired,
)

_encode = msgspec.json.Encoder().encode
_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")

Headers = tuple[tuple[bytes, bytes], ...]


class Answer:
    """A response of known bytes. An ASGI application, like starlette's, at a third of its cost."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, body: bytes, status: int = 200, headers: Headers = (_JSON,)) -> None:
        self._body = body
        self._status = status
        self._headers = headers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        length = (b"content-length", b"%d" % len(self._body))
        await send(
            {
                "type": "http.response.start",
                "status": self._status,
                "headers": [*self._headers, length],
            }
        )
        await send({"type": "http.response.body", "body": self._body})


class WrongField(msgspec.Struct):
    """One wrong field of a request."""

    field: str
    expected: str
    got: str


class Problem(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Why a request was refused (RFC 9457); `type` is the address of its page."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: tuple[WrongField, ...] = ()
    legal_next: tuple[str, ...] | None = None


def json(value: Any, status: int = 200) -> Answer:
    """Return a value as JSON."""
    return Answer(_encode(value), status)


def problem(failure: HubError) -> bytes:
    """Return the problem document of an error."""
    document = Problem(
        type=f"/docs/errors/{failure.code}",
        title=HTTPStatus(failure.status).phrase,
        status=failure.status,
        detail=str(failure),
        code=failure.code,
    )
    if isinstance(failure, InvalidFields):
        document.errors = tuple(WrongField(*field) for field in failure.fields)
    if isinstance(failure, IllegalTransition):
        document.legal_next = failure.legal_next
    return _encode(document)


def refusal(failure: HubError) -> Answer:
    """Translate an error of the tree; the only place that does it for HTTP."""
    return Answer(problem(failure), failure.status, (_PROBLEM, *_also(failure)))


def _also(failure: HubError) -> Headers:
    """Return the headers that RFC 9110 wants beside a status."""
    if isinstance(failure, MethodNotAllowed):
        return ((b"allow", ", ".join(failure.allowed).encode()),)
    if isinstance(failure, Unauthenticated):
        return ((b"www-authenticate", b'Bearer realm="hub"'),)
    if isinstance(failure, UpgradeRequired):
        return ((b"upgrade", b"websocket"), (b"connection", b"upgrade"))
    if isinstance(failure, RangeNotSatisfiable):
        return ((b"content-range", b"bytes */%d" % failure.size),)
    if failure.retry_after_s is not None:
        return ((b"retry-after", b"%d" % failure.retry_after_s),)
    return ()
