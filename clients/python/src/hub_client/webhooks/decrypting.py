"""`decrypt_webhook`: what a hub made unreadable for the way, read by who has the private key.

Encrypted is the whole body, a compact JWE (RFC 7516), or single values in it, each replaced by
a compact JWE of its JSON. Signed is what was sent: verify first, then decrypt.
"""

import base64
import functools
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hub_client.errors import WebhookVerificationFailed
from hub_client.event import Event
from hub_client.webhooks.signature import Body, raw
from hub_client.webhooks.verifying import document_of, event_of

ALGORITHMS = ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256", "A128GCM", "A256GCM")
"""Keys are agreed on or wrapped, contents are authenticated; nothing is unzipped."""
MAX_VALUES = 256
MAX_DEPTH = 64
MAX_CIPHERTEXT = 64 * 1024 * 1024
# A compact JWE: a JSON object in base64 first, then four more parts.
_BEGINNING, _PARTS = "eyJ", 5
_MISSING = "decrypting needs joserfc: pip install 'hub-client[encryption]'"

Open = Callable[[str], bytes]


def decrypt_webhook(body: Body, private_jwk: Mapping[str, Any] | str | bytes) -> Event:
    """Return the event of a body that was encrypted, as a whole or in parts.

    A body without anything encrypted is an event as well. A value that is encrypted for
    another key (it says so by its `kid`) stays as it is.

    Args:
        body: As it came, and as `verify_signature` or `verify_webhook` approved of.
        private_jwk: The private half of the key that the endpoint was given, a JWK
            (RFC 7517) as mapping or as JSON.

    Raises:
        WebhookVerificationFailed: It cannot be decrypted, or is no event.
        ValueError: The key is no private JWK.
        ModuleNotFoundError: There is no `hub-client[encryption]`.
    """
    opened, kid = _opener(private_jwk)
    content = raw(body)
    if content.startswith(_BEGINNING.encode()):
        return event_of(document_of(opened(content.strip().decode("ascii", "replace"))))
    said = document_of(content)
    values = _Values(opened, kid)
    # What is around `data` says which event it is and is never encrypted by itself.
    return event_of({**said, "data": values.read(said["data"], 0)} if "data" in said else said)


class _Values:
    """Reads the encrypted values of one event, a bounded number of them.

    Args:
        opened: Decrypts.
        kid: Name of our key; None: it has none.
    """

    def __init__(self, opened: Open, kid: str | None) -> None:
        self._opened = opened
        self._kid = kid
        self._left = MAX_VALUES

    def read(self, value: Any, depth: int) -> Any:
        """Return the value in the clear."""
        if depth > MAX_DEPTH:
            return value
        if isinstance(value, dict):
            return {name: self.read(inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.read(inner, depth + 1) for inner in value]
        return self._value(value) if isinstance(value, str) and self._is_for_us(value) else value

    def _value(self, text: str) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _failed(f"expected at most {MAX_VALUES} encrypted values, got more")
        try:
            return msgspec.json.decode(self._opened(text))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as bad:
            raise _failed(f"expected JSON behind an encrypted value: {bad}") from bad

    def _is_for_us(self, text: str) -> bool:
        """Say whether it is a JWE, for our key as far as it says."""
        if not text.startswith(_BEGINNING) or text.count(".") != _PARTS - 1:
            return False
        header = _header(text)
        named = header.get("kid")
        return "enc" in header and (named is None or self._kid is None or named == self._kid)


def _header(text: str) -> dict[str, Any]:
    first = text.partition(".")[0]
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(f"{first}==="), type=dict[str, Any])
    except (ValueError, RecursionError):
        return {}


def _opener(private_jwk: Mapping[str, Any] | str | bytes) -> tuple[Open, str | None]:
    """Return what decrypts with a key, and the key's name."""
    try:
        from joserfc import jwe, jwk  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(_MISSING, name=error.name) from error
    try:
        given = (
            dict(private_jwk)
            if isinstance(private_jwk, Mapping)
            else msgspec.json.decode(private_jwk, type=dict[str, Any])
        )
        key = jwk.import_key(given)
    except Exception as error:  # noqa: BLE001 - joserfc raises what its parts raise
        raise ValueError(
            f"expected a private JWK, got another thing: {type(error).__name__}"
        ) from None
    if not key.is_private or key.key_type == "oct":
        raise ValueError(
            "expected a private JWK, of kty RSA, EC or OKP, got a public or shared one"
        )
    registry = jwe.JWERegistry(algorithms=ALGORITHMS)
    registry.max_ciphertext_length = MAX_CIPHERTEXT
    return functools.partial(_open, jwe.decrypt_compact, key, registry), given.get("kid")


def _open(decrypt: Callable[..., Any], key: object, registry: object, text: str) -> bytes:
    try:
        plain: bytes = decrypt(text, key, registry=registry).plaintext
    except Exception as error:
        # Hostile: joserfc raises what its parts raise.
        raise _failed(f"cannot decrypt with this key: {type(error).__name__}") from error
    return plain


def _failed(message: str) -> WebhookVerificationFailed:
    return WebhookVerificationFailed(message, reason="undecryptable")
