"""Encryption: what a receiver alone is to read, as compact JWE (RFC 7516) by its public key.

The whole body, or the values that JSON pointers (RFC 6901) lead to, each replaced by a JWE of its
JSON. TLS ends at a proxy, and a body is kept in queues and logs behind it; this does not end there.
Signed is what is sent, so a receiver verifies first and decrypts then (`decrypt_webhook` does).
"""

import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwe import JWERegistry, encrypt_compact
from joserfc.jwk import ECKey, OKPKey, RSAKey

from hub.errors import WebhookKeyRefused
from hub.model.endpoint import Encryption

RSA, ECDH, CONTENT = "RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"
JSON_TYPE, JOSE_TYPE = "application/json", "application/jose"
# Encrypting costs the square of it, and each delivery pays.
RSA_BITS = range(2048, 8193)
MIN_EXPONENT = 65_537
MAX_JWK = 16 * 1024
MAX_KID = 256
MAX_POINTERS = 32
MAX_POINTER = 512
# What is around it says which event it is, and has to be read by machines between.
DATA = "/data"
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_CURVES = {"EC": ("P-256",), "OKP": ("X25519",)}
# What a key may be for (RFC 7517, 4.3), of which these are done with it.
_DEEDS = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})
_REGISTRY = JWERegistry(algorithms=[RSA, ECDH, CONTENT])

Key = RSAKey | ECKey | OKPKey


class Encrypted(NamedTuple):
    """A body as it is sent."""

    body: bytes
    content_type: str


def encrypt(text: bytes, encryption: Encryption) -> Encrypted:
    """Return an event's text with what its receiver alone is to read encrypted.

    A pointer that leads to nothing is passed over: events differ. One that leads into what has
    been encrypted already is, too.

    Raises:
        WebhookKeyRefused: The key is none; it was checked when the endpoint was made.
    """
    receiver = _receiver(encryption.jwk)
    if not encryption.pointers:
        return Encrypted(receiver.seal(text, "json").encode(), JOSE_TYPE)
    for pointer in encryption.pointers:
        text = _replaced(text, _steps(pointer), receiver)
    return Encrypted(text, JSON_TYPE)


def check(jwk: Mapping[str, Any], pointers: Sequence[str] = ()) -> Encryption:
    """Return how an endpoint's events are encrypted, in one form.

    Raises:
        WebhookKeyRefused: With what was expected; without the key, it may be a private one.
    """
    _check_pointers(pointers)
    text = msgspec.json.encode(jwk, order="deterministic").decode()
    if len(text) > MAX_JWK:
        raise _refused(f"at most {MAX_JWK} bytes", f"{len(text)}")
    try:
        # What cannot be agreed on shows here, like a point of small order on the curve.
        _receiver(text).seal(b"{}", "json")
    except (JoseError, ValueError):
        raise _refused("a key that can be encrypted with", "another one") from None
    return Encryption(text, _outermost(pointers))


class _Receiver:
    """The public key of one receiver, with the header that goes with it."""

    def __init__(self, key: Key, kid: str | None) -> None:
        self._key = key
        alg = RSA if isinstance(key, RSAKey) else ECDH
        self._header = {"alg": alg, "enc": CONTENT, **({"kid": kid} if kid else {})}

    def seal(self, plain: bytes, content_type: str) -> str:
        """Return a compact JWE: each time another key of the content, and another nonce."""
        header = {**self._header, "cty": content_type}
        return encrypt_compact(header, plain, self._key, registry=_REGISTRY)


@lru_cache(maxsize=1024)
def _receiver(jwk: str) -> _Receiver:
    fields = msgspec.json.decode(jwk)
    kind = _checked(fields)
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):
            # Only what makes the key: the rest of a JWK may say anything.
            key = kind.import_key({name: fields[name] for name in _MATERIAL[fields["kty"]]})
        _check_strength(key)
    except (JoseError, ValueError, TypeError, KeyError):
        # Not the cause: it may hold the key.
        raise _refused("a public key that can be read", "another one") from None
    return _Receiver(key, fields.get("kid"))


_KINDS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
_MATERIAL = {
    "RSA": ("kty", "n", "e"),
    "EC": ("kty", "crv", "x", "y"),
    "OKP": ("kty", "crv", "x"),
}


