"""The takeover: a request that uvicorn's HTTP protocol hands over, and what it knows of it."""

import asyncio
from typing import Any
from urllib.parse import unquote

from hub.errors import HubError
from hub.transports.http.answer import problem
from hub.transports.websocket import handshake, opening
from hub.transports.websocket.handshake import Admitted, Refused, Upgrade
from hub.transports.websocket.opening import Request


def upgrade_of(request: Request) -> Upgrade:
    """Return the request as the handshake judges it."""
    path, _, query = request.target.partition("?")
    return Upgrade(unquote(path), query, request.headers)


def find_failure(request: Request, version: str, verdict: Admitted | Refused) -> HubError | None:
    """Return why a request gets no 101: it may not, or it is no opening handshake."""
    if isinstance(verdict, Refused) and verdict.close_code is None:
        return verdict.failure
    cause = opening.find_fault(request)
    return handshake.fault(request.method, version, request.headers, cause)


def refuse(failure: HubError) -> bytes:
    """Return a refusal by HTTP status."""
    headers = handshake.refusal_headers(failure)
    return opening.refuse(failure.status, headers, problem(failure))


def http_version(http: Any) -> str:
    """Return the version of the request: uvicorn calls every one 1.1 when it hands it over."""
    scope = getattr(http, "scope", None) or {}
    return str(scope.get("http_version", "1.1"))


def peer_of(http: Any) -> str:
    """Return the address of the client."""
    client = getattr(http, "client", None) or ("",)
    return str(client[0])


def is_answering(http: Any) -> bool:
    """Say whether an earlier request of this socket has not been answered yet."""
    cycle = getattr(http, "cycle", None)
    return cycle is not None and not cycle.response_complete


def let_go(http: Any) -> None:
    """Break the ring of uvicorn's protocol and its parser, or both wait for the collector."""
    if getattr(http, "parser", None) is not None:
        http.parser = None


def fd_of(transport: asyncio.BaseTransport) -> int:
    """Return what a socket can be sent to by; -1 under TLS, and where there is none."""
    socket = transport.get_extra_info("socket")
    is_plain = socket is not None and transport.get_extra_info("sslcontext") is None
    return socket.fileno() if is_plain else -1
