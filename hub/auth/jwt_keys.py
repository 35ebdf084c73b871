"""Keys of JWTs: which there are, and the one algorithm that each is for.

A key decides how a token is verified, never the token: else who knows a public key could sign
with it as if it were a secret, or not at all (RFC 8725, 3.1; CWE-347).
"""

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey

from hub.errors import Misconfigured

HS256, RS256, ES256 = "HS256", "RS256", "ES256"
# What a key server's keys can be for.
SERVED = frozenset({RS256, ES256})
# RFC 7518, 3.3, and as large as anybody makes them: verifying costs the square of it.
RSA_BITS = range(2048, 4097)
# Of a document that somebody else wrote.
MAX_KEYS = 100
MAX_KID = 256
_PEM_END = "-----END PUBLIC KEY-----"


class Key(NamedTuple):
    """One key.

    Attributes:
        alg: The algorithm that it is for.
        key: Its material; shows nothing of it when printed.
        kid: Its name in the key server's document; None: it has none.
    """

    alg: str
    key: OctKey | RSAKey | ECKey
    kid: str | None = None


class KeyTable(NamedTuple):
    """All keys.

    Attributes:
        own: Out of the settings: a secret, those before it, public keys.
        served: Out of the key server's document.
    """

    own: Sequence[Key] = ()
    served: Sequence[Key] = ()

    def candidates(self, kid: str | None) -> Sequence[Key]:
        """Return the keys that may have signed a token that names this key.

        Our own have no names, so whatever name a token gives is passed over for them. One that
        names none may be of a key server that has only one (OpenID Connect Core 1.0, 10.1).
        """
        if kid is None:
            return [*self.own, *(self.served if len(self.served) == 1 else ())]
        return [*self.own, *(key for key in self.served if key.kid == kid)]

    def serves(self, kid: str | None) -> bool:
        """Say whether the key server has a key of this name, or any for a token without one."""
        return any(kid in {None, key.kid} for key in self.served)


def names(keys: Iterable[Key]) -> frozenset[str]:
    """Return the thumbprints of keys (RFC 7638): equal keys have equal ones."""
    return frozenset(key.key.thumbprint() for key in keys)


def secret_key(secret: str) -> Key:
    """Return the key of JWT_SECRET: its bytes as they stand.

    Raises:
        Misconfigured: It is a public key, which everybody knows.
    """
    try:
        return Key(HS256, OctKey.import_key(secret.encode()))
    except (JoseError, ValueError):
        raise Misconfigured("JWT_SECRET: expected a secret, got a public key") from None


def public_keys(pem: str) -> Sequence[Key]:
    """Return the keys of JWT_PUBLIC_KEY: one or more as PEM.

    Raises:
        Misconfigured: Something in it is no public key, or of a kind that we do not take.
    """
    # Settings in one line are written with `\\n`.
    text = pem.replace("\\n", "\n").strip()
    if "PRIVATE KEY" in text:
        raise Misconfigured("JWT_PUBLIC_KEY: expected public keys, got a private one")
    blocks = [block.strip() for block in text.split(_PEM_END)]
    if blocks.pop() or not blocks:
        raise Misconfigured("JWT_PUBLIC_KEY: expected PEM with BEGIN PUBLIC KEY, got another form")
    return [_public_key(f"{block}\n{_PEM_END}\n") for block in blocks]


def _public_key(pem: str) -> Key:
    for kind in (RSAKey, ECKey):
        try:
            with _quietly():
                key = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        alg = _algorithm(key)
        if alg is not None:
            return Key(alg, key)
    raise Misconfigured(
        "JWT_PUBLIC_KEY: expected RSA of 2048 to 4096 bits or EC of the curve P-256, got another"
    )


def _algorithm(key: RSAKey | ECKey) -> str | None:
    if isinstance(key, ECKey):
        return ES256 if key.curve_name == "P-256" else None
    return RS256 if key.public_key.key_size in RSA_BITS else None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Import a key without joserfc's warnings of small ones: we do not take those."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield


class _Jwk(msgspec.Struct):
    """What we read of a JSON Web Key (RFC 7517)."""

    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    key_ops: list[str] | None = None
    n: str = ""
    e: str = ""
    crv: str = ""
    x: str = ""
    y: str = ""
    d: Any = None


class _Document(msgspec.Struct):
    keys: list[msgspec.Raw]


def served_keys(document: bytes) -> Sequence[Key]:
    """Return the keys of a key server's document that we can use; others are passed over.

    Symmetric keys among those: a secret that is served is none. And private ones, which somebody
    has published by mistake.

    Raises:
        ValueError: It is no JWK Set.
    """
    try:
        found = msgspec.json.decode(document, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("expected a JWK Set, got something else") from error
    return list(_usable(found.keys[:MAX_KEYS]))


def _usable(raw: Sequence[msgspec.Raw]) -> Iterator[Key]:
    for one in raw:
        try:
            jwk = msgspec.json.decode(one, type=_Jwk)
            with _quietly():
                key = _served_key(jwk)
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
        if key is not None:
            yield key


def _served_key(jwk: _Jwk) -> Key | None:
    if jwk.use not in {None, "sig"} or jwk.d is not None or len(jwk.kid or "") > MAX_KID:
        return None
    if jwk.key_ops is not None and "verify" not in jwk.key_ops:
        return None
    key: RSAKey | ECKey
    if jwk.kty == "RSA":
        # Before a number of a million digits is made of it.
        if len(jwk.n) > RSA_BITS.stop // 4 or len(jwk.e) > MAX_KID:
            return None
        key = RSAKey.import_key({"kty": "RSA", "n": jwk.n, "e": jwk.e})
    elif jwk.kty == "EC" and jwk.crv == "P-256":
        key = ECKey.import_key({"kty": "EC", "crv": jwk.crv, "x": jwk.x, "y": jwk.y})
    else:
        return None
    alg = _algorithm(key)
    return Key(alg, key, jwk.kid) if alg is not None and jwk.alg in {None, alg} else None
