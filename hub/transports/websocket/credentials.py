"""What an upgrade shows of who asks: a header, a subprotocol, or a ticket (docs/protocol.md).

A browser cannot set headers on a WebSocket. It offers `hub.bearer.<base64url of the token>` beside
a real subprotocol, as Kubernetes has it, or brings a ticket that is good once and for seconds;
tokens themselves never stand in an address, which every proxy writes down.
"""

import base64
import binascii
from typing import NamedTuple
from urllib.parse import parse_qs

from hub.auth.admission import Door
from hub.auth.authentication import bearer
from hub.errors import InvalidRequest, Unauthenticated

BEARER = "hub.bearer."


class Shown(NamedTuple):
    """A credential, in one of two kinds; neither: the first frame will say it."""

    token: str | None = None
    ticket: str | None = None


def shown(door: Door, subprotocols: list[str], query: str) -> Shown:
    """Return what an upgrade shows.

    Raises:
        InvalidRequest: It shows several things; the hub would take one, and who reads logs another.
        Unauthenticated: What it shows has no form.
    """
    tickets = parse_qs(query).get("ticket", []) if "ticket=" in query else []
    offered = [_token(name) for name in subprotocols if name.startswith(BEARER)]
    header = bearer(door.authorization)
    found = [*tickets, *offered, *([header] if header is not None else [])]
    if len(found) > 1:
        raise InvalidRequest(f"expected one credential in an upgrade, got {len(found)}")
    if tickets:
        return Shown(ticket=tickets[0])
    return Shown(token=found[0] if found else None)


def _token(name: str) -> str:
    text = name.removeprefix(BEARER)
    try:
        token = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return token.decode("ascii")
    except (binascii.Error, ValueError):
        raise Unauthenticated(
            f"expected the subprotocol {BEARER} with a token in base64url, got another form"
        ) from None
