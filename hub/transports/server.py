"""The server: a node behind uvicorn, or as a plain ASGI application elsewhere."""

import socket
from typing import Any, Protocol

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.transports.http.corked import CorkedProtocol
from hub.transports.websocket.asgi import AsgiSocket
from hub.transports.websocket.protocol import HubProtocol
from hub.transports.websocket.reception import NodeReception


class Node(Protocol):
    """What is served."""

    reception: NodeReception
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
        # The protocol class under uvicorn gets this state, and with it the way to the node.
        scope.setdefault("state", {})["reception"] = self._node.reception
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._node.stop()
        await send({"type": "lifespan.shutdown.complete"})


class Server(uvicorn.Server):
    """uvicorn, but a stop drains first and ends within `drain_s`."""

    def __init__(self, config: uvicorn.Config, node: Node) -> None:
        super().__init__(config)
        self._node = node

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; what is accepted on our own sockets sends at once.

        asyncio sees to that only for sockets that it made itself: without it an answer's body
        waits 40 ms for the client's delayed acknowledgement of its headers (RFC 1122, 4.2.3.2).
        """
        for listener in sockets or ():
            if listener.family in {socket.AF_INET, socket.AF_INET6}:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await super().startup(sockets)

    async def shutdown(self, sockets: Any = None) -> None:
        """Send WebSocket clients away, then let uvicorn finish the requests."""
        self._node.reception.drain()
        await super().shutdown(sockets)


def serve(node: Node, *, drain_s: float) -> Server:
    """Return the server that carries a node; run it with its own listening sockets."""
    config = uvicorn.Config(
        Application(node),
        http=CorkedProtocol,
        ws=HubProtocol,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(drain_s)),
    )
    return Server(config, node)
