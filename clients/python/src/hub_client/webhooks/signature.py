"""Is this request signed by who knows the secret, and only now?

Everything in a request is hostile until it is verified: whatever its headers and its body hold,
nothing but `WebhookVerificationFailed` comes of it.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from hub_client.errors import WebhookVerificationFailed
from hub_client.webhooks.keys import Key

TOLERANCE_S = 300.0
MAX_SIGNATURES = 20
MAX_HEADER = 8 * 1024

Body = bytes | bytearray | memoryview | str
"""Of a request, as it came."""
Headers = Mapping[str, str] | Mapping[str, bytes] | Iterable[tuple[str | bytes, str | bytes]]
"""Of any framework; names in any case."""

_NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")
# A dot would let a part of the body pass for a part of the id.
_ID = re.compile(r"[!-\-/-~]{1,256}")
_SECONDS = re.compile(r"[0-9]{1,15}")
_SHOWN = 40


class Claim(NamedTuple):
    """What the headers of a webhook say; nothing of it is believed yet."""

    id: str
    timestamp: str
    signatures: Sequence[tuple[str, str]]


def claim_of(headers: Headers) -> Claim:
    """Read the three headers.

    Raises:
        WebhookVerificationFailed: One is missing, is there twice, or cannot be read.
    """
    found = _found(headers)
    for name in _NAMES:
        if not found.get(name):
            raise _failed("missing_headers", f"expected a header {name}, got none")
    webhook_id, timestamp, signature = (found[name] for name in _NAMES)
    if not _ID.fullmatch(webhook_id):
        raise _bad("webhook-id", "1 to 256 printable characters without a dot", webhook_id)
    if not _SECONDS.fullmatch(timestamp):
        raise _bad("webhook-timestamp", "seconds since 1970", timestamp)
    entries = [entry for entry in signature[:MAX_HEADER].split(" ") if entry]
    if len(entries) > MAX_SIGNATURES or len(signature) > MAX_HEADER:
        raise _bad("webhook-signature", "at most 20 signatures in 8 KiB", signature)
    pairs = (entry.partition(",") for entry in entries)
    return Claim(webhook_id, timestamp, [(version, text) for version, _, text in pairs])


def check(claim: Claim, body: bytes, keys: Sequence[Key]) -> None:
    """See whether one of the keys made one of the signatures.

    Raises:
        WebhookVerificationFailed: None did.
    """
    message = f"{claim.id}.{claim.timestamp}.".encode() + body
    for key in keys:
        for version, text in claim.signatures:
            if version == key.version and key.verifies(message, text):
                return
    raise _failed("no_match", _told(claim, keys))


def check_time(claim: Claim, tolerance_s: float, now: float) -> None:
    """See whether it was signed just now.

    Raises:
        WebhookVerificationFailed: It is too old, or from the future.
        ValueError: The tolerance is no number of seconds.
    """
    if not (math.isfinite(tolerance_s) and tolerance_s >= 0):
        raise ValueError(f"expected tolerance_s of 0 or more seconds, got {tolerance_s}")
    age = now - int(claim.timestamp)
    if age > tolerance_s:
        raise _failed("too_old", f"expected one of the last {tolerance_s:g} s, got {age:.0f} s old")
    if age < -tolerance_s:
        raise _failed(
            "too_new",
            f"expected a time at most {tolerance_s:g} s ahead, got {-age:.0f} s: "
            "is the clock of this machine right?",
        )


def raw(body: Body) -> bytes:
    """Return the bytes of a body.

    Raises:
        WebhookVerificationFailed: It is a text that has no bytes.
        TypeError: It is something that was read already.
    """
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if not isinstance(body, str):
        raise TypeError(
            f"expected the body as it came, bytes or str, got {type(body).__name__}: written "
            "anew it would not be what was signed"
        )
    try:
        return body.encode()
    except UnicodeEncodeError:
        raise _failed("malformed_body", "expected a text of Unicode, got surrogates") from None


def _found(headers: Headers) -> dict[str, str]:
    pairs = headers.items() if hasattr(headers, "items") else headers
    found: dict[str, str] = {}
    for name, value in pairs:
        word = _text(name).lower()
        if word not in _NAMES:
            continue
        if word in found:
            raise _failed("bad_headers", f"expected one header {word}, got several")
        found[word] = _text(value)
    return found


def _text(value: object) -> str:
    """Return a name or a value; what is neither text nor bytes cannot have been sent."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else ""


def _told(claim: Claim, keys: Sequence[Key]) -> str:
    known = {key.version for key in keys}
    if known.isdisjoint(version for version, _ in claim.signatures):
        return f"expected a signature of version {' or '.join(sorted(known))}, got none"
    return (
        "expected a signature by one of the secrets, got others: is it this endpoint's secret, "
        "and the body byte by byte as it came?"
    )


def _bad(name: str, expected: str, got: str) -> WebhookVerificationFailed:
    return _failed("bad_headers", f"{name}: expected {expected}, got {got[:_SHOWN]!r}")


def _failed(reason: str, message: str) -> WebhookVerificationFailed:
    return WebhookVerificationFailed(message, reason=reason)
