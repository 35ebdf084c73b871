"""One call of a route: its request as typed values."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import msgspec
from starlette.datastructures import Headers, QueryParams
from starlette.types import Receive, Scope

from hub.auth.admission import Door, check_json
from hub.errors import BodyTooLarge, ConnectionEnded, FieldError, InvalidFields
from hub.model.contract import shown
from hub.model.principal import Principal
from hub.model.unit import IdempotencyKey
from hub.transports.http import faults

T = TypeVar("T")

MAX_KEY = 255


class Call:
    """A request on its way to a resource.

    Attributes:
        principal: Who asks.
        params: Parts of the path, decoded.
    """

    def __init__(
        self, scope: Scope, receive: Receive, *, principal: Principal, door: Door, max_body: int
    ) -> None:
        self.principal = principal
        self.params: dict[str, str] = scope.get("path_params", {})
        self._scope = scope
        self._receive = receive
        self._door = door
        self._max_body = max_body
        self._body = b""

    @property
    def headers(self) -> Headers:
        """The request's headers."""
        return Headers(scope=self._scope)

    def query(self, kind: type[T]) -> T:
        """Read the query of the address.

        Raises:
            InvalidFields: See `faults.convert`.
        """
        return faults.convert(dict(QueryParams(self._scope["query_string"])), kind)

    async def json(self, decoder: "msgspec.json.Decoder[T]") -> T:
        """Read the body.

        Raises:
            UnsupportedMediaType: It does not say that it is JSON.
            BodyTooLarge: It is over the limit.
            MalformedBody, InvalidFields: See `faults.decode`.
        """
        check_json(self._door)
        self._body = await self._read()
        return faults.decode(self._body, decoder)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            ConnectionEnded: The caller went away in the middle; what came is not the whole.
        """
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionEnded(
                    "expected the rest of the body, got the end of the connection"
                )
            yield message.get("body", b"")
            more = message.get("more_body", False)

    def key(self) -> IdempotencyKey | None:
        """Return the Idempotency-Key with the hash of the body; read the body first.

        Raises:
            InvalidFields: Empty, overlong, or not printable ASCII.
        """
        key = self.headers.get("idempotency-key")
        if key is None:
            return None
        if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
            expected = f"1 to {MAX_KEY} printable ASCII characters"
            raise InvalidFields([FieldError("Idempotency-Key", expected, shown(key))])
        parts = (self.principal.name, self._scope["method"], self._scope["path"], key)
        scope = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
        return IdempotencyKey(scope, hashlib.sha256(self._body).digest())

    async def _read(self) -> bytes:
        # One message is the rule; joining is for bodies that come in pieces.
        body = b""
        async for chunk in self.chunks():
            body = body + chunk if body else chunk
            if len(body) > self._max_body:
                raise BodyTooLarge(f"expected at most {self._max_body} bytes, got more")
        return body


def json_decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    """Return the decoder of a body type; made once, at import."""
    return msgspec.json.Decoder(kind)
