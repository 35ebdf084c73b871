"""The static key: API_KEY of the environment, for small set-ups and for the first start."""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from hub.errors import Misconfigured
from hub.model.principal import Principal
from hub.model.scope import ROLES, scopes_of

NAME = CREDENTIAL = "static"


class StaticKeySource:
    """A few keys that are all the same principal; see `authentication.Source`.

    Args:
        keys: The old and the new one while they are changed, else one.
        roles: What they allow.

    Raises:
        Misconfigured: One of the roles is none.
    """

    def __init__(self, keys: Sequence[str], roles: Sequence[str]) -> None:
        for role in roles or [""]:
            if role not in ROLES:
                expected = f"roles, some of {', '.join(ROLES)}"
                raise Misconfigured(f"HUB_API_KEY_ROLES: expected {expected}, got {role[:80]!r}")
        # Hashes: a dump of the memory shows no key, and those that are compared are as long.
        self._hashes = [_hash(key) for key in keys]
        self._principal = Principal(NAME, tuple(roles), scopes_of(roles), None, None, CREDENTIAL)

    async def find(self, token: str) -> Principal | None:
        """Return the principal where this is one of the keys; how near it is takes no time."""
        shown = _hash(token)
        # Every one is compared, whichever fits.
        fits = [compare_digest(shown, kept) for kept in self._hashes]
        return self._principal if any(fits) else None


def _hash(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()
