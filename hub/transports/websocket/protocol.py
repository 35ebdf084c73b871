"""Our protocol class under uvicorn's `ws=`: callbacks from the transport to the session.

No task, queue or coroutine a connection. What comes in is parsed by the sans-I/O code of
`websockets`; what goes out are frames that were built once for all clients, so it bypasses that
code and only pings, pongs and close frames go through it. uvicorn hands over every upgrade of
every path, past all ASGI middleware: the handshake is judged here.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame as WireFrame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN, SEND_EOF
from websockets.server import ServerProtocol

from hub.clock import Timer
from hub.errors import Draining, HubError
from hub.realtime.frames import Batch
from hub.transports.http.answer import problem
from hub.transports.websocket import handshake
from hub.transports.websocket.handshake import Refused, Upgrade, Verdict
from hub.transports.websocket.message import Text, expected_frames
from hub.transports.websocket.reception import Reception, Visit
from hub.transports.websocket.takeover import http_version, is_answering, upgrade_of

# What may wait in the transport before its client becomes a cursor.
HIGH_WATER_BYTES = 64 * 1024
# What the kernel may hold unsent: without it a socket swallows megabytes and looks healthy.
NOTSENT_LOWAT_BYTES = 64 * 1024
# How long a client has to answer our close frame, and to read what lies before it.
CLOSE_TIMEOUT_S = 5.0

_quiet = logging.getLogger("hub.websockets")
_quiet.setLevel(logging.ERROR)  # a client's protocol fault is its close code, not our error


class HubProtocol(asyncio.Protocol):
    """One socket; a `realtime.connection.Sink`.

    uvicorn makes it with the state of the lifespan, which brings the `reception`.
    """

    __slots__ = (
        "_close_timer",
        "_peer",
        "_peers",
        "_reception",
        "_text",
        "_transport",
        "_visit",
        "_wire",
    )

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
        self._peer = ""
        self._visit: Visit | None = None
        self._text = Text()
        self._close_timer: Timer | None = None

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket over from the HTTP protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        address = transport.get_extra_info("peername")
        self._peer = str(address[0]) if isinstance(address, tuple) else ""
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            # A socket whose peer is gone refuses options on some systems; its end follows.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)
                # asyncio forgets it on sockets of a listener that was made without a protocol.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peers.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Parse what came: first the request, then frames."""
        self._wire.receive_data(data)
        for event in self._wire.events_received():
            if isinstance(event, Request):
                self._open(event)
            elif isinstance(event, WireFrame):
                self._take_frame(event)
        self._send_control()

    def eof_received(self) -> None:
        """The client will send nothing more; the transport closes when it has written all."""
        self._wire.receive_eof()
        self._wire.data_to_send()  # says only that we may half-close, which the transport does
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """The socket is gone."""
        self._peers.discard(self)
        if self._close_timer is not None:
            self._close_timer.cancel()
        visit, self._visit = self._visit, None
        if visit is not None:
            self._reception.see_off(visit, code=self._close_code(), peer=self._peer)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        if self._visit is not None:
            self._visit.connection.pause()
        else:
            self.pause_reading()

    def resume_writing(self) -> None:
        """The transport's buffer has drained: the client reads, however long its pong takes."""
        if self._visit is not None:
            self._visit.session.alive()
            self._visit.connection.resume()
        else:
            self.resume_reading()

    def shutdown(self) -> None:
        """Uvicorn is stopping."""
        if self._visit is not None:
            self._visit.session.end(Draining("the hub is stopping"))
        else:
            self._transport.close()

    # What the connection calls. None of it raises: a fan-out must reach the next client.

    def write(self, batch: Batch) -> None:
        """Send frames."""
        if not self._transport.is_closing():
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
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take frames again."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # Between the two.

    def _open(self, request: Request) -> None:
        http: Any = self._transport.get_protocol()
        if is_answering(http):
            # An upgrade pipelined behind a request: its answer would end up among our frames,
            # and it would wait for ever for a transport that tells its news to us.
            http.connection_lost(None)
            self._transport.abort()
            return
        if self._wire.eof_sent:  # broken frames right behind the request
            self._transport.abort()
            return
        # Now: in a moment the transport's protocol is this one.
        version, upgrade = http_version(http), upgrade_of(request)
        verdict = self._reception.judge(upgrade, self._peer)
        answer = partial(self._answer, request, upgrade, version)
        if isinstance(verdict, Refused) and verdict.is_unsure:
            self.pause_reading()
            self._reception.spawn(self._look_up(upgrade, answer))
        else:
            answer(verdict)

    async def _look_up(self, upgrade: Upgrade, answer: Callable[[Verdict], None]) -> None:
        """Answer when the log has said whether there are the channels that are asked for."""
        try:
            verdict = await self._reception.look_up(upgrade, self._peer)
            if not self._transport.is_closing():
                self.resume_reading()
                answer(verdict)
                self._send_control()
        except Exception:
            self._transport.abort()
            raise  # logged by who runs background work

    def _answer(self, request: Request, upgrade: Upgrade, version: str, verdict: Verdict) -> None:
        if isinstance(verdict, Refused) and verdict.close_code is None:
            self._refuse(verdict.failure)
            return
        response = self._wire.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS or version != "1.1":
            cause = self._wire.handshake_exc
            self._refuse(handshake.fault(request.method, version, upgrade, cause))
            return
        if verdict.subprotocol is not None:
            response.headers["Sec-WebSocket-Protocol"] = verdict.subprotocol
        self._wire.send_response(response)
        if isinstance(verdict, Refused):
            reason = handshake.close_reason(verdict.failure)
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
        for name, value in handshake.refusal_headers(failure):
            response.headers[name] = value
        self._wire.send_response(response)

    def _take_frame(self, frame: WireFrame) -> None:
        visit = self._visit
        if visit is None or visit.connection.closed:
            return
        visit.session.alive()
        binary = visit.connection.form.binary
        if frame.opcode is (Opcode.TEXT if binary else Opcode.BINARY):
            self._fail(visit, CloseCode.UNSUPPORTED_DATA, expected_frames(binary=binary))
        elif frame.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            try:
                message = self._text.add(bytes(frame.data), final=frame.fin, binary=binary)
            except UnicodeDecodeError:
                self._fail(visit, CloseCode.INVALID_DATA, "expected UTF-8")
            else:
                if message is not None:
                    self._reception.take(visit, message)

    def _fail(self, visit: Visit, code: CloseCode, reason: str) -> None:
        """RFC 6455, 7.1.7; what came behind the fault in the same segment is not looked at."""
        self._wire.fail(code, reason)
        visit.session.lost()

    def _send_control(self) -> None:
        """Write what the parser has to say: handshake, pongs, close frames, the end."""
        writes = self._wire.data_to_send()
        if writes and not self._transport.is_closing():
            self._transport.write(b"".join(writes))
            if writes[-1] == SEND_EOF:
                self._half_close()
        if self._wire.close_expected():
            self._end()

    def _half_close(self) -> None:
        """Say that nothing more will come, and go on reading.

        A socket closed with unread bytes in it is reset, and the client may lose the close
        frame that it has not read yet (RFC 6455, 7.1.1).
        """
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()  # TLS: ends with its own closing handshake

    def _end(self) -> None:
        """Nothing is sent any more; the client has 5 s to read what is left and to answer."""
        if self._close_timer is not None:
            return
        timers = self._reception.timers
        self._close_timer = timers.call_later(CLOSE_TIMEOUT_S, self._transport.abort)
        if self._visit is not None:
            self._visit.session.lost()
            if self._visit.connection.writable:
                # Commands that wait may have paused it, but the answer to our close must come.
                self.resume_reading()

    def _close_code(self) -> int:
        """Return the code of whoever closed first; 1006 when nobody did."""
        wire = self._wire
        first = wire.close_rcvd if wire.close_rcvd_then_sent else wire.close_sent
        return int(CloseCode.ABNORMAL_CLOSURE if first is None else first.code)
