"""Our protocol class under uvicorn's `ws=`: callbacks from the transport to the session.

No task, queue or coroutine a connection. What comes in is parsed by the sans-I/O code of
`websockets`; what goes out are frames that were built once for all clients, so it bypasses that
code and only pings, pongs and close frames go through it. uvicorn hands over every upgrade of
every path, past all ASGI middleware: the handshake is judged here.
"""

import asyncio
import logging
import socket
from http import HTTPStatus
from typing import Any, cast

import msgspec
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame as WireFrame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from hub.errors import Draining, HubError
from hub.realtime.frames import Batch
from hub.transports.http.answer import problem
from hub.transports.websocket.handshake import Admitted, Refused, Upgrade
from hub.transports.websocket.reception import Reception, Visit

# What may wait in the transport before its client becomes a cursor.
HIGH_WATER_BYTES = 64 * 1024
# What the kernel may hold unsent: without it a socket swallows megabytes and looks healthy.
NOTSENT_LOWAT_BYTES = 64 * 1024
CLOSE_TIMEOUT_S = 5.0

_quiet = logging.getLogger("hub.websockets")
_quiet.setLevel(logging.CRITICAL)  # a client's protocol fault is its close code, not our error


class HubProtocol(asyncio.Protocol):
    """One socket; a `realtime.connection.Sink`.

    uvicorn makes it with the state of the lifespan, which brings the `reception`.
    """

    def __init__(
        self,
        config: Config,  # noqa: ARG002 uvicorn passes it by name
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._peers = server_state.connections
        self._reception: Reception = app_state["reception"]
        self._wire = ServerProtocol(max_size=self._reception.max_frame_bytes, logger=_quiet)
        self._transport: asyncio.Transport
        self._visit: Visit | None = None
        self._message = bytearray()
        self._is_text = True
        self._close_timer: asyncio.TimerHandle | None = None

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket over from the HTTP protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peers.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Parse what came: first the request, then frames."""
        self._wire.receive_data(data)
        self._take_events()
        self._send_control()

    def eof_received(self) -> None:
        """The client will send nothing more; without an answer the transport closes."""
        self._wire.receive_eof()
        self._send_control()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """The socket is gone."""
        self._peers.discard(self)
        if self._close_timer is not None:
            self._close_timer.cancel()
        visit, self._visit = self._visit, None
        if visit is not None:
            address = self._transport.get_extra_info("peername")
            peer = str(address[0]) if isinstance(address, tuple) else ""
            close = self._wire.close_rcvd or self._wire.close_sent
            self._reception.see_off(visit, code=close.code if close else 1006, peer=peer)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        if self._visit is not None:
            self._visit.connection.pause()

    def resume_writing(self) -> None:
        """The transport's buffer has drained."""
        if self._visit is not None:
            self._visit.connection.resume()

    def shutdown(self) -> None:
        """Uvicorn is stopping."""
        if self._visit is not None:
            self._visit.session.end(Draining("the hub is stopping"))
        else:
            self._transport.close()

    # What the connection calls.

    def write(self, batch: Batch) -> None:
        """Send frames."""
        self._transport.write(batch.wire)

    def ping(self) -> None:
        """Send a ping."""
        if self._wire.state is OPEN:
            self._wire.send_ping(b"")
            self._send_control()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; the socket closes when the client answers, or after 5 s."""
        if self._wire.state is OPEN:
            self._wire.send_close(code, reason)
            self._send_control()

    def buffered(self) -> int:
        """Return the bytes that wait in the transport."""
        return self._transport.get_write_buffer_size()

    def pause_reading(self) -> None:
        """Take no more frames from the client."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take frames again."""
        self._transport.resume_reading()

    # Between the two.

    def _take_events(self) -> None:
        for event in self._wire.events_received():
            if isinstance(event, Request):
                self._open(event)
            elif isinstance(event, WireFrame):
                self._take_frame(event)

    def _open(self, request: Request) -> None:
        path, _, query = request.path.partition("?")
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in request.headers.raw_items()
        ]
        verdict = self._reception.judge(Upgrade(path, query, headers))
        if isinstance(verdict, Refused) and verdict.close_code is None:
            self._refuse(verdict.failure)
            return
        response = self._wire.accept(request)
        subprotocol = verdict.subprotocol if isinstance(verdict, Admitted) else None
        if subprotocol is not None:
            response.headers["Sec-WebSocket-Protocol"] = subprotocol
        self._wire.send_response(response)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            return
        if isinstance(verdict, Refused):
            reason = msgspec.json.encode({"code": verdict.failure.code}).decode()
            self._wire.send_close(verdict.close_code, reason)
            return
        # The 101 goes first: what the session writes goes past `_wire`.
        self._send_control()
        self._visit = self._reception.welcome(self, verdict)

    def _refuse(self, failure: HubError) -> None:
        response = self._wire.reject(failure.status, "")
        response.body = problem(failure)
        del response.headers["Content-Length"], response.headers["Content-Type"]
        response.headers["Content-Length"] = str(len(response.body))
        response.headers["Content-Type"] = "application/problem+json"
        self._wire.send_response(response)

    def _take_frame(self, frame: WireFrame) -> None:
        visit = self._visit
        if visit is None or visit.connection.closed:
            return
        visit.session.alive()
        if frame.opcode in {Opcode.TEXT, Opcode.BINARY}:
            self._is_text = frame.opcode is Opcode.TEXT
            self._message[:] = frame.data
        elif frame.opcode is Opcode.CONT:
            self._message += frame.data
        else:
            return
        if frame.fin:
            visit.received += 1
            self._take_message(visit, bytes(self._message))
            self._message.clear()

    def _take_message(self, visit: Visit, message: bytes) -> None:
        if not self._is_text:
            self._wire.fail(CloseCode.UNSUPPORTED_DATA, "expected text frames")
        elif not _is_utf8(message):
            self._wire.fail(CloseCode.INVALID_DATA, "expected UTF-8")
        else:
            visit.session.receive(message)

    def _send_control(self) -> None:
        """Write what the parser has to say: handshake, pongs, close frames, the end."""
        for data in self._wire.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()
        if self._wire.close_expected() and self._close_timer is None:
            loop = asyncio.get_running_loop()
            self._close_timer = loop.call_later(CLOSE_TIMEOUT_S, self._transport.abort)
            if self._visit is not None:
                self._visit.connection.lost()


def _is_utf8(message: bytes) -> bool:
    try:
        message.decode()
    except UnicodeDecodeError:
        return False
    return True
