"""The handshake: who is let in, decided before the 101, as values.

A refusal is a plain HTTP status, except for browsers: a page sees any refused upgrade as 1006
and would try again for ever. Where there is an Origin, the upgrade is taken and closed at once
with a code that says not to come back (docs/protocol.md).
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from hub.auth.admission import Door, Rules, check, read_door
from hub.errors import ChannelNotFound, HubError, NotFound

PATHS = frozenset({"/ws", "/api/ws"})
SUBPROTOCOL = "hub.v1.json"
REFUSED = 4500


class Upgrade(NamedTuple):
    """An upgrade request: where to, with which headers (lower-case bytes, as ASGI gives them)."""

    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]]


class Admitted(NamedTuple):
    """The client may come in; `channels` None means the default ones."""

    channels: Sequence[str] | None
    subprotocol: str | None


class Refused(NamedTuple):
    """The client may not: by HTTP status, or with `close_code` after the upgrade."""

    failure: HubError
    close_code: int | None


def judge(upgrade: Upgrade, rules: Rules, known: Collection[str]) -> Admitted | Refused:
    """Decide on an upgrade.

    Args:
        upgrade: The request.
        rules: Who may come in.
        known: Names of the channels that exist.
    """
    door = read_door(upgrade.headers)
    try:
        if unquote(upgrade.path) not in PATHS:
            paths = " or ".join(sorted(PATHS, key=len))
            raise NotFound(f"expected {paths} for an upgrade, got {upgrade.path[:80]!r}")
        check(door, rules)
        channels = _channels(upgrade.query, known)
    except HubError as failure:
        return Refused(failure, _close_code(failure, door))
    return Admitted(channels, SUBPROTOCOL if SUBPROTOCOL in _offered(upgrade) else None)


def _channels(query: str, known: Collection[str]) -> Sequence[str] | None:
    asked = parse_qs(query, keep_blank_values=True).get("channels")
    if asked is None:
        return None
    names = list(dict.fromkeys(name for text in asked for name in text.split(",") if name))
    for name in names:
        if name not in known:
            there = ", ".join(sorted(known))
            raise ChannelNotFound(f"channels: expected some of {there}, got {name[:128]!r}")
    return names


def _close_code(failure: HubError, door: Door) -> int | None:
    if door.origin is None:
        return None
    return failure.close_code or REFUSED


def _offered(upgrade: Upgrade) -> list[str]:
    return [
        word.strip()
        for name, value in upgrade.headers
        if name == b"sec-websocket-protocol"
        for word in value.decode("latin-1").split(",")
    ]
