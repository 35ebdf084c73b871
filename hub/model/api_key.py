"""API keys and revocations: what is kept of a credential. Never a secret, only its hash."""

from collections.abc import Sequence
from typing import NamedTuple

from hub.model.principal import Principal

# What a revoked credential begins with that stands for whatever a principal shows.
SUBJECT = "sub:"
# Stands for every JWT: a key that signs them is gone, and nobody knows which of them it has signed.
ANY_JWT = "jwt"
_JWTS = ("jwt:", SUBJECT)


class ApiKey(NamedTuple):
    """One API key.

    Attributes:
        id: Stands in the key itself and in its credential; no secret.
        name: Of the principal that shows it.
        hash: SHA-256 of the key as it is shown.
        roles: Words of `scope.ROLES`.
        scopes: What of the roles it may do; None: all of it.
        channels: Patterns of the channels it may use; None: any.
        created_by: Name of the principal that made it.
        expires_us: When it ends; None: never.
        last_used_us: To the minute; None: not yet.
        generation: 1, and one more with every rotation.
        old_hash: Of the secret before the last rotation.
        old_until_us: When that one ends, or did.
    """

    id: str
    name: str
    hash: bytes
    roles: tuple[str, ...]
    scopes: tuple[str, ...] | None
    channels: tuple[str, ...] | None
    created_at_us: int
    created_by: str
    expires_us: int | None = None
    revoked_at_us: int | None = None
    last_used_us: int | None = None
    generation: int = 1
    old_hash: bytes | None = None
    old_until_us: int | None = None


class Revocation(NamedTuple):
    """A credential that is refused from a time until another, in microseconds.

    Attributes:
        credential: `key:<id>`, `jwt:<jti>`, or `sub:<name>` for whatever that principal shows.
        at_us: When it was said.
        from_us: When it begins; 0: at once, whatever the clocks of other nodes say.
        until_us: When it ends. Not after `at_us`: it has been lifted.
        seq: Grows with every one; the store gives it.
    """

    credential: str
    at_us: int
    from_us: int
    until_us: int
    seq: int = 0

    @property
    def is_expiry(self) -> bool:
        """Whether it was to end then, in good order: the old secret of a rotated key."""
        return self.from_us > 0

    @property
    def is_lifted(self) -> bool:
        """Whether it only says that an earlier one is over."""
        return self.until_us <= self.at_us


def credential_of(key_id: str, generation: int) -> str:
    """Return the name of a key's secret: `key:<id>`, and after rotations `key:<id>.<generation>`.

    Each generation has its own, so that the end of an old secret ends its connections and no
    others.
    """
    return f"key:{key_id}" if generation == 1 else f"key:{key_id}.{generation}"


def subject_of(name: str) -> str:
    """Return the credential that stands for whatever a principal shows."""
    return f"{SUBJECT}{name}"


def concerns(credential: str, principal: Principal) -> bool:
    """Say whether a revoked credential is this principal's."""
    if credential == ANY_JWT:
        return principal.credential.startswith(_JWTS)
    return credential in {principal.credential, subject_of(principal.name)}


def generations(key: ApiKey) -> Sequence[int]:
    """Return the generations of a key whose secrets may still be remembered somewhere."""
    return (key.generation,) if key.generation == 1 else (key.generation - 1, key.generation)
