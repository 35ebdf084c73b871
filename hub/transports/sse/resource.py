"""The resource of events: brings a client to a stream of its own."""

from starlette.types import ASGIApp, Receive, Scope, Send

from hub.errors import HubError
from hub.transports.http.call import Call
from hub.transports.sse import asking
from hub.transports.sse.answer import HEADERS, EventStream
from hub.transports.sse.block import farewell
from hub.transports.sse.reception import StreamReception


class EventsResource:
    """Answers `GET /api/events`."""

    def __init__(self, reception: StreamReception) -> None:
        self._reception = reception

    async def events(self, call: Call) -> ASGIApp:
        """Return a stream.

        EventSource comes back after the end of a stream, and never again after another status
        than 200. So what time heals is said in the stream, with the time.

        Raises:
            InvalidFields: See `asking.read`.
            ChannelNotFound: There is no such channel.
            Forbidden: The caller may not read it.
            Unauthenticated: Its credential has ended while the log was asked.
            ConnectionLimit: The principal has as many connections as it may.
        """
        asked = asking.read(call, self._reception.default_channels(call.principal))
        try:
            await self._reception.meet(call.principal, [one.channel for one in asked.begin])
            await call.confirm()
            if call.wants_head:
                return Told(b"")
            self._reception.admit(call.address, call.principal.name)
        except HubError as failure:
            if not failure.retryable or call.wants_head:
                raise
            call.line["code"] = failure.code
            return Told(farewell(failure, "" if asked.since is None else str(asked.since)))
        return EventStream(self._reception, asked, call.principal, call.address)


class Told:
    """A stream that ends at once."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": self._text})
