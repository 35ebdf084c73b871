"""The handshake: who is let in, decided before the 101, as values.

A refusal is a plain HTTP status, except for browsers: a page sees any refused upgrade as 1006
and would try again for ever. Where there is an Origin, the upgrade is taken and closed at once
with a code that says whether to come back (docs/protocol.md).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qs

from hub.auth.admission import Door, Rules, check, read_door
from hub.errors import (
    HubError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Unauthenticated,
    UpgradeRequired,
)
from hub.model.principal import ANONYMOUS, Principal
from hub.model.roster import client_name
from hub.realtime.formats import FORMATS, JSON, Format
from hub.transports.websocket.credentials import Shown, shown

PATHS = frozenset({"/ws", "/api/ws"})
VERSION = b"13"
REFUSED = 4500
TRY_AGAIN_LATER = 1013


class Upgrade(NamedTuple):
    """An upgrade request: where to, with which headers (lower-case bytes, as ASGI gives them)."""

    path: str
    query: str
    headers: Sequence[tuple[bytes, bytes]]


class Admitted(NamedTuple):
    """The client may come in.

    Attributes:
        channels: What it follows from the start; None: the default ones.
        subprotocol: What it is answered.
        address: Where it comes from.
        principal: Who it is; None: its first frame must say that.
        client: What the program calls itself.
    """

    channels: Sequence[str] | None
    subprotocol: str | None
    address: str = ""
    principal: Principal | None = ANONYMOUS
    client: str = ""

    @property
    def form(self) -> Format:
        """How frames are written: JSON unless the client has asked for another."""
        return JSON if self.subprotocol is None else FORMATS[self.subprotocol]


class Refused(NamedTuple):
    """The client may not: by HTTP status, or with `close_code` after the upgrade.

    Also then the subprotocol must be answered: a browser that offered one and gets none fails
    the connection itself, and its page sees 1006 again.
    """

    failure: HubError
    close_code: int | None
    subprotocol: str | None


class Unsure(NamedTuple):
    """Only the log can tell: whose the credential is, or whether there is a channel."""


Verdict = Admitted | Refused
UNSURE = Unsure()


class Guards(NamedTuple):
    """What an upgrade is asked, in this order; each raises to refuse.

    Attributes:
        rules: From where one may come.
        identify: Tells who it is: None: the first frame will; UNSURE: nobody here knows yet.
        permit: Tells whether this principal may follow these channels; False: nobody here knows
            yet whether there are such.
        admit: Lets it pass now; asked last, of those who might come in.
    """

    rules: Rules
    identify: Callable[[Upgrade], Principal | Unsure | None]
    permit: Callable[[Principal, Sequence[str]], bool]
    admit: Callable[[Principal | None], None]


def judge(upgrade: Upgrade, guards: Guards) -> Verdict | Unsure:
    """Decide on an upgrade."""
    try:
        if upgrade.path not in PATHS:
            paths = " or ".join(sorted(PATHS, key=len))
            raise NotFound(f"expected {paths} for an upgrade, got {upgrade.path[:80]!r}")
        check(read_door(upgrade.headers), guards.rules)
        principal = guards.identify(upgrade)
        if isinstance(principal, Unsure):
            return principal
        channels = asked(upgrade.query)
        # Who has not said who it is learns nothing of channels.
        if principal is not None and channels and not guards.permit(principal, channels):
            return UNSURE
        guards.admit(principal)
    except HubError as failure:
        return refuse(upgrade, failure)
    return Admitted(channels, _subprotocol(upgrade), principal=principal)


def credential(upgrade: Upgrade) -> Shown:
    """Return what an upgrade shows of who asks.

    Raises:
        InvalidRequest, Unauthenticated: See `credentials.shown`.
    """
    return shown(read_door(upgrade.headers), _offered(upgrade), upgrade.query)


def origin(upgrade: Upgrade) -> str | None:
    """Return the origin of the page that asks; None: no page does."""
    return read_door(upgrade.headers).origin


def refuse(upgrade: Upgrade, failure: HubError) -> Refused:
    """Return the refusal of an upgrade for a reason."""
    code = _close_code(failure, read_door(upgrade.headers))
    return Refused(failure, code, _subprotocol(upgrade))


@lru_cache(64)
def asked(query: str) -> Sequence[str] | None:
    """Return the channels that an address names, each once; None when it names none.

    Kept for a while: clients of one kind ask alike.
    """
    found = parse_qs(query, keep_blank_values=True).get("channels")
    if found is None:
        return None
    return list(dict.fromkeys(name for text in found for name in text.split(",") if name))


def client(upgrade: Upgrade) -> str:
    """Return what a program calls itself: in the address, because pages cannot set a header."""
    if "client=" in upgrade.query:
        found = parse_qs(upgrade.query).get("client")
        if found is not None:
            return client_name(found[0])
    agents = (value for name, value in upgrade.headers if name == b"user-agent")
    return client_name(next(agents, b"").decode("latin-1"))


def fault(
    method: str, version: str, headers: Sequence[tuple[bytes, bytes]], cause: str | None
) -> HubError | None:
    """Return why a request cannot open a WebSocket (RFC 6455, 4.2.1); None when it can.

    Args:
        method: Of the request.
        version: Of HTTP, as in `1.1`.
        headers: Of the request.
        cause: What else is wrong with it, if anything.
    """
    offered = [value for name, value in headers if name == b"sec-websocket-version"]
    if method != "GET":
        return MethodNotAllowed(f"expected GET for an upgrade, got {method[:20]!r}")
    if version != "1.1":
        return UpgradeRequired(f"expected HTTP/1.1 for an upgrade, got HTTP/{version}")
    if offered != [VERSION]:
        got = b", ".join(offered).decode("latin-1")[:80] or "none"
        return UpgradeRequired(f"expected Sec-WebSocket-Version 13, got {got}")
    if cause is not None:
        return InvalidRequest(f"expected a WebSocket handshake, got one with {cause}"[:200])
    return None


def refusal_headers(failure: HubError) -> list[tuple[str, str]]:
    """Return the headers of a refusal by HTTP status."""
    headers = [("Content-Type", "application/problem+json")]
    if isinstance(failure, Unauthenticated):
        headers.append(("WWW-Authenticate", 'Bearer realm="hub"'))
    if failure.retry_after_s is not None:
        headers.append(("Retry-After", str(failure.retry_after_s)))
    if isinstance(failure, UpgradeRequired):
        headers += [("Upgrade", "websocket"), ("Sec-WebSocket-Version", VERSION.decode())]
    if isinstance(failure, MethodNotAllowed):
        headers.append(("Allow", "GET"))
    return headers


def close_reason(failure: HubError) -> str:
    """Return the text of a close frame."""
    return failure.reason


def _close_code(failure: HubError, door: Door) -> int | None:
    if door.origin is None:
        return None
    # What time heals must not sound final: the log that tells whose a ticket is may be away.
    passes = failure.retryable or failure.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return failure.close_code or (TRY_AGAIN_LATER if passes else REFUSED)


def _subprotocol(upgrade: Upgrade) -> str | None:
    return next((name for name in _offered(upgrade) if name in FORMATS), None)


def _offered(upgrade: Upgrade) -> list[str]:
    return [
        word.strip()
        for name, value in upgrade.headers
        if name == b"sec-websocket-protocol"
        for word in value.decode("latin-1").split(",")
    ]
