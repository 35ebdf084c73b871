"""The hub's HTTP protocol: uvicorn's, but plain requests are read by ourselves."""

from typing import Any, cast

from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from hub.transports.http.corked import CAME_LATE, TRANSPORT, CorkedProtocol
from hub.transports.http.exchange import PlainExchange
from hub.transports.http.plain import Plain, read_plain


class HttpProtocol(CorkedProtocol):
    """One connection.

    A head whose body has not come yet is held back: most clients send the two one after the
    other. Of a connection that ends nothing has begun then, and nothing is lost with it.
    """

    _held: Plain | None = None
    # httptools has read a request to its end, and none since.
    _is_between = True

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a plain request never meet httptools."""
        if self._held is not None:
            self._go_on(self._held, data)
        elif (plain := self._read(data)) is not None:
            self._take(plain, data)
        else:
            super().data_received(data)

    def shutdown(self) -> None:
        """End when nothing is begun."""
        self.begin_held()
        super().shutdown()

    def begin_held(self) -> None:
        """Let a request begin whose body has not come: a node that leaves waits for those begun."""
        if self._held is not None:
            self._give_up()

    def send_400_response(self, msg: str) -> None:
        """Say that bytes are no request, but never in the place, or the middle, of an answer."""
        cycle: RequestResponseCycle | None = self.cycle
        is_broken = cycle is self.answering and cycle is not None and cycle.more_body
        if cycle is None or cycle.response_complete or (is_broken and not cycle.response_started):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def on_message_begin(self) -> None:
        """Httptools has found a request."""
        self._is_between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """It has found its end."""
        super().on_message_complete()
        self._is_between = True

    @property
    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _read(self, data: bytes) -> Plain | None:
        is_free = self._is_between and not self._is_answering
        return read_plain(data) if is_free else None

    def _take(self, plain: Plain, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._missing = plain.length - len(plain.body)
        if not self._missing:
            self._begin(plain)
            return
        self._held, self._raw = plain, bytearray(data)
        if self.is_leaving:
            self._give_up()
        elif self.patience is None:
            self.await_head()

    def _go_on(self, plain: Plain, data: bytes) -> None:
        """Take more of a body; the head is not read again for each byte of it (CWE-407)."""
        self._raw += data
        self._missing -= len(data)
        if not self._missing:
            self._held = None
            body, self._raw = bytes(self._raw[-plain.length :]), bytearray()
            self._begin(plain._replace(body=body))
        elif self._missing < 0:
            self._give_up()

    def _lose_patience(self) -> None:
        """Let a request begin whose body takes its time; it was given enough for its head."""
        if self._held is not None and not self.transport.is_closing():
            self._give_up()
        elif self._is_between and self._is_answering:
            # A blank line behind a request is no head, and what is answered may be a stream.
            self.patience = None
        else:
            super()._lose_patience()

    def _give_up(self) -> None:
        """Hand what was held to httptools."""
        data, self._held, self._raw = bytes(self._raw), None, bytearray()
        super().data_received(data)

    def _begin(self, plain: Plain) -> None:
        self.unread = 0
        self._calm()
        exchange = PlainExchange(self, self._scope(plain), plain.body)
        self.cycle = self.answering = exchange
        task = self.loop.create_task(exchange.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _scope(self, plain: Plain) -> HTTPScope:
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": self.root_path,
            "method": "POST",
            "path": plain.path.decode("ascii"),
            "raw_path": plain.path,
            "query_string": b"",
            "headers": plain.headers,
            "state": self.app_state.copy(),
            TRANSPORT: self.transport,
        }
        if self.late:
            scope[CAME_LATE] = True
        return cast("HTTPScope", scope)
