"""The body of a request on its way in: whether all of it came, and how to let the rest pass.

A server that answers before it has read everything and then closes makes the kernel send a
reset, and the client loses the answer: the very one that says why its body was refused. So a
refusal is sent at once, and what still comes is read for a moment before the end (RFC 9112, 9.6).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.types import Message, Receive, Send

from hub.auth.admission import Headers
from hub.errors import BodyTooLarge, ConnectionEnded

# Long enough for what is in flight, short enough for a client that never stops.
LINGER_S = 1.0
# Of a body that is longer than this the connection ends with its refusal.
LINGER_BYTES = 64 * 1024


class Body:
    """The body of a request, and the `receive` of its ASGI application.

    Args:
        headers: They tell whether there is a body at all, and perhaps its length.
        receive: The server's own.

    Attributes:
        on_whole: Asked when all of it has come, whether its caller may still bring it; raises.
    """

    __slots__ = ("_ended", "_headers", "_receive", "on_whole")

    def __init__(self, headers: Headers, receive: Receive) -> None:
        self._headers = headers
        self._receive = receive
        self._ended = False
        self.on_whole: Callable[[], Awaitable[None]] | None = None

    async def __call__(self) -> Message:
        """Return the next message."""
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message

    @property
    def is_open(self) -> bool:
        """Whether some of the body has not been read."""
        return not self._ended and any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
            for name, value in self._headers
        )

    @property
    def may_be_long(self) -> bool:
        """Whether the rest may be more than a connection is worth keeping for."""
        return self.length is None or self.length > LINGER_BYTES

    @property
    def length(self) -> int | None:
        """The length where the request tells it beforehand."""
        for name, told in self._headers:
            if name == b"content-length":
                # Leading zeros are legal (RFC 9110, 8.6), and Python refuses to read thousands.
                return int(told.lstrip(b"0")[:20] or b"0") if told.isdigit() else None
        return None

    async def read(self, limit: int) -> bytes:
        """Read all of it, at most `limit` bytes.

        Raises:
            BodyTooLarge: There is more, or the request says that more will come.
            ConnectionEnded: The caller went away in the middle.
            HubError: See `on_whole`.
        """
        _check(self.length or 0, limit)
        # One message is the rule; joining is for bodies that come in pieces.
        body = _piece(await self())
        _check(len(body), limit)
        if not self._ended:
            return await self._join(body, limit)
        if self.on_whole is not None:
            await self.on_whole()
        return body

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            ConnectionEnded: The caller went away in the middle; what came is not the whole.
            HubError: See `on_whole`.
        """
        while not self._ended:
            yield _piece(await self())
        if self.on_whole is not None:
            await self.on_whole()

    async def drain(self) -> None:
        """Read on until the body or the connection ends, but not for long."""
        try:
            async with asyncio.timeout(LINGER_S):
                while self.is_open:
                    await self()
        except TimeoutError:
            pass

    async def _join(self, first: bytes, limit: int) -> bytes:
        body = bytearray(first)
        async for piece in self.chunks():
            body += piece
            _check(len(body), limit)
        return bytes(body)


def _piece(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise ConnectionEnded("expected the rest of the body, got the end of the connection")
    piece: bytes = message.get("body", b"")
    return piece


def _check(length: int, limit: int) -> None:
    if length > limit:
        raise BodyTooLarge(f"expected a body of at most {limit} bytes, got more")


def lingering(body: Body, send: Send) -> Send:
    """Return a `send` that tells the whole answer first and ends it when the body has passed."""

    async def send_then_drain(message: Message) -> None:
        if message["type"] == "http.response.start" and body.is_open and body.may_be_long:
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        if message["type"] != "http.response.body" or not body.is_open:
            await send(message)
            return
        await send({**message, "more_body": True})
        await body.drain()
        await send({"type": "http.response.body"})

    return send_then_drain
