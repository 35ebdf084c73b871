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

    Each has a credential of its own, so that the end of one ends what was opened with it alone.

    Args:
        keys: The old and the new one while they are changed, else one.
        roles: What they allow.

    Raises:
        Misconfigured: One of the roles is none.
    """

    def __init__(self, keys: Sequence[str], roles: Sequence[str]) -> None:
        # Hashes: a dump of the memory shows no key, and those that are compared are as long.
        self._principals: dict[bytes, Principal] = {}
        self.adopt(keys, roles)

    def adopt(self, keys: Sequence[str], roles: Sequence[str]) -> Sequence[str]:
        """Go by these from now on; return the credentials that are not good any more.

        Raises:
            Misconfigured: One of the roles is none; those before count on.
        """
        for role in roles or [""]:
            if role not in ROLES:
                expected = f"roles, some of {', '.join(ROLES)}"
                raise Misconfigured(f"HUB_API_KEY_ROLES: expected {expected}, got {role[:80]!r}")
        before = self._principals
        self._principals = {_hash(key): _principal(key, roles) for key in keys}
        return [one.credential for key, one in before.items() if self._principals.get(key) != one]

    async def find(self, token: str) -> Principal | None:
        """Return the principal where this is one of the keys; how near it is takes no time."""
        shown = _hash(token)
        # Every one is compared, whichever fits.
        fits = [one for key, one in self._principals.items() if compare_digest(shown, key)]
        return fits[0] if fits else None


def _principal(key: str, roles: Sequence[str]) -> Principal:
    credential = f"{CREDENTIAL}:{_hash(key).hex()[:8]}"
    return Principal(NAME, tuple(roles), scopes_of(roles), None, None, credential)


def _hash(key: str) -> bytes:
    return sha256(key.encode("utf-8", "surrogatepass")).digest()
