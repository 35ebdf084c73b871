"""Our protocol class under uvicorn's `ws=`: callbacks from the transport to the session.

No task, queue or coroutine a connection, and nothing of a request or a message that has been
dealt with. What goes out are frames that were built once for all clients.
"""

import asyncio
from functools import partial
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from hub.clock import Timer
from hub.errors import Draining
from hub.realtime.frames import Batch
from hub.realtime.waiting import MAX_BYTES as STRANGER_BYTES
from hub.transports.grace import cut, grace_s
from hub.transports.websocket import takeover
from hub.transports.websocket.entrance import Entrance
from hub.transports.websocket.gather import Gather
from hub.transports.websocket.handshake import REFUSED, Refused, Verdict, close_reason
from hub.transports.websocket.message import Message, expected_frames, join
from hub.transports.websocket.parser import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Fault,
    Frame,
    Parser,
    close_frame,
    control,
    read_code,
)
from hub.transports.websocket.reception import Reception, Visit

# What may wait in the transport before its client becomes a cursor.
HIGH_WATER_BYTES = 64 * 1024

ABNORMAL = 1006
UNSUPPORTED = 1003
_PING = control(PING, b"")
# A client's, before its mask.
_BARE_PONG, _PONG_BYTES = b"\x8a\x80", 6


