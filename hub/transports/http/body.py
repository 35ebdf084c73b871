"""The body of a request on its way in: whether all of it came, and how to let the rest pass.

A server that answers before it has read everything and then closes makes the kernel send a
reset, and the client loses the answer: the very one that says why its body was refused. So a
refusal is sent at once, and what still comes is read for a moment before the end (RFC 9112, 9.6).
"""

import asyncio

from starlette.types import Message, Receive, Scope, Send

# Long enough for what is in flight, short enough for a client that never stops.
LINGER_S = 1.0


class Body:
    """The `receive` of a request that remembers whether the body has ended.

    Args:
        scope: Its headers tell whether there is a body at all.
        receive: The server's own.
    """

    __slots__ = ("_ended", "_receive", "_scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._ended = False

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
            for name, value in self._scope["headers"]
        )

    async def drain(self) -> None:
        """Read on until the body or the connection ends, but not for long."""
        try:
            async with asyncio.timeout(LINGER_S):
                while self.is_open:
                    await self()
        except TimeoutError:
            pass


def lingering(body: Body, send: Send) -> Send:
    """Return a `send` that tells the whole answer first and ends it when the body has passed."""

    async def send_then_drain(message: Message) -> None:
        if message["type"] != "http.response.body" or not body.is_open:
            await send(message)
            return
        await send({**message, "more_body": True})
        await body.drain()
        await send({"type": "http.response.body"})

    return send_then_drain
