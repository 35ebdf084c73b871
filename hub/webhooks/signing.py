"""Signatures by Standard Webhooks 1.0: over the event's id, the second of the attempt and the body.

`v1` is HMAC-SHA256 with a secret that the receiver has too; `v1a` is Ed25519, and the receiver has
the public key: nobody but the hub can have signed. Every live key signs and all signatures go in
one header, so a receiver may change to a new key at any time of the overlap.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.model.endpoint import SigningKey

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SHARED, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
# Bytes of a shared secret: as many as its hash has; the specification asks for 24 to 64.
SHARED_BYTES = 32
SHARED_RANGE = range(24, 65)
SEED_BYTES = 32
# Live keys of an endpoint: each signs each attempt, and a receiver tries them all.
MAX_LIVE = 5
# No dot, or an id that ends in digits could take the second's place in what is signed.
_ID = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,256}")

Kind = Literal["v1", "v1a"]


class NewKey(NamedTuple):
    """A key as it is made: the only time that its secret is not sealed.

    Attributes:
        id: Names it; no secret.
        secret: `whsec_…`, or `whsk_…`, which nobody but the hub is to see.
        public: The public half of an Ed25519 key, 32 bytes; else empty.
    """

    id: str
    kind: Kind
    secret: str
    public: bytes = b""

    @property
    def shown(self) -> str:
        """What the receiver gets: the shared secret or the public key."""
        return public_text(self.public) if self.public else self.secret


def new_key(kind: Kind) -> NewKey:
    """Make a key by the system's random numbers."""
    name = f"wk_{secrets.token_hex(12)}"
    if kind == "v1":
        return NewKey(name, kind, SHARED + _base64(secrets.token_bytes(SHARED_BYTES)))
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    # With its public half, as other senders write it.
    return NewKey(name, kind, PRIVATE + _base64(private.private_bytes_raw() + public), public)


def sign(
    keys: Sequence[str], event_id: str, at_s: int, body: bytes
) -> list[tuple[str, str]]:  # fmt: skip
    """Return the three headers of an attempt.

    Args:
        keys: Secrets as `NewKey.secret` has them, the newest first.
        event_id: The same for each attempt: by it the receiver knows what it has had.
        at_s: Second of the attempt, by Unix time.
        body: The bytes that are sent.

    Raises:
        ValueError: The id may not stand in what is signed, there is no key, or one is not
            readable; the text shows nothing of it.
    """
    if not _ID.fullmatch(event_id):
        raise ValueError(f"expected an id of printable ASCII without a dot, got {event_id!r:.80}")
    if not keys:
        raise ValueError("expected at least one live key, got none")
    content = b"%b.%d.%b" % (event_id.encode(), at_s, body)
    signatures = " ".join([_signature(key, content) for key in keys])
    return [(ID, event_id), (TIMESTAMP, str(at_s)), (SIGNATURE, signatures)]


def live(keys: Iterable[SigningKey], now_us: int) -> list[SigningKey]:
    """Return the keys that sign now."""
    return [key for key in keys if key.until_us is None or key.until_us > now_us]


def public_text(public: bytes) -> str:
    """Return a public key as receivers' libraries take it, `whpk_…`."""
    return PUBLIC + _base64(public)


def key_document(keys: Iterable[SigningKey], now_us: int) -> dict[str, list[dict[str, str]]]:
    """Return the document of `/.well-known/webhook-keys`: a JWK Set (RFC 7517, RFC 8037).

    Each endpoint has keys of its own, and `kid` is the id that its owner is shown. A receiver that
    took every key of the document would take what was signed for somebody else's endpoint.
    """
    shown = [key for key in live(keys, now_us) if key.kind == "v1a" and key.public]
    return {"keys": [_jwk(key) for key in sorted(shown, key=lambda key: key.id)]}


def _jwk(key: SigningKey) -> dict[str, str]:
    x = base64.urlsafe_b64encode(key.public).rstrip(b"=").decode()
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": x,
        "kid": key.id,
        "use": "sig",
        "alg": "EdDSA",
    }


def _signature(key: str, content: bytes) -> str:
    if key.startswith(SHARED):
        return "v1," + _base64(hmac.digest(_shared(key), content, "sha256"))
    if key.startswith(PRIVATE):
        return "v1a," + _base64(_private(key).sign(content))
    raise ValueError(f"expected a key that begins with {SHARED} or {PRIVATE}, got another text")


def _shared(key: str) -> bytes:
    secret = _bytes(key.removeprefix(SHARED))
    if len(secret) not in SHARED_RANGE:
        raise ValueError(f"expected a {SHARED} key of 24 to 64 bytes, got {len(secret)}")
    return secret


# It takes as long as the signature itself.
@lru_cache(maxsize=1024)
def _private(key: str) -> Ed25519PrivateKey:
    secret = _bytes(key.removeprefix(PRIVATE))
    if len(secret) not in (SEED_BYTES, 2 * SEED_BYTES):
        raise ValueError(f"expected a {PRIVATE} key of 32 or 64 bytes, got {len(secret)}")
    private = Ed25519PrivateKey.from_private_bytes(secret[:SEED_BYTES])
    if secret[SEED_BYTES:] not in (b"", private.public_key().public_bytes_raw()):
        # Signing for a public key that is not one's own can give the private one away.
        raise ValueError(f"expected both halves of a {PRIVATE} key to fit, got two keys' halves")
    return private


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        # Not the cause: it may say something about the secret.
        raise ValueError("expected a key in base64, got other characters") from None
