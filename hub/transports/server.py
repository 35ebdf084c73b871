"""The server: a node behind uvicorn, or as a plain ASGI application elsewhere."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Protocol, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.realtime.drain import Drain
from hub.telemetry.logging import logger
from hub.transports.http.protocol import HttpProtocol
from hub.transports.lobby import Lobby
from hub.transports.websocket.asgi import AsgiSocket
from hub.transports.websocket.protocol import HubProtocol
from hub.transports.websocket.reception import NodeReception

# Of the time that a stop may take; the rest is for closing the log.
CLIENTS_SHARE = 0.8
LOOK_S = 0.02
NOTSENT_LOWAT_BYTES = 64 * 1024

_log = logger("server")


class Node(Protocol):
    """What is served."""

    reception: NodeReception
    drain: Drain
    http: ASGIApp

    async def start(self) -> None:
        """Get ready for clients."""
        ...

    async def stop(self) -> None:
        """Finish and let everything go."""
        ...


class Application:
    """The ASGI application; its lifespan starts and stops the node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "websocket":
            await AsgiSocket(self._node.reception, scope, receive, send).run()
        else:
            await self._node.http(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await self._node.start()
        # The protocol classes under uvicorn get this state, and with it the way to the node.
        node = self._node
        scope.setdefault("state", {}).update(reception=node.reception, drain=node.drain)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._node.stop()
        await send({"type": "lifespan.shutdown.complete"})


class Server(uvicorn.Server):
    """uvicorn, but a stop drains first and ends within `drain_s`.

    Signals are not its business: whoever runs it sets `should_exit`.
    """

    def __init__(self, config: uvicorn.Config, node: Node, *, drain_s: float) -> None:
        super().__init__(config)
        self._node = node
        self._drain_s = drain_s

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals as they are."""
        yield

    def end_now(self) -> None:
        """Nothing has to be done before the end: what was answered is on disk."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; what is accepted on our own sockets takes their options over.

        It sends at once: asyncio sees to that only for sockets that it made itself, and an
        answer's body would wait 40 ms for the client's delayed acknowledgement of its headers
        (RFC 1122, 4.2.3.2). And the kernel holds little unsent: else a socket swallows megabytes
        and looks healthy.
        """
        for listener in sockets or ():
            if listener.family in {socket.AF_INET, socket.AF_INET6}:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                listener.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES
                )
        await super().startup(sockets)

    async def shutdown(self, sockets: Any = None) -> None:
        """Send clients away in batches, finish the requests, then close.

        Until then the hub listens, and tells those who come that it is going: a balancer that
        asks `/ready`, and clients that would take a refused connection for a broken network.
        """
        now = asyncio.get_running_loop().time
        ends_s = now() + self._drain_s * CLIENTS_SHARE
        clients = self._node.drain.begin()
        for connection in tuple(self.server_state.connections):
            if isinstance(connection, HttpProtocol):
                connection.begin_held()
        _log.info("the hub stops", clients=clients, within_s=self._drain_s)
        await self._node.drain.run(self._drain_s)
        # uvicorn tells nobody when a request is done.
        while now() < ends_s and (self._node.drain.left() or self.server_state.tasks):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        # wait_for takes fractions, whatever the type says.
        self.config.timeout_graceful_shutdown = max(0.0, ends_s - now())  # type: ignore[assignment]
        await super().shutdown(sockets)


def serve(node: Node, *, drain_s: float, secured: ssl.SSLContext | None = None) -> Server:
    """Return the server that carries a node; run it with its own listening sockets."""

    def context(*_: object) -> ssl.SSLContext:
        return cast("ssl.SSLContext", secured)

    config = uvicorn.Config(
        Application(node),
        http=Lobby,
        ws=HubProtocol,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        ssl_context_factory=None if secured is None else context,
    )
    return Server(config, node, drain_s=drain_s)
