"""The entrance: a client's way from its request to the answer.

uvicorn hands over every upgrade of every path, past all ASGI middleware: the handshake is judged
here. Nothing of it stays when the client is in, or refused.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from hub.errors import InvalidRequest
from hub.transports.websocket import opening, takeover
from hub.transports.websocket.handshake import Unsure, Upgrade, Verdict
from hub.transports.websocket.reception import Reception

# Takes the answer, the verdict (None: refused by HTTP status) and what came behind the request.
Enter = Callable[[bytes, Verdict | None, bytes], None]


class Entrance:
    """One client that is not in yet.

    Args:
        reception: Decides.
        transport: Belongs to uvicorn's HTTP protocol until its first request has been taken.
        peer: The client's address.
        enter: Called once, now or later; never when the socket was ended instead.
    """

    __slots__ = ("_asking", "_data", "_enter", "_peer", "_reception", "_transport")

    def __init__(
        self, reception: Reception, transport: asyncio.Transport, peer: str, enter: Enter
    ) -> None:
        self._reception = reception
        self._transport = transport
        self._peer = peer
        self._enter = enter
        # What has come of the request; then what has come behind it.
        self._data = b""
        self._asking = False

    def take(self, data: bytes) -> None:
        """Take what came; what is behind the request waits for the answer."""
        if self._asking:
            self._data += data
            return
        head, end, rest = (self._data + data).partition(opening.END)
        self._data = rest if end else head
        if end:
            self._hand_over(head)

    def _hand_over(self, head: bytes) -> None:
        http: Any = self._transport.get_protocol()
        if takeover.is_answering(http):
            # An upgrade pipelined behind a request: its answer would end up among our frames,
            # and it would wait for ever for a transport that tells its news to us.
            http.connection_lost(None)
            self._transport.abort()
            return
        # In a moment the transport's protocol is another one.
        version = takeover.http_version(http)
        takeover.let_go(http)
        try:
            request = opening.read(head)
        except InvalidRequest as failure:
            self._enter(takeover.refuse(failure), None, self._data)
        else:
            self._judge(request, version)

    def _judge(self, request: opening.Request, version: str) -> None:
        upgrade = takeover.upgrade_of(request)
        verdict = self._reception.judge(upgrade, self._peer)
        answer = partial(self._answer, request, version)
        if isinstance(verdict, Unsure):
            self._asking = True
            self._transport.pause_reading()
            self._reception.spawn(self._look_up(upgrade, answer))
        else:
            answer(verdict)

    async def _look_up(self, upgrade: Upgrade, answer: Callable[[Verdict], None]) -> None:
        """Answer when the log has said whose the credential is, and which channels there are."""
        try:
            verdict = await self._reception.look_up(upgrade, self._peer)
            if not self._transport.is_closing():
                self._transport.resume_reading()
                answer(verdict)
        except Exception:
            self._transport.abort()
            raise  # logged by who runs background work

    def _answer(self, request: opening.Request, version: str, verdict: Verdict) -> None:
        failure = takeover.find_failure(request, version, verdict)
        if failure is not None:
            self._enter(takeover.refuse(failure), None, self._data)
        else:
            self._enter(opening.accept(request, verdict.subprotocol), verdict, self._data)