def _checked(fields: Any) -> type[RSAKey] | type[ECKey] | type[OKPKey]:
    """Return the kind of a key that is one to encrypt with, as far as it says."""
    if not isinstance(fields, dict):
        raise _refused("an object (RFC 7517)", "another value")
    if any(name in fields for name in _PRIVATE):
        # It has been sent around now: whoever wants secrecy makes another one.
        raise _refused("a public key", "a private or shared one, which should not be used any more")
    kty = fields.get("kty")
    if not isinstance(kty, str) or kty not in _KINDS:
        raise _refused("kty RSA, EC or OKP", _shown(kty))
    curves = _CURVES.get(kty)
    if curves is not None and fields.get("crv") not in curves:
        raise _refused(f"crv {' or '.join(curves)} for kty {kty}", _shown(fields.get("crv")))
    _check_use(fields, RSA if kty == "RSA" else ECDH)
    return _KINDS[kty]


def _check_use(fields: Mapping[str, Any], alg: str) -> None:
    if fields.get("use", "enc") != "enc":
        raise _refused("a key whose use is enc, or that has none", _shown(fields["use"]))
    if fields.get("alg", alg) != alg:
        raise _refused(f"alg {alg}, or none", _shown(fields["alg"]))
    deeds = fields.get("key_ops", ["encrypt"])
    if not isinstance(deeds, list) or _DEEDS.isdisjoint(one for one in deeds if type(one) is str):
        raise _refused(f"key_ops with one of {', '.join(sorted(_DEEDS))}, or none", "others")
    kid = fields.get("kid", "")
    if not isinstance(kid, str) or len(kid) > MAX_KID or not (kid.isascii() and kid.isprintable()):
        raise _refused(f"a kid of at most {MAX_KID} ASCII characters, or none", "another one")


def _check_strength(key: Key) -> None:
    if not isinstance(key, RSAKey):
        return
    numbers = key.public_key.public_numbers()
    bits = numbers.n.bit_length()
    if bits not in RSA_BITS:
        raise _refused(f"RSA of {RSA_BITS[0]} to {RSA_BITS[-1]} bits", f"{bits}")
    if numbers.e < MIN_EXPONENT or numbers.e % 2 == 0 or numbers.e >= 1 << 32:
        raise _refused(f"an odd exponent from {MIN_EXPONENT} on", "another one")


def _outermost(pointers: Sequence[str]) -> tuple[str, ...]:
    """Return the pointers that do not lead into what another one has encrypted, once each."""
    return tuple(
        pointer
        for pointer in dict.fromkeys(pointers)
        if not any(pointer.startswith(f"{other}/") for other in pointers)
    )


def _check_pointers(pointers: Sequence[str]) -> None:
    if len(pointers) > MAX_POINTERS:
        raise _refused(f"at most {MAX_POINTERS} pointers", f"{len(pointers)}", "pointers")
    for pointer in pointers:
        if len(pointer) > MAX_POINTER:
            raise _refused(f"pointers of at most {MAX_POINTER} characters", "more", "pointers")
        inside = pointer == DATA or pointer.startswith(f"{DATA}/")
        escaped = pointer.replace("~0", "").replace("~1", "")
        if not inside or "~" in escaped:
            raise _refused(
                "JSON pointers (RFC 6901) into data, like /data/email", _shown(pointer), "pointers"
            )


def _steps(pointer: str) -> list[str]:
    # In this order: ~01 is ~1, not a slash (RFC 6901, 4).
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _replaced(text: bytes, steps: Sequence[str], receiver: _Receiver) -> bytes:
    """Return a JSON text with the value that some steps lead to encrypted, if there is one.

    All around it stays as it is written: a number that is read and written again may be another.
    """
    if not steps:
        return b'"%b"' % receiver.seal(text, "json").encode()
    members = _members(text)
    at = None if members is None else _index(members, steps[0])
    if members is None or at is None:
        return text
    members[at] = msgspec.Raw(_replaced(bytes(members[at]), steps[1:], receiver))
    return msgspec.json.encode(members)


def _members(text: bytes) -> Any:
    """Return what an object or a list has in it, unread; None: it is neither."""
    beginning = text.lstrip()[:1]
    if beginning == b"{":
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    return msgspec.json.decode(text, type=list[msgspec.Raw]) if beginning == b"[" else None


def _index(place: Any, step: str) -> Any:
    """Return what a step is called in an object or a list; None: it leads to nothing."""
    if isinstance(place, dict):
        return step if step in place else None
    if not step.isascii() or not step.isdigit():
        return None
    if (step != "0" and step.startswith("0")) or len(step) > len(str(len(place))):
        return None
    return int(step) if int(step) < len(place) else None


def _refused(expected: str, got: str, field: str = "jwk") -> WebhookKeyRefused:
    return WebhookKeyRefused(f"encryption.{field}: expected {expected}, got {got}")


def _shown(value: Any) -> str:
    return f"{value!r:.60}" if isinstance(value, str) else "another value"
