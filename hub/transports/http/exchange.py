"""The exchange of a plain request and its answer, behind uvicorn's protocol.

An answer that is whole when it is sent is one write and a join; any other is left to uvicorn.
"""

import asyncio
import re
from typing import Any, cast

from uvicorn._types import ASGISendEvent, HTTPScope
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from hub.transports.http.corked import Cork

# RFC 9110, 5.5: what no value may have; uvicorn refuses it.
_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class PlainExchange(RequestResponseCycle):
    """One request whose body is there, and its answer.

    Args:
        protocol: Of its connection.
        scope: Its own.
        body: The whole.
    """

    def __init__(self, protocol: HttpToolsProtocol, scope: HTTPScope, body: bytes) -> None:
        super().__init__(
            scope=scope,
            transport=protocol.transport,
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=protocol.access_log,
            default_headers=protocol.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=protocol.on_response_complete,
        )
        self.body = bytearray(body)
        self.more_body = False
        self.message_event.set()
        self._start: dict[str, Any] | None = None
        self._loop = protocol.loop

    async def send(self, message: ASGISendEvent) -> None:
        """Take a message of the application; a start waits for what follows it."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = cast("dict[str, Any]", message)
            self.response_started = True
            return
        start, self._start = self._start, None
        if start is not None:
            whole = self._whole(start, cast("dict[str, Any]", message))
            if whole is not None:
                self._end(whole)
                return
            self.response_started = False
            self.transport = cast("asyncio.Transport", Cork(self.transport, self._loop))
            await super().send(cast("ASGISendEvent", start))
        await super().send(message)

    def _whole(self, start: dict[str, Any], rest: dict[str, Any]) -> bytes | None:
        """Return an answer of which nothing is missing and nothing is special.

        And whose client reads: uvicorn waits for one that does not.
        """
        if (
            rest["type"] != "http.response.body"
            or rest.get("more_body")
            or not self.keep_alive
            or self.flow.write_paused
        ):
            return None
        fields = [*self.default_headers, *start["headers"]]
        body: bytes = rest.get("body", b"")
        told = dict(fields)
        if told.get(b"content-length") != b"%d" % len(body) or b"connection" in told:
            return None
        block = b"".join([b"%b: %b\r\n" % field for field in fields])
        if _ILLEGAL.search(block) or block.count(b"\r") + block.count(b"\n") > 2 * len(fields):
            return None
        return b"%b%b\r\n%b" % (STATUS_LINE[start["status"]], block, body)

    def _end(self, whole: bytes) -> None:
        if self.disconnected:
            return
        self.transport.write(whole)
        self.response_complete = True
        self.message_event.set()
        self.on_response()
