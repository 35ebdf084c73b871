"""The takeover: what uvicorn's HTTP protocol knows of a request that it hands over."""

from typing import Any
from urllib.parse import unquote

from websockets.http11 import Request

from hub.transports.websocket.handshake import Upgrade


def upgrade_of(request: Request) -> Upgrade:
    """Return the request as the handshake judges it."""
    path, _, query = request.path.partition("?")
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in request.headers.raw_items()
    ]
    return Upgrade(unquote(path), query, headers)


def http_version(http: Any) -> str:
    """Return the version of the request: uvicorn calls every one 1.1 when it hands it over."""
    scope = getattr(http, "scope", None) or {}
    return str(scope.get("http_version", "1.1"))


def is_answering(http: Any) -> bool:
    """Say whether an earlier request of this socket has not been answered yet."""
    cycle = getattr(http, "cycle", None)
    return cycle is not None and not cycle.response_complete
