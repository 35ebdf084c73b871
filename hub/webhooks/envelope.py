"""The envelope: secrets as they stand in the database, sealed by AES-256-GCM.

What is sealed is bound to the endpoint and the field that it is of, so nobody who writes the
database can move one endpoint's secret to another. It names the key that sealed it. A ring holds
several and the first one seals: a new one is put first, all is rewrapped, then the old one goes.

    0x01 | length of the key's id | id | nonce, 12 bytes | ciphertext and tag
"""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import Misconfigured
from hub.model.endpoint import Endpoint, SigningKey

KEY_BYTES = 32
NONCE_BYTES = 12
MAX_KEYS = 100
HEADERS = "headers"
_FORM = 1
_TAG_BYTES = 16
_NAME = "HUB_WEBHOOK_SECRET_KEYS"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class CannotOpen(Exception):
    """What is sealed cannot be read; the text says why, and holds nothing secret."""


class Ring(NamedTuple):
    """Keys by their id.

    Attributes:
        sealing: The id of the one that seals.
    """

    sealing: str
    keys: Mapping[str, AESGCM]

    def __repr__(self) -> str:
        return f"Ring({self.sealing}, {len(self.keys)} keys)"

    def seal(self, plain: bytes, endpoint_id: str, field: str) -> bytes:
        """Seal a secret, each time by other random numbers."""
        kid = self.sealing.encode()
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self.keys[self.sealing].encrypt(nonce, plain, _bound(endpoint_id, field, kid))
        return b"%c%c%b%b%b" % (_FORM, len(kid), kid, nonce, sealed)

    def open(self, sealed: bytes, endpoint_id: str, field: str) -> bytes:
        """Return what was sealed for this field of this endpoint.

        Raises:
            CannotOpen: Its key is not in the ring, or it was changed or is of another place.
        """
        kid, rest = _parts(sealed)
        key = self.keys.get(kid.decode("ascii", "replace"))
        if key is None:
            raise CannotOpen(f"sealed by the key {kid[:64]!r}, which {_NAME} does not have")
        try:
            return key.decrypt(
                rest[:NONCE_BYTES], rest[NONCE_BYTES:], _bound(endpoint_id, field, kid)
            )
        except InvalidTag:
            raise CannotOpen(
                f"it was changed, moved, or sealed by another key of the name {kid[:64]!r}"
            ) from None

    def is_current(self, sealed: bytes) -> bool:
        """Say whether the key that seals now has sealed this."""
        return _parts(sealed)[0] == self.sealing.encode()

    def rewrap(self, sealed: bytes, endpoint_id: str, field: str) -> bytes:
        """Seal by the key that seals now; what it has sealed stays as it is.

        Raises:
            CannotOpen: See `open`.
        """
        plain = self.open(sealed, endpoint_id, field)
        return sealed if self.is_current(sealed) else self.seal(plain, endpoint_id, field)

    def rewrap_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Return an endpoint with all its secrets rewrapped; the same object if they all are.

        Raises:
            CannotOpen: Of one of them.
        """
        keys = tuple(self._rewrap_key(endpoint.id, key) for key in endpoint.keys)
        headers = endpoint.headers
        if headers:
            headers = self.rewrap(headers, endpoint.id, HEADERS)
        if keys == endpoint.keys and headers == endpoint.headers:
            return endpoint
        return msgspec.structs.replace(endpoint, keys=keys, headers=headers)

    def _rewrap_key(self, endpoint_id: str, key: SigningKey) -> SigningKey:
        secret = self.rewrap(key.secret, endpoint_id, key_field(key.id))
        return msgspec.structs.replace(key, secret=secret)


def key_field(key_id: str) -> str:
    """Return the name of the field that holds a signing key's secret."""
    return f"keys/{key_id}"


def new_line() -> str:
    """Return a new key as it stands in the settings: its id and 32 random bytes."""
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return f"k{secrets.token_hex(4)}:{key}"


def read_ring(text: str, name: str = _NAME) -> Ring:
    """Read keys, `id:base64`, separated by commas or lines.

    Raises:
        Misconfigured: With what is wrong, never with a key.
    """
    words = [word.strip() for word in re.split(r"[,\n]", text)]
    keys: dict[str, AESGCM] = {}
    for number, word in enumerate(filter(None, words), start=1):
        kid, colon, encoded = word.partition(":")
        if not colon or not _ID.fullmatch(kid):
            # Without it: whoever forgets the id has written a key there.
            raise Misconfigured(f"{name}: expected id:base64 of 32 bytes as key {number}, got none")
        if kid in keys:
            raise Misconfigured(f"{name}: expected each id once, got {kid} twice")
        keys[kid] = AESGCM(_key(encoded, name, kid))
    if not keys or len(keys) > MAX_KEYS:
        raise Misconfigured(f"{name}: expected 1 to {MAX_KEYS} keys, got {len(keys)}")
    return Ring(next(iter(keys)), keys)


def _key(encoded: str, name: str, kid: str) -> bytes:
    try:
        key = base64.b64decode(encoded.strip().replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        raise Misconfigured(f"{name}: expected base64 behind {kid}:, got other letters") from None
    if len(key) != KEY_BYTES:
        raise Misconfigured(f"{name}: expected 32 bytes behind {kid}:, got {len(key)}")
    if len(set(key)) < KEY_BYTES // 4:
        raise Misconfigured(f"{name}: expected random bytes behind {kid}:, got a pattern")
    return key


def _parts(sealed: bytes) -> tuple[bytes, bytes]:
    length = sealed[1] if len(sealed) > 1 and sealed[0] == _FORM else 0
    rest = sealed[2 + length :]
    if not length or len(rest) < NONCE_BYTES + _TAG_BYTES:
        raise CannotOpen("it is no envelope")
    return sealed[2 : 2 + length], rest


def _bound(endpoint_id: str, field: str, kid: bytes) -> bytes:
    """Return what is not secret but may not be changed."""
    return b"\0".join((b"hub webhooks", endpoint_id.encode(), field.encode(), kid))
