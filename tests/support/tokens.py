"""JWTs for tests: signed properly, and signed by nobody."""

import base64
import json
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from hub.auth.jwt_keys import Key, secret_key

SECRET = "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4uXo6iPq1w"  # noqa: S105 made for tests
NOW_S = 1_800_000_000
NOW_US = NOW_S * 1_000_000
# Made once: RSA takes its time.
RSA, OTHER_RSA = (RSAKey.generate_key(2048) for _ in range(2))
EC, OTHER_EC, LARGE_EC = (ECKey.generate_key(curve) for curve in ("P-256", "P-256", "P-384"))
ALGORITHMS = {"oct": "HS256", "RSA": "RS256", "EC": "ES256"}

AnyKey = OctKey | RSAKey | ECKey


def token(
    key: AnyKey | Key | None = None, header: dict[str, Any] | None = None, **claims: Any
) -> str:
    """Return a token that is good for a minute, but for what is said here; None leaves out."""
    if key is None:
        key = secret_key(SECRET)
    material = key.key if isinstance(key, Key) else key
    said = {"sub": "alice", "exp": NOW_S + 60, "roles": ["user"], **claims}
    said = {name: value for name, value in said.items() if value is not None}
    head = {"alg": ALGORITHMS[material.key_type], **(header or {})}
    return jwt.encode(head, said, material, algorithms=list(ALGORITHMS.values()))


def raw(header: Any, claims: Any, signature: str = "") -> str:
    """Return a token of these parts as they stand."""
    return f"{part(header)}.{part(claims)}.{signature}"


def part(value: Any) -> str:
    """Return one part of a token."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def pem(key: RSAKey | ECKey) -> str:
    """Return the public key as PEM."""
    return key.as_pem(private=False).decode()


def document(*keys: RSAKey | ECKey, **more: Any) -> dict[str, Any]:
    """Return what a key server says of its keys, `k0` and so on."""
    named = [{**key.as_dict(private=False), "kid": f"k{i}", **more} for i, key in enumerate(keys)]
    return {"keys": named}
