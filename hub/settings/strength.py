"""Strength: secrets that somebody could guess are refused, with a fresh one to paste.

A JWT carries all that is needed to try secrets on it at home, billions a second; so what stands
in a tutorial, or is short, opens the hub to everybody who has seen one token (CWE-521, CWE-798).
"""

import re
import secrets

from hub.errors import Misconfigured

MIN_SECRET_BYTES = 32  # RFC 7518, 3.2: as long as the hash
MIN_KEY_CHARACTERS = 20
FEW_CHARACTERS = 8
_FRESH = "; a fresh one: "

# What stands in documentation and in other people's defaults.
_KNOWN = re.compile(
    r"change.?(me|this|it)|secret|password|passphrase|your.?(256|jwt|api|super|own|key)"
    r"|example|placeholder|default|at.least|0123456789|1234567890|abcdefgh|qwerty|test.?key",
    re.IGNORECASE,
)


def check_secret(name: str, text: str) -> None:
    """Refuse a secret of JWTs that could be guessed.

    Raises:
        Misconfigured: With why, and one to paste; never with the secret itself.
    """
    size = len(text.encode())
    if text.lstrip().startswith("-----BEGIN"):
        raise Misconfigured(
            f"{name}: expected a secret, got a key in PEM: public keys go into JWT_PUBLIC_KEY"
        )
    if size < MIN_SECRET_BYTES:
        _refuse(name, f"at least {MIN_SECRET_BYTES} random bytes", f"{size}")
    _check_guess(name, text)


def check_key(name: str, text: str) -> None:
    """Refuse a static key that could be guessed.

    Raises:
        Misconfigured: With why, and one to paste; never with the key itself.
    """
    if len(text) < MIN_KEY_CHARACTERS:
        _refuse(name, f"at least {MIN_KEY_CHARACTERS} random characters", f"{len(text)}")
    if not text.isascii() or not text.isprintable() or " " in text:
        # No Authorization header could carry it.
        _refuse(name, "printable ASCII characters without spaces", "others")
    _check_guess(name, text)


def cause(failure: Misconfigured) -> str:
    """Return why, for a log: a fresh secret that stood there would be none any more."""
    return str(failure).partition(_FRESH)[0]


def _check_guess(name: str, text: str) -> None:
    if _KNOWN.search(text):
        _refuse(name, "random bytes", "a well-known text")
    if len(set(text)) < FEW_CHARACTERS:
        _refuse(name, "random bytes", f"only {len(set(text))} different characters")
    if text in (text + text)[1:-1]:
        _refuse(name, "random bytes", "the same again and again")


def _refuse(name: str, expected: str, got: str) -> None:
    fresh = secrets.token_urlsafe(48)
    raise Misconfigured(f"{name}: expected {expected}, got {got}{_FRESH}{name}={fresh}")
