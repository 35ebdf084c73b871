"""One call of a route: its request as typed values."""

import base64
import hashlib
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import msgspec
from starlette.datastructures import QueryParams
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

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, by its name in lower case; the first where it repeats."""
        for found, value in self._scope["headers"]:
            if found == name:
                text: str = value.decode("latin-1")
                return text
        return None

    def length(self) -> int | None:
        """Return the length of the body where the request tells it beforehand."""
        length = self.header(b"content-length") or ""
        return int(length) if length.isdecimal() else None

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
        self._check_length(self.length() or 0)
        self._body = await self._read()
        return faults.decode(self._body, decoder)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            ConnectionEnded: The caller went away in the middle; what came is not the whole.
        """
        more = True
        while more:
            chunk, more = await self._next()
            yield chunk

    def key(self) -> IdempotencyKey | None:
        """Return the Idempotency-Key with the hash of the body; read the body first.

        Raises:
            InvalidFields: Empty, overlong, or not printable ASCII.
        """
        key = self.header(b"idempotency-key")
        if key is None:
            return None
        if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
            expected = f"1 to {MAX_KEY} printable ASCII characters"
            raise InvalidFields([FieldError("Idempotency-Key", expected, shown(key))])
        parts = (self.principal.name, self._scope["method"], self._scope["path"])
        # The key itself comes first: the SDK's keys are ordered by time, so their places in the
        # index lie together; a random key costs a page of its own (docs/performance.md).
        where = hashlib.sha256("\0".join(parts).encode()).digest()[:12]
        scope = f"{key} {base64.urlsafe_b64encode(where).decode()}"
        return IdempotencyKey(scope, hashlib.sha256(self._body).digest()[:16])

    async def _read(self) -> bytes:
        # One message is the rule; joining is for bodies that come in pieces.
        first, more = await self._next()
        self._check_length(len(first))
        if not more:
            return first
        body = bytearray(first)
        while more:
            chunk, more = await self._next()
            body += chunk
            self._check_length(len(body))
        return bytes(body)

    async def _next(self) -> tuple[bytes, bool]:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ConnectionEnded("expected the rest of the body, got the end of the connection")
        return message.get("body", b""), message.get("more_body", False)

    def _check_length(self, length: int) -> None:
        if length > self._max_body:
            raise BodyTooLarge(f"expected a body of at most {self._max_body} bytes, got more")


def json_decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    """Return the decoder of a body type; made once, at import."""
    return msgspec.json.Decoder(kind)
