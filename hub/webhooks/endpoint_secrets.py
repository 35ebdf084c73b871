"""The secrets of endpoints: keys that sign, headers that may hold a password."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from hub.errors import Conflict
from hub.model.endpoint import Endpoint, SigningKey
from hub.webhooks import signing
from hub.webhooks.envelope import HEADERS, key_field
from hub.webhooks.request import check_headers, header_names


class Sealing(Protocol):
    """Makes secrets unreadable for who has the database alone."""

    def seal(self, plain: bytes, endpoint_id: str, field: str) -> bytes:
        """Return a secret as it is kept; it opens for this field alone."""
        ...

    def open(self, sealed: bytes, endpoint_id: str, field: str) -> bytes:
        """Return a secret as it was."""
        ...


class MadeKey(NamedTuple):
    """A new key as it is kept, and the secret to show; None: there is none to share."""

    key: SigningKey
    secret: str | None


class EndpointSecrets:
    """Makes and seals them."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def new_key(self, endpoint_id: str, kind: signing.Kind, now_us: int) -> MadeKey:
        """Make a key."""
        made = signing.new_key(kind)
        sealed = self._sealing.seal(made.secret.encode(), endpoint_id, key_field(made.id))
        key = SigningKey(made.id, kind, sealed, now_us, made.public)
        return MadeKey(key, made.secret if kind == "v1" else None)

    def opened(self, endpoint: Endpoint, now_us: int) -> list[str]:
        """Return the keys of an endpoint that sign now."""
        live = signing.live(endpoint.keys, now_us)
        return [
            self._sealing.open(key.secret, endpoint.id, key_field(key.id)).decode() for key in live
        ]

    def sealed(self, endpoint_id: str, headers: Mapping[str, str]) -> bytes:
        """Return headers as they are kept.

        Raises:
            InvalidFields: One of them may not be sent.
        """
        if not headers:
            return b""
        return self._sealing.seal(check_headers(headers), endpoint_id, HEADERS)

    def header_names(self, endpoint: Endpoint) -> list[str]:
        """Return the names of its headers."""
        if not endpoint.headers:
            return []
        return header_names(self._sealing.open(endpoint.headers, endpoint.id, HEADERS))


def with_key(
    endpoint: Endpoint, key: SigningKey, *, now_us: int, until_us: int
) -> Sequence[SigningKey]:
    """Return the keys of an endpoint with a new one; the older ones end at a time at most.

    Raises:
        Conflict: So many may not sign at the same time.
    """
    older = [
        msgspec.structs.replace(one, until_us=min(one.until_us or until_us, until_us))
        for one in signing.live(endpoint.keys, now_us)
        if until_us > now_us
    ]
    if len(older) >= signing.MAX_LIVE:
        raise Conflict(
            f"expected fewer than {signing.MAX_LIVE} keys that still sign, got as many: wait for "
            "the end of one, or rotate with overlap_s 0, which ends them at once"
        )
    return (key, *older)