class HubProtocol(asyncio.Protocol):
    """One socket; a `realtime.connection.Sink`.

    uvicorn makes it with the state of the lifespan, which brings the `reception`.
    """

    __slots__ = (
        "_answers",
        "_close_timer",
        "_code",
        "_entrance",
        "_last",
        "_message",
        "_parser",
        "_peer",
        "_peers",
        "_reception",
        "_transport",
        "_visit",
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
        self._transport: asyncio.Transport
        self._peer = ""
        self._visit: Visit | None = None
        # Until the request is answered.
        self._entrance: Entrance | None = None
        # Reads frames: from the 101 on until a close or a fault has come.
        self._parser: Parser | None = None
        self._message: Message | None = None
        # Pongs of the segment that is being read.
        self._answers: bytearray | None = None
        # Of whoever closed first.
        self._code: int | None = None
        # The close frame that ends it, once what came in front of it has been dealt with.
        self._last: bytes | None = None
        self._close_timer: Timer | None = None

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket over from the HTTP protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        self._peer = takeover.peer_of(self._transport.get_protocol())
        self._entrance = Entrance(self._reception, self._transport, self._peer, self._enter)
        self._peers.add(self)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """Take what came: first the request, then frames."""
        parser = self._parser
        if parser is None:
            if self._entrance is not None:
                self._entrance.take(data)
        elif len(data) == _PONG_BYTES and data.startswith(_BARE_PONG) and not parser:
            # The answer to our ping, alone: all that a client which listens ever sends.
            self._hear_pong()
        else:
            self._read(parser, data)

    def eof_received(self) -> None:
        """The client will send nothing more; the transport closes when it has written all."""
        self._parser = self._entrance = None
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 asyncio's signature
        """The socket is gone."""
        self._peers.discard(self)
        self._parser = self._entrance = None
        if self._close_timer is not None:
            self._close_timer.cancel()
        visit, self._visit = self._visit, None
        if visit is not None:
            self._reception.see_off(visit, code=self._code or ABNORMAL, peer=self._peer)

    def pause_writing(self) -> None:
        """The transport's buffer is full."""
        if self._visit is not None:
            self._visit.connection.pause()
        elif self._entrance is None:
            self.pause_reading()

    def resume_writing(self) -> None:
        """The transport's buffer has drained: the client reads, however long its pong takes."""
        if self._visit is not None:
            self._visit.session.alive()
            self._visit.connection.resume()
        elif self._entrance is None:
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

    def ping(self, batch: Batch) -> None:
        """Send frames and a ping, as one write."""
        if self._parser is not None and self._code is None:
            self._send(batch.wire + _PING)

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; the socket closes when the client answers, or after its grace."""
        if self._parser is not None:
            if self._code is None:
                self._code = code
                self._send(close_frame(code, reason))
            self._end()

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

    def _enter(self, answer: bytes, verdict: Verdict | None, behind: bytes) -> None:
        """Answer the request, and begin a session if it may be."""
        if self._entrance is None:
            return  # it has ended meanwhile
        self._entrance = None
        if verdict is None:
            self._finish(answer)
            return
        is_known = isinstance(verdict, Refused) or verdict.principal is not None
        most = self._reception.max_frame_bytes
        self._parser = Parser(most if is_known else min(most, STRANGER_BYTES))
        self._transport = gather = Gather(self._transport, answer)
        if isinstance(verdict, Refused):
            self.close(verdict.close_code or REFUSED, close_reason(verdict.failure))
        else:
            self._visit = self._reception.welcome(self, verdict)
        self._transport = gather.let_go()
        if self._visit is not None:
            self._visit.connection.lend(takeover.fd_of(self._transport), self._transport)
        if behind:
            self.data_received(behind)

    # Frames.

    def _read(self, parser: Parser, data: bytes) -> None:
        if self._visit is not None and self._visit.is_known:
            parser.max_bytes = self._reception.max_frame_bytes
        frames = parser.feed(data)
        if frames and frames[-1].opcode == CLOSE:
            # First of all: whatever lies in front of it, the client has closed.
            payload = frames.pop().payload
            self._end_with(read_code(payload), control(CLOSE, payload))
        try:
            for frame in frames:
                self._take(frame)
            if parser.fault is not None:
                raise parser.fault
        except Fault as fault:
            # What came behind it is not looked at (RFC 6455, 7.1.7).
            self._end_with(fault.code, close_frame(fault.code, fault.reason))
        if self._last is not None:
            self._finish(self._last)
        elif self._answers is not None:
            self._send(b"")

    def _hear_pong(self) -> None:
        if self._visit is not None and not self._visit.connection.closed:
            self._visit.session.alive()

    def _take(self, frame: Frame) -> None:
        if frame.opcode == PING:
            # A segment full of pings is answered by one write.
            self._answers = self._answers or bytearray()
            self._answers += control(PONG, frame.payload)
        visit = self._visit
        if visit is None or visit.connection.closed:
            return
        visit.session.alive()
        binary = visit.connection.form.binary
        if frame.opcode == (TEXT if binary else BINARY):
            raise Fault(UNSUPPORTED, expected_frames(binary=binary))
        if frame.opcode < CLOSE:
            self._message, payload = join(self._message, frame)
            if payload is not None:
                self._reception.take(visit, payload)

    def _send(self, data: bytes) -> None:
        """Write what is no event; pongs that wait go before it."""
        if self._answers is not None:
            data = bytes(self._answers) + data
            self._answers = None
        if data and not self._transport.is_closing():
            if self._visit is not None:
                self._visit.connection.touched = True
            self._transport.write(data)

    # Closing.

    def _end_with(self, code: int, frame: bytes) -> None:
        """Let a close frame be the last; or nothing, when one was sent before."""
        if self._code is None:
            self._code, self._last = code, frame
        elif self._last is None:
            self._last = b""

    def _finish(self, last: bytes) -> None:
        """Say the last, and that nothing more will come; read on without looking.

        A socket closed with unread bytes in it is reset, and the client may lose the close
        frame that it has not read yet (RFC 6455, 7.1.1).
        """
        self._send(last)
        self._parser = self._entrance = self._message = None
        if not self._transport.is_closing():
            if self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()  # TLS: ends with its own closing handshake
        self._end()

    def _end(self) -> None:
        """Nothing is sent any more; the client has its grace to read the rest and to answer."""
        if self._close_timer is not None:
            return
        # Who was refused at the door holds nothing: it has the whole time to read why.
        within_s = grace_s(None if self._visit is None else self._code)
        timers = self._reception.timers
        self._close_timer = timers.call_later(within_s, partial(cut, self._transport))
        if self._visit is not None:
            self._visit.session.lost()
            if self._visit.connection.writable:
                # Commands that wait may have paused it, but the answer to our close must come.
                self.resume_reading()
