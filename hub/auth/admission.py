"""Admission: the checks at the door, the same for HTTP and for WebSocket upgrades.

An open hub (AUTH=off) believes that whoever reaches it sits at this machine. Three things can
make that false, and each is refused: a web page of another origin, a name that an attacker made
point here (DNS rebinding, CWE-350), and a proxy that lets the world in.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from hub.auth.proxies import NO_PROXIES, Proxies
from hub.errors import (
    ForeignHost,
    ForeignOrigin,
    InvalidRequest,
    ProxiedInOpenMode,
    UnsupportedMediaType,
)

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
Headers = Sequence[tuple[bytes, bytes]]

# A name of 253 characters, brackets and a port.
_LONGEST_HOST = 261
# RFC 9112, 3.2: a name or a bracketed address, then perhaps a port; nothing else.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")
_FORWARDED = re.compile(rb"forwarded\Z|x-forwarded")
# What a hub puts on its webhooks.
HOP = b"hub-hop"
_ONCE = frozenset({b"host", b"origin", b"content-type", b"authorization"})


class Door(NamedTuple):
    """What of a request the checks look at. None: the header is not there.

    `hop` says that a hub has sent it as a webhook.
    `repeated` names a header that came more than once: the checks would judge one and a proxy
    or a library behind them believe another (CWE-444).
    """

    host: str | None
    origin: str | None
    forwarded: str | None
    content_type: str | None
    authorization: str | None = None
    repeated: str | None = None
    traceparent: str | None = None
    hop: bool = False


@dataclass(slots=True)
class Rules:
    """How this hub is open; a reload changes it in place, for all who go by it.

    Attributes:
        open_mode: AUTH=off.
        origins: Origins besides our own whose pages may ask.
        hosts: Names by which it may be called beside our own; empty: any. Not for open mode.
        proxies: Who is believed when they say for whom they ask.
    """

    open_mode: bool
    origins: frozenset[str]
    hosts: frozenset[str] = frozenset()
    proxies: Proxies = NO_PROXIES


def read_door(headers: Headers) -> Door:
    """Pick the headers out; names are lower-case bytes, as ASGI gives them."""
    found = dict(headers)
    names = [name for name, _ in headers] if len(found) < len(headers) else found
    return Door(
        _text(found.get(b"host")),
        _text(found.get(b"origin")),
        _first(names, _FORWARDED) if b"forwarded" in b" ".join(names) else None,
        _text(found.get(b"content-type")),
        _text(found.get(b"authorization")),
        None if names is found else _repeated(tuple(names)),
        # Unlike the others it judges nothing: more than one is as good as none (W3C, 3.2.2).
        _text(found.get(b"traceparent")) if names is found else _only(headers, b"traceparent"),
        HOP in found,
    )


def _only(headers: Headers, wanted: bytes) -> str | None:
    values = [value for name, value in headers if name == wanted]
    return _text(values[0]) if len(values) == 1 else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _first(names: Iterable[bytes], form: re.Pattern[bytes]) -> str | None:
    return next((name.decode("latin-1") for name in names if form.match(name)), None)


def _repeated(names: Sequence[bytes]) -> str | None:
    return next((name.decode() for name in sorted(_ONCE) if names.count(name) > 1), None)


def check(door: Door, rules: Rules) -> None:
    """Refuse a request that may not come in.

    Raises:
        InvalidRequest: A header that the checks rely on came more than once.
        ProxiedInOpenMode: A proxy forwarded it, and the hub is open.
        ForeignHost: It was sent to a name that is not this machine's, and the hub is open; or
            that is none of those that the hub has.
        ForeignOrigin: A page of another origin sent it.
    """
    if door.repeated is not None:
        raise InvalidRequest(f"expected one header {door.repeated}, got several")
    if rules.open_mode:
        if door.forwarded is not None:
            raise ProxiedInOpenMode(
                f"expected no proxy in front of an open hub, got the header {door.forwarded}"
            )
        if _name(door.host) not in OWN_NAMES:
            raise ForeignHost(
                f"expected Host localhost, 127.0.0.1 or [::1], got {(door.host or 'none')[:80]!r}"
            )
    elif rules.hosts and _name(door.host) not in rules.hosts | OWN_NAMES:
        raise ForeignHost(
            f"expected Host to be one of HUB_ALLOWED_HOSTS, got {(door.host or 'none')[:80]!r}"
        )
    if door.origin is not None and not _is_own(door.origin, door.host, rules.origins):
        raise ForeignOrigin(
            f"expected a page of our own or one of CORS_ORIGINS, got Origin {door.origin[:80]!r}"
        )


def check_json(door: Door) -> None:
    """Refuse a body that does not say it is JSON: only then does a browser ask us first.

    Raises:
        UnsupportedMediaType: The Content-Type is another one, or missing.
    """
    if door.content_type == "application/json":
        return
    kind = (door.content_type or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMediaType(
            f"expected Content-Type: application/json, got {kind[:80] or 'none'}"
        )


def _name(host: str | None) -> str:
    """Return the host without its port, lower-case; nothing when it is no host at all."""
    return _read_name(host) if host is not None and len(host) <= _LONGEST_HOST else ""


@lru_cache(256)
def _read_name(host: str) -> str:
    found = _HOST.fullmatch(host.lower())
    return found[1] if found else ""


def _is_own(origin: str, host: str | None, others: frozenset[str]) -> bool:
    """Same origin means the same host and port; a null Origin is nobody's."""
    if origin == "null" or not host:
        return False
    # Compared as text, never parsed: what is not exactly an origin is a foreign one.
    own = (f"http://{host}", f"https://{host}")
    return origin in others or origin.lower() in (own[0].lower(), own[1].lower())
