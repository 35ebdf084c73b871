"""API keys: `hub_<id>_<secret>`, how they are made, told apart and believed.

The secret has 256 bits, so a fast hash is enough: nobody can try that many. Its last six characters
check the rest, so a typo is told from an unknown key without a look into the database.
"""

import re
from hashlib import sha256
from hmac import compare_digest
from zlib import crc32

from hub.auth.authentication import check_expiry
from hub.clock import Clock
from hub.errors import TokenExpired, TokenRevoked, Unauthenticated
from hub.model.api_key import ApiKey, credential_of
from hub.model.principal import Principal
from hub.model.scope import scopes_of
from hub.stores.credentials import Credentials

PREFIX = "hub_"
# Random bytes that a key is made of: those of its id, and those of its secret.
ID_BYTES, SECRET_BYTES = 9, 32
ID_LENGTH, SECRET_LENGTH, CHECK_LENGTH = 12, 43, 6

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(rf"hub_([0-9A-Za-z]{{{ID_LENGTH}}})_([0-9A-Za-z]+)")


def make_id(entropy: bytes) -> str:
    """Return the id of a new key, from `ID_BYTES` random bytes."""
    return base62(int.from_bytes(entropy), ID_LENGTH)


def make_token(key_id: str, entropy: bytes) -> str:
    """Return a key to show, once, from `SECRET_BYTES` random bytes."""
    told = f"{PREFIX}{key_id}_{base62(int.from_bytes(entropy), SECRET_LENGTH)}"
    return told + _check_of(told)


def id_of(token: str) -> str | None:
    """Return the id in a key; None: it is no key of a hub.

    Raises:
        Unauthenticated: It begins like one, but was mistyped or cut off.
    """
    if not token.startswith(PREFIX):
        return None
    found = _FORM.fullmatch(token)
    if found is None or len(found[2]) != SECRET_LENGTH + CHECK_LENGTH:
        raise Unauthenticated("expected a whole key hub_<id>_<secret>, got a part or another form")
    if _check_of(token[:-CHECK_LENGTH]) != token[-CHECK_LENGTH:]:
        raise Unauthenticated("expected a key as it was shown, got one with a character changed")
    return found[1]


def hash_of(token: str) -> bytes:
    """Return what is kept of a key, or of a ticket."""
    return sha256(token.encode()).digest()


def believe(key: ApiKey | None, token: str, now_us: int) -> Principal:
    """Return the principal of a key that was shown.

    Why it is refused is told to nobody but who has the secret: an unknown id and a wrong secret
    look alike.

    Raises:
        TokenExpired: Its time is over, or that of its secret since a rotation.
        TokenRevoked: Somebody has taken it back.
        Unauthenticated: It is not known.
    """
    digest = hash_of(token)
    current = key is not None and compare_digest(key.hash, digest)
    old = key is not None and key.old_hash is not None and compare_digest(key.old_hash, digest)
    if key is None or not (current or old):
        raise Unauthenticated("expected a key that this hub knows, got another")
    if key.revoked_at_us is not None:
        raise TokenRevoked("expected a key that is in use, got one that was revoked")
    if current:
        principal = principal_of(key, key.generation, key.expires_us)
        check_expiry(principal, now_us)
        return principal
    ends = [end for end in (key.expires_us, key.old_until_us) if end is not None]
    principal = principal_of(key, key.generation - 1, min(ends))
    try:
        check_expiry(principal, now_us)
    except TokenExpired:
        raise TokenExpired("expected the key's new secret, got the one before") from None
    return principal


def principal_of(key: ApiKey, generation: int, expires_us: int | None) -> Principal:
    """Return who shows a key."""
    allowed = scopes_of(key.roles)
    if key.scopes is not None:
        # A role that has lost a scope since then takes it from its keys too.
        allowed = frozenset(key.scopes) & allowed if key.roles else frozenset(key.scopes)
    credential = credential_of(key.id, generation)
    return Principal(key.name, key.roles, allowed, key.channels, expires_us, credential)


class KeySource:
    """API keys as a source of principals; see `authentication.Source`.

    Args:
        credentials: Where they are.
        clock: Tells when one has expired.
    """

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock

    async def find(self, token: str) -> Principal | None:
        """Return who shows this token; None: it is no key.

        Raises:
            TokenExpired, TokenRevoked, Unauthenticated: See `believe`.
            LogUnavailable: The database cannot be read.
        """
        key_id = id_of(token)
        if key_id is None:
            return None
        return believe(await self._credentials.key(key_id), token, self._clock.now_us())


def base62(number: int, length: int) -> str:
    """Return the last digits of a number in base 62."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _check_of(told: str) -> str:
    return base62(crc32(told.encode()), CHECK_LENGTH)
