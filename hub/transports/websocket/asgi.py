"""The session behind plain ASGI: for TestClient and for servers other than uvicorn.

ASGI has no write that returns at once, so a task writes what the session hands over; the mark
at which a client becomes a cursor is the same as under our own protocol class.
"""

import asyncio
from collections import deque
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from hub.realtime.frames import Batch
from hub.transports.http.answer import problem
from hub.transports.websocket.handshake import Admitted, Refused, Upgrade
from hub.transports.websocket.reception import Reception, Visit

HIGH_WATER_BYTES = 64 * 1024


class AsgiSocket:
    """One socket of an ASGI server; a `realtime.connection.Sink`."""

    def __init__(self, reception: Reception, scope: Scope, receive: Receive, send: Send) -> None:
        self._reception = reception
        self._scope = scope
        self._receive = receive
        self._send = send
        self._visit: Visit | None = None
        self._queue: deque[Batch] = deque()
        self._queued_bytes = 0
        self._closing: tuple[int, str] | None = None
        self._work = asyncio.Event()
        self._reading = asyncio.Event()
        self._reading.set()

    async def run(self) -> None:
        """Serve the socket until it is gone."""
        await self._receive()  # websocket.connect
        scope = self._scope
        upgrade = Upgrade(scope["path"], scope["query_string"].decode("latin-1"), scope["headers"])
        verdict = self._reception.judge(upgrade)
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

    def ping(self) -> None:
        """Count as answered: ASGI has no ping, the server sends its own."""
        if self._visit is not None:
            self._visit.session.alive()

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        self._closing = (code, reason)
        self._work.set()

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
            await self._send({"type": "websocket.accept"})
            reason = f'{{"code":"{failure.code}"}}'
            await self._send(
                {"type": "websocket.close", "code": verdict.close_code, "reason": reason}
            )
        elif "websocket.http.response" in self._scope.get("extensions", {}):
            headers = [(b"content-type", b"application/problem+json")]
            start = {"status": failure.status, "headers": headers}
            await self._send({"type": "websocket.http.response.start", **start})
            await self._send({"type": "websocket.http.response.body", "body": problem(failure)})
        else:
            reason = HTTPStatus(failure.status).phrase
            await self._send({"type": "websocket.close", "code": 1008, "reason": reason})

    async def _serve(self, admitted: Admitted) -> None:
        await self._send({"type": "websocket.accept", "subprotocol": admitted.subprotocol})
        self._visit = visit = self._reception.welcome(self, admitted)
        writing = asyncio.create_task(self._write(), name="asgi-socket")
        code: int | None = 1006
        try:
            code = await self._read(visit)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            peer = self._scope.get("client") or ("",)
            self._reception.see_off(visit, code=code, peer=str(peer[0]))

    async def _read(self, visit: Visit) -> int | None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                code: int | None = message.get("code")
                return code
            await self._reading.wait()
            visit.session.alive()
            visit.received += 1
            text = message.get("text")
            if text is None:
                self.close(1003, "expected text frames")
                visit.connection.lost()
            elif len(text.encode()) > self._reception.max_frame_bytes:
                self.close(1009, "frame too big")
                visit.connection.lost()
            elif not visit.connection.closed:
                visit.session.receive(text.encode())

    async def _write(self) -> None:
        while True:
            while self._queue:
                batch = self._queue.popleft()
                for frame in batch.frames:
                    await self._send({"type": "websocket.send", "text": frame.payload.decode()})
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
