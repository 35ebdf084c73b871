"""Authentication: the one way from a bearer token to a principal.

What was found is remembered until it expires, so a crowd that returns reads no database. Tokens
themselves are not kept, only their hashes: a memory dump holds none.
"""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from hub.auth.guesses import Guesses
from hub.auth.revocation import Revoked
from hub.clock import Clock
from hub.errors import RateLimited, TokenExpired, TokenRevoked, Unauthenticated
from hub.model.api_key import SUBJECT
from hub.model.principal import ANONYMOUS, Principal

# Some 40 MB of principals, and far more than there are clients on a node.
MAX_REMEMBERED = 65_536
# Longer than any key or JWT of ours; what is longer is not even hashed.
MAX_TOKEN = 8 * 1024


class Source(Protocol):
    """One kind of credential."""

    async def find(self, token: str) -> Principal | None:
        """Return who shows this token; None: it is no credential of this kind.

        Raises:
            TokenExpired: It was one until a moment ago.
            Unauthenticated: It is of this kind, but not valid.
        """
        ...


class Authentication:
    """Who may come in, and as whom.

    Args:
        sources: Asked in this order.
        clock: Tells when a token has expired.
        revoked: What is refused although a source knows it; tell `forget` of what joins it.
        guesses: Stands between the sources and who tries tokens out.

    Attributes:
        required: False: AUTH=off, everybody is the same principal.
        seen: Credentials that were shown; whoever notes it takes them out.
        failures: How many credentials, tickets too, were refused, by the code that was told.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        clock: Clock,
        *,
        required: bool,
        revoked: Revoked | None = None,
        guesses: Guesses | None = None,
    ) -> None:
        self.required = required
        self.seen: set[str] = set()
        self.failures: Counter[str] = Counter()
        self._sources = sources
        self._clock = clock
        self._revoked = Revoked(clock) if revoked is None else revoked
        self._guesses = guesses or Guesses(clock)
        self._remembered: OrderedDict[bytes, Principal] = OrderedDict()
        self._forgotten = 0

    def remembered(self, token: str | None) -> Principal | None:
        """Return the principal of a token that was seen before; None: ask `find`.

        Raises:
            TokenExpired: It was one until a moment ago.
        """
        if not self.required:
            return ANONYMOUS
        if token is None or len(token) > MAX_TOKEN:
            return None
        found = self._remembered.get(_hash(token))
        if found is not None:
            try:
                check_expiry(found, self._clock.now_us())
            except TokenExpired as failure:
                self.failures[failure.code] += 1
                raise
            self.seen.add(found.credential)
        return found

    async def find(self, token: str | None, address: str = "") -> Principal:
        """Return the principal of a token; `address` is where it came from, empty: this machine.

        Raises:
            RateLimited: Too many came from there that nobody knows.
            TokenExpired: It was one until a moment ago.
            Unauthenticated: No token, or none that is valid.
        """
        known = self.remembered(token)
        if known is not None:
            return known
        if token is None:
            raise Unauthenticated("expected Authorization: Bearer and a token, got none")
        try:
            return await self._sought(token, address)
        except (RateLimited, Unauthenticated) as failure:
            # Also what is not looked up any more: else who tries thousands out would look harmless.
            self.failures[failure.code] += 1
            raise

    async def _sought(self, token: str, address: str) -> Principal:
        if len(token) > MAX_TOKEN:
            raise Unauthenticated(f"expected a token of at most {MAX_TOKEN} bytes, got a longer")
        with self._guesses.watch(address, _hash(token)):
            principal = await self._look(token)
        # Good ones once: who shows one of these guesses nothing.
        check_expiry(principal, self._clock.now_us())
        self._revoked.check(principal)
        self._remember(token, principal)
        self.seen.add(principal.credential)
        return principal

    @contextmanager
    def watch(self, shown: str, address: str) -> Iterator[None]:
        """Count against an address what is shown there and found inside to be nobody's.

        Raises:
            RateLimited, Unauthenticated: See `Guesses.watch`.
        """
        try:
            with self._guesses.watch(address, _hash(shown)):
                yield
        except (RateLimited, Unauthenticated) as failure:
            self.failures[failure.code] += 1
            raise

    def forget(self, credential: str) -> None:
        """Let a credential be looked up again; it was revoked or changed."""
        self._forgotten += 1
        remembered = self._remembered.items()
        if credential.startswith(SUBJECT):
            name = credential.removeprefix(SUBJECT)
            gone = [key for key, one in remembered if one.name == name]
        else:
            gone = [key for key, one in remembered if one.credential == credential]
        for key in gone:
            del self._remembered[key]

    def forget_all(self) -> None:
        """Let every credential be looked up again; keys are others than before."""
        self._forgotten += 1
        self._remembered.clear()
        self._guesses.renew()

    @property
    def changes(self) -> int:
        """Return how often something was revoked or changed; what was found before may be over."""
        return self._forgotten

    def check(self, principal: Principal) -> None:
        """Refuse who was found a moment ago and has been revoked, or has expired, since.

        Raises:
            TokenExpired, TokenRevoked: It has.
        """
        if self.required:
            check_expiry(principal, self._clock.now_us())
            self._revoked.check(principal)

    def is_over(self, principal: Principal) -> bool:
        """Say whether a principal's time has ended."""
        return principal.expires_us is not None and self._clock.now_us() >= principal.expires_us

    async def confirm(self, principal: Principal, token: str | None, address: str) -> None:
        """Refuse who was somebody a while ago and is not any more; see `find`.

        Raises:
            TokenRevoked: The token stands for another by now, or for less.
            RateLimited, TokenExpired, Unauthenticated: See `find`.
        """
        found = await self.find(token, address)
        # A rotated key goes on until its overlap ends.
        if found._replace(expires_us=principal.expires_us) != principal:
            raise TokenRevoked("expected a token that stays what it is, got one that was changed")

    async def _look(self, token: str) -> Principal:
        """Ask the sources, again where something was revoked meanwhile.

        What a source has read before that must not be remembered after it, for ever.
        """
        while True:
            before = self._forgotten
            for source in self._sources:
                principal = await source.find(token)
                if principal is not None:
                    break
            else:
                raise Unauthenticated("expected a token that this hub knows, got another")
            if self._forgotten == before:
                return principal

    def _remember(self, token: str, principal: Principal) -> None:
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        self._remembered[_hash(token)] = principal


def check_expiry(principal: Principal, now_us: int) -> None:
    """Refuse a principal whose time is over.

    Raises:
        TokenExpired: It is.
    """
    if principal.expires_us is not None and now_us >= principal.expires_us:
        raise TokenExpired("expected a token that is still valid, got one that has expired")


def bearer(header: str | None) -> str | None:
    """Return the token of an `Authorization` header (RFC 6750, 2.1); None where there is none.

    Raises:
        Unauthenticated: It is of another scheme, or of no form.
    """
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or not token.isascii() or " " in token:
        raise Unauthenticated("expected Authorization: Bearer and a token, got another form")
    return token


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
