"""The lobby: a socket until its first bytes say whether it wants a WebSocket or HTTP.

A plain opening handshake goes to our protocol class as it came. Through uvicorn's it would be
parsed, written down again and parsed once more, which was a quarter of what letting a client in
cost. Whatever is not beyond doubt takes the long way: httptools decides what a request is.
"""

import asyncio
import re
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr
from uvicorn.server import ServerState

from hub.realtime.drain import Drain
from hub.transports.http import bounded
from hub.transports.http.protocol import HttpProtocol
from hub.transports.websocket.protocol import HubProtocol

# RFC 9112, 3 and 5, without all that is obsolete or odd: one space, no folded lines, no empty
# names, no space before a colon, no body. Each byte can match in one way only, so no step is ever
# taken back (the second `+`).
_UPGRADE = re.compile(
    rb"GET /(?:api/)?ws(?:\?[!-~]*+)?+ HTTP/1\.1\r\n"
    rb"(?:(?!(?i:content-length|transfer-encoding):)"
    rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++:[\t -~\x80-\xff]*+\r\n)++"
    rb"\r\n"
)
_WANTED = re.compile(rb"\r\nupgrade:[\t ]*websocket[\t ]*\r\n", re.IGNORECASE)
_HELD_BY = re.compile(rb"\r\nconnection:(?:[^\r]*[\t ,])?upgrade[\t ,\r]", re.IGNORECASE)


class Lobby(asyncio.Protocol):
    """One socket that has said nothing yet.

    uvicorn makes it, in place of its own protocol, by these names.

    Attributes:
        client: Where it comes from.
    """

    __slots__ = (
        "_app_state",
        "_config",
        "_late",
        "_loop",
        "_patience",
        "_state",
        "_transport",
        "client",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self.client: tuple[str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for its first bytes, not for ever (CWE-400)."""
        self._transport = cast("asyncio.Transport", transport)
        self._state.connections.add(self)  # type: ignore[arg-type]
        self.client = get_remote_addr(self._transport)
        drain: Drain | None = self._app_state.get("drain")
        self._late = drain is not None and drain.begun
        self._patience = self._loop.call_later(bounded.HEAD_S, self._transport.close)

    def data_received(self, data: bytes) -> None:
        """Hand the socket over."""
        self._patience.cancel()
        self._state.connections.discard(self)
        if is_upgrade(data):
            self._upgrade(data)
        else:
            self._serve(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """It has gone without a word."""
        self._patience.cancel()
        self._state.connections.discard(self)

    def shutdown(self) -> None:
        """Uvicorn is stopping."""
        self._transport.close()

    def _upgrade(self, data: bytes) -> None:
        protocol = HubProtocol(self._config, self._state, self._app_state, self._loop)
        protocol.connection_made(self._transport)
        # It asks the protocol before it who the client is.
        protocol.data_received(data)
        self._transport.set_protocol(protocol)

    def _serve(self, data: bytes) -> None:
        protocol = HttpProtocol(self._config, self._state, self._app_state, self._loop)
        protocol.connection_made(self._transport)
        protocol.late = self._late
        self._transport.set_protocol(protocol)
        protocol.data_received(data)


def is_upgrade(data: bytes) -> bool:
    """Say whether bytes begin with an opening handshake to the hub that nobody could doubt."""
    head = _UPGRADE.match(data, 0, bounded.MAX_HEAD_BYTES)
    return head is not None and all(
        [_WANTED.search(data, 0, head.end()), _HELD_BY.search(data, 0, head.end())]
    )
