"""What a receiver checks signatures with: shared secrets, and public keys of a hub.

`v1` is HMAC-SHA256 under a `whsec_` secret, `v1a` Ed25519 under a `whpk_` public key
(Standard Webhooks 1.0.0), which a hub also publishes as a JWK (RFC 8037).
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Secret = str | Mapping[str, Any]
"""`whsec_…`, `whpk_…`, or the JWK of an Ed25519 key."""

MIN_SECRET, MAX_SECRET = 24, 64
PUBLIC_KEY = 32
_SHARED, _PUBLIC = "whsec_", "whpk_"
_MISSING = "checking v1a needs cryptography: pip install 'hub-client[encryption]'"


class Key(Protocol):
    """Checks the signatures of one version."""

    @property
    def version(self) -> str:
        """Return the word before the comma: `v1` or `v1a`."""
        ...

    def verifies(self, message: bytes, signature: str) -> bool:
        """Say whether this is the message's signature, base64. Never raises."""
        ...


class SharedSecret:
    """HMAC-SHA256; who can check can also sign."""

    version = "v1"

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def verifies(self, message: bytes, signature: str) -> bool:
        """Compare in constant time."""
        expected = base64.b64encode(hmac.digest(self._secret, message, "sha256"))
        return hmac.compare_digest(expected, signature.encode(errors="replace"))


class PublicKey:
    """Ed25519; who can check cannot sign.

    Raises:
        ModuleNotFoundError: `cryptography` is not installed.
    """

    version = "v1a"

    def __init__(self, public: bytes) -> None:
        try:
            from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra
            from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
                Ed25519PublicKey,
            )
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(_MISSING, name=error.name) from error
        self._key = Ed25519PublicKey.from_public_bytes(public)
        self._wrong = InvalidSignature

    def verifies(self, message: bytes, signature: str) -> bool:
        """Check it; what is no base64 is wrong, too."""
        try:
            self._key.verify(base64.b64decode(signature, validate=True), message)
        except (self._wrong, ValueError):
            return False
        return True


def keys_of(secret: Secret | Sequence[Secret | None]) -> list[Key]:
    """Return the keys that any of these stand for.

    None and empty texts are passed over, so that the old secret of a rotation may be a variable
    that is not set.

    Raises:
        ValueError: One is no secret, or there is none at all. It does not show the secret.
        ModuleNotFoundError: There is a public key, and `cryptography` is not installed.
    """
    given = [secret] if isinstance(secret, str | Mapping) else secret
    keys = [_key(one) for one in given if one]
    if not keys:
        raise ValueError("expected a secret such as whsec_…, got none")
    return keys


def _key(secret: Secret) -> Key:
    return _of_text(secret.strip()) if isinstance(secret, str) else PublicKey(_public(secret))


def _of_text(text: str) -> Key:
    if text.startswith(_SHARED):
        raw = _base64(text.removeprefix(_SHARED))
        if MIN_SECRET <= len(raw) <= MAX_SECRET:
            return SharedSecret(raw)
        raise ValueError(f"expected whsec_ with 24 to 64 bytes in base64, got {len(raw)} bytes")
    if text.startswith(_PUBLIC):
        raw = _base64(text.removeprefix(_PUBLIC))
        if len(raw) == PUBLIC_KEY:
            return PublicKey(raw)
        raise ValueError(f"expected whpk_ with 32 bytes in base64, got {len(raw)} bytes")
    raise ValueError("expected a secret that begins with whsec_ or whpk_, got another text")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("expected base64 after whsec_ or whpk_, got something else") from None


def _public(jwk: Mapping[str, Any]) -> bytes:
    if "keys" in jwk:
        # They sign for other endpoints of the hub, too: their owners could send us what they got.
        raise ValueError("expected the JWK of this endpoint's key, by its kid, got a whole JWK set")
    if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
        raise ValueError(f"expected a JWK of kty OKP and crv Ed25519, got kty {jwk.get('kty')!r}")
    try:
        raw = base64.urlsafe_b64decode(f"{jwk.get('x')}===")
    except ValueError:
        raw = b""
    if len(raw) != PUBLIC_KEY:
        raise ValueError("expected a JWK with 32 bytes in base64url as x, got something else")
    return raw
