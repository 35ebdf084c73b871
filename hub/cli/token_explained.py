"""What a token is, as far as it can be read: each kind has an explainer.

To explain another kind, or to judge one better, add to `EXPLAINERS`. Nothing that is said here may
repeat the token, nor a part of it that is secret.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from hub.auth import keys
from hub.clock import SECOND_US
from hub.errors import Unauthenticated
from hub.model.timestamp import to_rfc3339

_PARTS = 3
_TIMES = ("exp", "nbf", "iat")
LAST_S = 253_402_300_799  # 9999-12-31


class Explanation(NamedTuple):
    """What a token is.

    Attributes:
        kind: In words.
        facts: What it says, by name.
        faults: Why it would be refused, as far as it can be told without asking.
    """

    kind: str
    facts: dict[str, Any]
    faults: Sequence[str] = ()


# Returns None for a token that is not of its kind; `now_us` is the time.
Explainer = Callable[[str, int], Explanation | None]


def explain_key(token: str, _now_us: int) -> Explanation | None:
    """Say of an API key which one it is; only the database knows the rest."""
    try:
        key_id = keys.id_of(token)
    except Unauthenticated as fault:
        return Explanation("API key", {}, [str(fault)])
    return None if key_id is None else Explanation("API key", {"id": key_id})


def explain_jwt(token: str, now_us: int) -> Explanation | None:
    """Say what a JWT claims; whether its signature is good is not looked at."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    header, claims = _object(parts[0]), _object(parts[1])
    if header is None or claims is None:
        return None
    shown = {name: _moment(value) if name in _TIMES else value for name, value in claims.items()}
    facts = {f"header.{name}": value for name, value in header.items()} | shown
    return Explanation("JWT", facts, [*_faults(header, claims, now_us)])


def explain_other(_token: str, _now_us: int) -> Explanation:
    """Say that it is none of those."""
    return Explanation("static key, or none", {})


EXPLAINERS: list[Explainer] = [explain_key, explain_jwt]


def explain(token: str, now_us: int) -> Explanation:
    """Return the first explanation."""
    for explainer in EXPLAINERS:
        found = explainer(token, now_us)
        if found is not None:
            return found
    return explain_other(token, now_us)


def _faults(header: dict[str, Any], claims: dict[str, Any], now_us: int) -> Sequence[str]:
    faults = []
    if str(header.get("alg", "none")).lower() == "none" or not header.get("alg"):
        faults.append("it is not signed (alg none)")
    now_s = now_us / SECOND_US
    ends, begins = claims.get("exp"), claims.get("nbf")
    if ends is None:
        faults.append("it never expires (no exp)")
    elif not isinstance(ends, int | float) or ends <= now_s:
        faults.append(f"it has expired (exp {_moment(ends)})")
    if begins is not None and (not isinstance(begins, int | float) or begins > now_s):
        faults.append(f"its time has not come (nbf {_moment(begins)})")
    return faults


def _object(part: str) -> dict[str, Any] | None:
    try:
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return msgspec.json.decode(text, type=dict[str, Any])
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None


def _moment(value: object) -> object:
    """Return a NumericDate (RFC 7519, 2) as people read it; what is none as it is."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LAST_S:
        return to_rfc3339(int(value * SECOND_US))
    return value
