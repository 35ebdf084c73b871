"""One call of a route: its request as typed values."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from starlette.datastructures import QueryParams
from starlette.types import Scope

from hub.auth.admission import Door, check_json
from hub.errors import FieldError, InvalidFields
from hub.limits.gate import Quota
from hub.model.contract import shown
from hub.model.principal import Principal
from hub.model.unit import IdempotencyKey
from hub.transports.http import faults
from hub.transports.http.body import Body

T = TypeVar("T")

MAX_KEY = 255


class Call:
    """A request on its way to a resource.

    Attributes:
        body: As it comes, for those who do not want it as JSON.
        principal: Who asks.
        params: Parts of the path, decoded.
    """

    def __init__(
        self, scope: Scope, body: Body, principal: Principal, door: Door, max_body: int
    ) -> None:
        self.body = body
        self.principal = principal
        self.params: dict[str, str] = scope.get("path_params", {})
        self._scope = scope
        self._door = door
        self._max_body = max_body
        self._read = b""

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, by its name in lower case; the first where it repeats."""
        for found, value in self._scope["headers"]:
            if found == name:
                text: str = value.decode("latin-1")
                return text
        return None

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Return all headers as they came; names in lower case."""
        return [(n.decode("latin-1"), v.decode("latin-1")) for n, v in self._scope["headers"]]

    def query(self, kind: type[T]) -> T:
        """Read the query of the address.

        Raises:
            InvalidFields: See `faults.convert`.
        """
        return faults.convert(dict(QueryParams(self._scope["query_string"])), kind)

    def values(self, name: str) -> Sequence[str]:
        """Return all values of a parameter of the address, which may repeat."""
        return QueryParams(self._scope["query_string"]).getlist(name)

    @property
    def address(self) -> str:
        """Return the network address of who asks; empty where there is none."""
        return address_of(self._scope)

    @property
    def line(self) -> dict[str, Any]:
        """Return what its line in the log will say."""
        line: dict[str, Any] = self._scope["hub.line"]
        return line

    @property
    def wants_head(self) -> bool:
        """Say whether only the head of the answer is wanted (HEAD)."""
        return bool(self._scope["method"] == "HEAD")

    async def json(self, decoder: "msgspec.json.Decoder[T]") -> T:
        """Read the body.

        Raises:
            UnsupportedMediaType: It does not say that it is JSON.
            BodyTooLarge, ConnectionEnded: See `Body.read`.
            MalformedBody, InvalidFields: See `faults.decode`.
        """
        check_json(self._door)
        self._read = await self.body.read(self._max_body)
        return faults.decode(self._read, decoder)

    async def confirm(self) -> None:
        """Refuse a caller whose credential has ended since it was shown.

        Raises:
            Unauthenticated: It has; see `Authentication.confirm`.
        """
        if self.body.on_whole is not None:
            await self.body.on_whole()

    def publish(self, events: int) -> None:
        """Count the events of a body against what its principal may write.

        Raises:
            RateLimited: They are more than it may write now; none of them is.
        """
        quota: Quota | None = self._scope.get("hub.quota")
        if quota is not None:
            quota.publish(events)

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
        return IdempotencyKey(scope, hashlib.sha256(self._read).digest()[:16])


def address_of(scope: Scope) -> str:
    """Return the network address that a request came from; empty where there is none."""
    peer = scope.get("client") or ("",)
    return str(peer[0])


def json_decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    """Return the decoder of a body type; made once, at import."""
    return msgspec.json.Decoder(kind)
