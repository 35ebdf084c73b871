"""JWTs as credentials: signed by a key of ours or of a key server that we trust.

The signature is checked by joserfc; what may be in a header, which key and which algorithm count
is decided here (RFC 8725). A token is never shown, nor is a part of it.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from hub.auth.claims import Terms, principal_of, read_claims
from hub.auth.jwt_keys import SERVED, Key, KeyTable, names
from hub.clock import Clock
from hub.errors import HubError, Unauthenticated, Unavailable
from hub.model.principal import Principal

PARTS = 3
MAX_HEADER = 2048
# They bring a key or an address of one, or change what is signed.
REFUSED_HEADERS = ("crit", "b64", "zip", "jku", "jwk", "x5u", "x5c")
# Tokens for other ends (logout, proof of possession) say so here (RFC 8725, 3.11).
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})


class Header(NamedTuple):
    """What a token says of its signature: nothing that is believed."""

    alg: str
    kid: str | None


class Served(Protocol):
    """The key server, as far as a token can make us ask it."""

    @property
    def keys(self) -> Sequence[Key]:
        """The last good ones; empty until it has answered."""
        ...

    @property
    def is_silent(self) -> bool:
        """Whether it did not answer when it was asked last."""
        ...

    async def look(self) -> float:
        """Ask it again, unless that was done a moment ago.

        Returns:
            0 when it was asked; else in how many seconds it may be.

        Raises:
            Unavailable: Too many wait for its answer.
        """
        ...


class JwtSource:
    """Tells who shows a JWT; an `authentication.Source`.

    Args:
        terms: Whose tokens for whom.
        own: Keys out of the settings.
        served: The key server; None: there is none.
        clock: Tells when a token has expired.
    """

    def __init__(
        self, terms: Terms, own: Sequence[Key], served: Served | None, clock: Clock
    ) -> None:
        self._terms = terms
        self._own = own
        self._served = served
        self._clock = clock

    def adopt(self, terms: Terms, own: Sequence[Key]) -> bool:
        """Go on with other terms and keys; say whether a token may be refused that was not."""
        stricter = terms != self._terms or bool(names(self._own) - names(own))
        self._terms, self._own = terms, own
        return stricter

    async def find(self, token: str) -> Principal | None:
        """Return who shows this token; None: it is no JWT, or there is no key of any.

        Raises:
            TokenExpired: It was good until a moment ago.
            Unauthenticated: It is not good; says what was expected and what came.
            Unavailable: The key server does not answer, or was asked before the token came, so
                that nobody can tell.
        """
        header = read_header(token)
        if header is None or (self._served is None and not self._own):
            return None
        try:
            payload = signed(token, header, self._table())
        except Unauthenticated:
            if not await self._learn(header):
                raise
            payload = signed(token, header, self._table())
        return principal_of(read_claims(payload), self._terms, self._clock.now_us())

    async def _learn(self, header: Header) -> bool:
        """Ask the key server where it may have the key; return whether there is news of it."""
        served = self._served
        if served is None or header.alg not in SERVED or self._table().serves(header.kid):
            return False
        rests_s = await served.look()
        if self._table().serves(header.kid):
            return True
        # A client that is told 401 would not come back.
        if served.is_silent:
            raise Unavailable("expected the key of a token, got no answer from JWKS_URL")
        if rests_s:
            # Somebody who makes names up must not have those refused whose key is a new one.
            text = "expected the key of a token, got none from JWKS_URL as it was a moment ago"
            raise Unavailable(text, retry_after_ms=math.ceil(rests_s * 1000))
        return False

    def _table(self) -> KeyTable:
        return KeyTable(self._own, () if self._served is None else self._served.keys)


def read_header(token: str) -> Header | None:
    """Return what a token says of its signature; None: it is no JWT at all.

    Raises:
        Unauthenticated: It is one that nobody should trust.
    """
    parts = token.split(".")
    if len(parts) != PARTS or len(parts[0]) > MAX_HEADER:
        return None
    try:
        found = msgspec.json.decode(urlsafe_b64decode(parts[0].encode()), type=dict[str, Any])
    except (ValueError, RecursionError):
        return None
    if "alg" not in found:
        return None
    _check_header(found)
    return Header(found["alg"], found.get("kid"))


def _check_header(found: dict[str, Any]) -> None:
    for name in REFUSED_HEADERS:
        if name in found:
            raise Unauthenticated(f"expected a token without the header {name}, got one with it")
    if not all(isinstance(found.get(name, ""), str) for name in ("alg", "kid", "typ")):
        raise Unauthenticated("expected alg, kid and typ of a token as texts, got other kinds")
    if found.get("typ", "jwt").lower() not in _TYPES:
        raise Unauthenticated("expected typ JWT or at+jwt of a token, got another")


def verify(token: str, keys: KeyTable, terms: Terms, now_us: int) -> Principal:
    """Return whom a token stands for, by these keys, now.

    Raises:
        TokenExpired: It was good until a moment ago.
        Unauthenticated: It is not good.
    """
    header = read_header(token)
    if header is None:
        raise Unauthenticated("expected a JWT of three parts, got another form")
    return principal_of(read_claims(signed(token, header, keys)), terms, now_us)


def signed(token: str, header: Header, keys: KeyTable) -> bytes:
    """Return what one of the keys has signed.

    Raises:
        Unauthenticated: None of them has signed this.
    """
    candidates = keys.candidates(header.kid)
    if not candidates:
        raise Unauthenticated("expected a token of a key that is known, got one of another")
    fitting = [key for key in candidates if key.alg == header.alg]
    if not fitting:
        expected = " or ".join(sorted({key.alg for key in candidates}))
        got = header.alg[:20] if header.alg.isalnum() and header.alg.isascii() else "another"
        raise Unauthenticated(f"expected a token signed by {expected}, got {got}")
    for key in fitting:
        payload = _payload(token, key)
        if payload is not None:
            return payload
    raise Unauthenticated("expected a signature by a key that is known, got another")


def explain(token: str, keys: KeyTable, terms: Terms, now_us: int) -> str | None:
    """Return why a token would be refused; None: it would not."""
    try:
        verify(token, keys, terms, now_us)
    except HubError as error:
        return str(error)
    return None


def _payload(token: str, key: Key) -> bytes | None:
    """Return what is signed; None where this key has not signed it."""
    registry = jws.JWSRegistry(algorithms=[key.alg], strict_check_header=False)
    try:
        return jws.deserialize_compact(token, key.key, registry=registry).payload
    except (JoseError, ValueError, TypeError, RecursionError):
        return None
