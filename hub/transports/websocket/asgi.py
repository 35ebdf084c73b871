"""The session behind plain ASGI: for TestClient and for servers other than uvicorn.

ASGI has no write that returns at once, so a task writes what the session hands over; the mark
at which a client becomes a cursor is the same as under our own protocol class.
"""

import asyncio
from collections import deque
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from hub.clock import Timer
from hub.realtime.frames import Batch
from hub.transports.grace import grace_s
from hub.transports.http.answer import problem
from hub.transports.websocket import handshake
from hub.transports.websocket.handshake import Admitted, Refused, Unsure, Upgrade
from hub.transports.websocket.message import expected_frames
from hub.transports.websocket.reception import Reception, Visit

HIGH_WATER_BYTES = 64 * 1024


class AsgiSocket:
    """One socket of an ASGI server; a `realtime.connection.Sink`."""

    def __init__(self, reception: Reception, scope: Scope, receive: Receive, send: Send) -> None:
        self._reception = reception
        self._scope = scope
        self._receive = receive
        self._send = send
        self._peer = ""
        self._visit: Visit | None = None
        self._queue: deque[Batch] = deque()
        self._queued_bytes = 0
        self._closing: tuple[int, str] | None = None
        self._close_timer: Timer | None = None
        self._given_up = asyncio.Event()
        self._work = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()

    async def run(self) -> None:
        """Serve the socket until it is gone."""
        await self._receive()  # websocket.connect
        scope = self._scope
        upgrade = Upgrade(scope["path"], scope["query_string"].decode("latin-1"), scope["headers"])
        self._peer = str((scope.get("client") or ("",))[0])
        verdict = self._reception.judge(upgrade, self._peer)
        if isinstance(verdict, Unsure):
            verdict = await self._reception.look_up(upgrade, self._peer)
        if isinstance(verdict, Refused):
            await self._refuse(verdict)
        else:
            await self._serve(verdict)

    def write(self, batch: Batch) -> None:
        """Queue frames for the writing task."""
        self._queue.append(batch)
        self._queued_bytes += len(batch.wire)
        self._work.set()
        if self._queued_bytes > HIGH_WATER_BYTES and self._visit is not None:
            self._visit.connection.pause()

    def ping(self, batch: Batch) -> None:
        """Count as answered in the next tick: ASGI has no ping, the server sends its own."""
        self.write(batch)
        if self._visit is not None:
            self._reception.timers.call_soon(self._visit.session.alive)

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued, or after its grace."""
        if self._closing is None:
            self._closing = (code, reason)
            self._work.set()
            timers = self._reception.timers
            self._close_timer = timers.call_later(grace_s(code), self._given_up.set)

    def buffered(self) -> int:
        """Return the bytes that wait."""
        return self._queued_bytes

    def pause_reading(self) -> None:
        """Take no more frames from the client."""
        self._reading.clear()

    def resume_reading(self) -> None:
        """Take frames again."""
        self._reading.set()

    async def _refuse(self, verdict: Refused) -> None:
        failure = verdict.failure
        if verdict.close_code is not None:
            await self._send({"type": "websocket.accept", "subprotocol": verdict.subprotocol})
            reason = handshake.close_reason(failure)
            close = {"type": "websocket.close", "code": verdict.close_code, "reason": reason}
            await self._send(close)
        elif "websocket.http.response" in (self._scope.get("extensions") or {}):
            headers = [
                (name.lower().encode(), value.encode())
                for name, value in handshake.refusal_headers(failure)
            ]
            start = {"status": failure.status, "headers": headers}
            await self._send({"type": "websocket.http.response.start", **start})
            await self._send({"type": "websocket.http.response.body", "body": problem(failure)})
        else:
            reason = HTTPStatus(failure.status).phrase
            await self._send({"type": "websocket.close", "code": 1008, "reason": reason})

    async def _serve(self, admitted: Admitted) -> None:
        await self._send({"type": "websocket.accept", "subprotocol": admitted.subprotocol})
        visit = self._visit = self._reception.welcome(self, admitted)
        if visit is None:
            await self._write()
            return
        code: int | None = 1006
        try:
            code = await self._converse(visit)
        except OSError:
            pass  # the server's way to say that the client is gone
        finally:
            if self._close_timer is not None:
                self._close_timer.cancel()
            code = self._closing[0] if self._closing is not None else code
            self._reception.see_off(visit, code=code, peer=self._peer)

    async def _converse(self, visit: Visit) -> int | None:
        """Read and write until one of the two ends; return the client's close code."""
        reading = asyncio.create_task(self._read(visit), name="asgi-read")
        writing = asyncio.create_task(self._write(), name="asgi-write")
        giving_up = asyncio.create_task(self._given_up.wait(), name="asgi-give-up")
        tasks = (reading, writing, giving_up)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            # Not gather: cancelled itself, it would raise a child's CancelledError as ours.
            await asyncio.wait(tasks)
        faults = [task.exception() for task in tasks if not task.cancelled()]
        for fault in filter(None, faults):
            raise fault
        return None if reading.cancelled() else reading.result()

    async def _read(self, visit: Visit) -> int | None:
        while True:
            await self._reading.wait()
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                code: int | None = message.get("code")
                return code
            if not visit.connection.closed:
                visit.session.alive()
                self._take(visit, message.get("text"), message.get("bytes"))

    def _take(self, visit: Visit, text: str | None, data: bytes | None) -> None:
        binary = visit.connection.form.binary
        try:
            payload = data if binary else None if text is None else text.encode()
        except UnicodeEncodeError:  # a lone surrogate
            self._fail(visit, 1007, "expected UTF-8")
            return
        if payload is None:
            self._fail(visit, 1003, expected_frames(binary=binary))
        elif len(payload) > self._reception.max_frame_bytes:
            self._fail(visit, 1009, "message too big")
        else:
            self._reception.take(visit, payload)

    def _fail(self, visit: Visit, code: int, reason: str) -> None:
        self.close(code, reason)
        visit.session.lost()

    async def _write(self) -> None:
        """Write what the session hands over; end with the close frame."""
        while True:
            while self._queue:
                batch = self._queue.popleft()
                for frame in batch.frames:
                    said = frame.payload if frame.binary else frame.payload.decode()
                    kind = "bytes" if frame.binary else "text"
                    await self._send({"type": "websocket.send", kind: said})
                self._sent(batch)
            if self._closing is not None:
                code, reason = self._closing
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
                return
            self._work.clear()
            await self._work.wait()

    def _sent(self, batch: Batch) -> None:
        self._queued_bytes -= len(batch.wire)
        connection = self._visit.connection if self._visit is not None else None
        drained = self._queued_bytes < HIGH_WATER_BYTES // 4
        if drained and connection is not None and not connection.writable:
            connection.resume()
