"""uvicorn's HTTP protocol with bounds: how long the head of a request may be, and may take.

httptools has none, and uvicorn keeps what it reads: one stranger could fill the memory with
headers of a request that never begins (CWE-770), and hold a socket for ever with none (CWE-400).
"""

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from hub.errors import HeadTooLarge, HubError
from hub.telemetry.logging import logger
from hub.transports.http.answer import problem

# Tokens have 8 KiB at most, addresses of streams may name many channels; and one read more is
# taken, for it is there already: 256 KiB.
MAX_HEAD_BYTES = 64 * 1024
# From the first byte to the end of the head; a phone's network takes less.
HEAD_S = 20.0

_log = logger("http")


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, for which heads, trailers and chunk extensions are not endless.

    Attributes:
        unread: Bytes that came since the last head was complete, or the last part of a body.
    """

    unread = 0
    patience: asyncio.TimerHandle | None = None

    def await_head(self) -> None:
        """Give the client time for a head; a new connection begins with it."""
        self.patience = self.loop.call_later(HEAD_S, self._lose_patience)

    def data_received(self, data: bytes) -> None:
        """Take bytes, as far as something becomes of them."""
        self.unread += len(data)
        super().data_received(data)
        if not self.unread:
            self._calm()
        elif self.unread > MAX_HEAD_BYTES:
            self._refuse()
        elif self.patience is None:
            self.await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._calm()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self.unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body has come; how much may come is asked where it is read."""
        self.unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole, its trailers too."""
        self.unread = 0
        super().on_message_complete()

    def _calm(self) -> None:
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def _refuse(self) -> None:
        self._calm()
        if self.transport.is_closing():
            return
        failure = HeadTooLarge(f"expected a head of at most {MAX_HEAD_BYTES} bytes, got more")
        _log.info("connection refused", code=failure.code, peer=(self.client or ("",))[0])
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.write(_whole(failure))
            self.transport.close()
        else:
            # Ours would stand in the middle of the answer before.
            self.transport.abort()

    def _lose_patience(self) -> None:
        self.patience = None
        if not self.transport.is_closing():
            self.transport.close()


def _whole(failure: HubError) -> bytes:
    """Return the answer to a request that nothing else is made of."""
    body, status = problem(failure), HTTPStatus(failure.status)
    return (
        b"HTTP/1.1 %d %b\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (status, status.phrase.encode(), len(body), body)
    )
