"""Send a request until it is answered or the tries are used up; blocking."""

import io
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from hub_client.address import Address
from hub_client.calls.answer import Answer, answer_says_no, refusal, unreachable
from hub_client.calls.artifact import rewind
from hub_client.calls.request import Request
from hub_client.calls.retry import RetryPolicy, Tries
from hub_client.clock import ThreadClock
from hub_client.errors import HubError


class Http:
    """One hub over HTTP. Threads may share it."""

    def __init__(
        self,
        address: Address,
        policy: RetryPolicy,
        clock: ThreadClock,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._address = address
        self._policy = policy
        self._clock = clock
        self._client = httpx.Client(base_url=address.http, transport=transport)
        self._stop = threading.Event()

    def close(self) -> None:
        """Close the connections and end the waits between tries."""
        self._stop.set()
        self._client.close()

    def send(self, request: Request) -> Any:
        """Return the JSON of the hub's answer.

        Raises:
            HubError: See `errors`; retryable ones after the last try.
        """
        try:
            return self._answer(request, None).value()
        except HubError as error:
            error.base = self._address.http
            raise

    def fetch(self, request: Request, sink: BinaryIO) -> None:
        """Write the raw answer into `sink`; an earlier try's part is taken back.

        Raises:
            HubError: As `send`.
        """
        try:
            self._answer(request, sink)
        except HubError as error:
            error.base = self._address.http
            raise

    def _answer(self, request: Request, sink: BinaryIO | None) -> Answer:
        body = request.body()
        tries = Tries(self._policy, self._clock)
        while True:
            try:
                return self._try(request, body, tries.timeout(), sink)
            except HubError as error:
                if request.once and not answer_says_no(error):
                    raise
                delay = tries.wait_after(error)
            self._clock.pause(delay, self._stop)

    def _try(
        self, request: Request, body: bytes | Path | None, limit_s: float, sink: BinaryIO | None
    ) -> Answer:
        try:
            answer = self._exchange(request, body, limit_s, sink)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise unreachable(error) from error
        if not answer.accepted:
            raise refusal(answer, on_job=request.on_job, wall=self._clock.wall())
        return answer

    def _exchange(
        self, request: Request, body: bytes | Path | None, limit_s: float, sink: BinaryIO | None
    ) -> Answer:
        until = None if request.bulk else self._clock.now() + limit_s
        with ExitStack() as stack:
            content = stack.enter_context(body.open("rb")) if isinstance(body, Path) else body
            response = stack.enter_context(
                self._client.stream(
                    request.method,
                    request.path,
                    content=content,
                    params=request.params,
                    headers=self._address.headers() | request.headers,
                    timeout=limit_s,
                )
            )
            into = sink if sink is not None and response.is_success else io.BytesIO()
            rewind(into)
            for chunk in response.iter_bytes():
                into.write(chunk)
                if until is not None and self._clock.now() > until:
                    raise httpx.ReadTimeout("the answer came too slowly")
            read = into.getvalue() if isinstance(into, io.BytesIO) else b""
            return Answer(response.status_code, response.headers, read)
