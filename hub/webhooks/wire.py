"""The wire: one connection to a receiver, on which one request after the other is answered.

The parser is llhttp by httptools, which reads the requests that come to the hub, too. It takes
what is ambiguous for an error: a length beside chunks, two lengths. What it does not bound is
bounded here: the head, informational answers, the padding of chunks, the body.
"""

import asyncio
import time
from typing import Literal, cast

import httptools

from hub.webhooks.sender import MAX_ANSWER

# The head of an answer, with all informational ones before it.
MAX_HEAD = 64 * 1024
MAX_INFORMATIONAL = 10
# All bytes of an answer that is not over yet: 16 KiB of body in chunks of one byte fit.
MAX_RAW = 256 * 1024
_SWITCHING = 101
_FINAL = 200

Lost = Literal["closed", "protocol", "too_large"]


class BrokenOff(Exception):
    """The answer did not come to its end; `why` is `closed` when the connection went away."""

    def __init__(self, why: Lost, detail: str) -> None:
        self.why: Lost = why
        self.detail = detail
        super().__init__(detail)


class Reply:
    """An answer, as far as it has been read.

    Attributes:
        status: None: none has come.
        first_ns: When its first byte came, by `perf_counter_ns`; 0: none has.
        body_bytes: How many bytes of its body came; `body` has the first of them.
        complete: Whether it came to its end.
        keep: Whether the connection may be used further.
    """

    __slots__ = (
        "body", "body_bytes", "complete", "first_ns", "keep", "location", "retry_after", "status",
    )  # fmt: skip

    def __init__(self) -> None:
        self.status: int | None = None
        self.first_ns = 0
        self.location = self.retry_after = ""
        self.body = b""
        self.body_bytes = 0
        self.complete = self.keep = False


class Wire(asyncio.Protocol):
    """One connection, for one exchange after the other.

    Attributes:
        reply: The last answer, as far as it came.
        address: Where it goes.
        lost: Nothing more can be sent on it.
        since_s: When it began, by `monotonic`; `idle_s`: since when it has been idle.
    """

    def __init__(self) -> None:
        self.reply = Reply()
        self.address = ""
        self.lost = False
        self.since_s = self.idle_s = time.monotonic()
        self._transport: asyncio.Transport | None = None
        self._over: asyncio.Future[None] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._raw = self._head = self._informational = 0
        self._framed = False

    async def exchange(self, request: bytes) -> Reply:
        """Send a request and return its answer, whole or cut behind 16 KiB of body.

        Raises:
            BrokenOff: The answer is none, or ended too early; `reply` has what came of it.
        """
        self.reply = Reply()
        self._raw = self._head = self._informational = 0
        self._framed = False
        if self._transport is None or self.lost or self._transport.is_closing():
            raise BrokenOff("closed", "the connection was closed")
        self._over = asyncio.get_running_loop().create_future()
        try:
            self._transport.write(request)
            await self._over
        finally:
            self._over = None
            if not self._is_clean():
                self.drop()
        return self.reply

    def ends(self) -> tuple[str | None, str | None]:
        """Return the addresses of this end and of the other one."""
        if self._transport is None:
            return None, None
        pair = (self._transport.get_extra_info(end) for end in ("sockname", "peername"))
        here, there = (str(end[0]) if end else None for end in pair)
        return here, there

    def drop(self) -> None:
        """Close the connection at once, whatever is still on its way."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        # It is one of a stream; that of uvloop is no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is closed: with that an answer without a length is complete."""
        self.lost = True
        reply = self.reply
        if exc is None and reply.status is not None and not (self._framed or reply.complete):
            reply.complete = True
            self._end()
        else:
            detail = "the connection was closed before the answer's end"
            if not reply.first_ns:
                detail = "the connection was closed without an answer"
            self._break("closed", detail)

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if self._over is None or self._over.done():
            # Nobody has asked: it would be taken for the answer to the next request.
            self.drop()
            return
        reply = self.reply
        if not reply.first_ns:
            reply.first_ns = time.perf_counter_ns()
        self._raw += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._break("protocol", "the answer switches to another protocol")
        except httptools.HttpParserError as error:
            if not reply.complete:
                # Texts of the parser; none of them has a part of the answer in it.
                self._break("protocol", f"the answer is no HTTP/1.1: {error}"[:200])
        self._judge()

    def on_message_begin(self) -> None:
        """Note a second answer to one request: nobody asked for it."""
        if self.reply.complete:
            self.reply.keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take the headers that mean something here."""
        self._head += len(name) + len(value)
        if self.reply.status is not None:
            return  # behind the body
        lower = name.lower()
        if lower == b"location":
            self.reply.location = value.decode("latin-1")
        elif lower == b"retry-after":
            self.reply.retry_after = value.decode("latin-1")
        elif lower == b"content-length":
            self._framed = True
        elif lower == b"transfer-encoding":
            self._framed = value.lower().rstrip().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        """Take the status, unless it is of an informational answer."""
        status = self._parser.get_status_code()
        reply = self.reply
        if reply.status is not None:
            return
        if status >= _FINAL:
            reply.status = status
            reply.keep = self._parser.should_keep_alive()
            return
        self._informational += 1
        self._framed = False
        reply.location = reply.retry_after = ""
        if status == _SWITCHING:
            self._break("protocol", "the answer switches to another protocol")

    def on_body(self, body: bytes) -> None:
        """Keep the first 16 KiB."""
        reply = self.reply
        if not reply.complete:
            if reply.body_bytes < MAX_ANSWER:
                reply.body += body[: MAX_ANSWER - reply.body_bytes]
            reply.body_bytes += len(body)

    def on_message_complete(self) -> None:
        """Note the end."""
        if self.reply.status is not None:
            self.reply.complete = True

    def _judge(self) -> None:
        reply = self.reply
        if self._head > MAX_HEAD or (reply.status is None and self._raw > MAX_HEAD):
            self._break("too_large", f"the answer's head is larger than {MAX_HEAD // 1024} KiB")
        elif self._informational > MAX_INFORMATIONAL:
            self._break("protocol", f"more than {MAX_INFORMATIONAL} informational answers came")
        elif reply.complete or reply.body_bytes > MAX_ANSWER or self._raw > MAX_RAW:
            self._end()

    def _is_clean(self) -> bool:
        """Say whether another request may follow."""
        transport = self._transport
        if self.lost or transport is None or transport.is_closing():
            return False
        # A receiver that answers without having read everything would read on in the next request.
        rest = transport.get_write_buffer_size()
        return self.reply.complete and self.reply.keep and not rest

    def _end(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    def _break(self, why: Lost, detail: str) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_exception(BrokenOff(why, detail))
