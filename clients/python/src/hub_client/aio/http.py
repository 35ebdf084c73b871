"""Send a request until it is answered or the tries are used up; asyncio."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from hub_client.address import Address
from hub_client.calls.answer import Answer, answer_says_no, refusal, unreachable
from hub_client.calls.artifact import rewind
from hub_client.calls.request import Request
from hub_client.calls.retry import RetryPolicy, Tries
from hub_client.clock import LoopClock
from hub_client.errors import HubError

CHUNK_BYTES = 256 * 1024


class AsyncHttp:
    """One hub over HTTP. Tasks of one loop may share it."""

    def __init__(
        self,
        address: Address,
        policy: RetryPolicy,
        clock: LoopClock,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._address = address
        self._policy = policy
        self._clock = clock
        self._client = httpx.AsyncClient(base_url=address.http, transport=transport)
        self._stop = asyncio.Event()

    async def close(self) -> None:
        """Close the connections and end the waits between tries."""
        self._stop.set()
        await self._client.aclose()

    async def send(self, request: Request) -> Any:
        """Return the JSON of the hub's answer.

        Raises:
            HubError: See `errors`; retryable ones after the last try.
        """
        try:
            return (await self._answer(request, None)).value()
        except HubError as error:
            error.base = self._address.http
            raise

    async def fetch(self, request: Request, sink: BinaryIO) -> None:
        """Write the raw answer into `sink`; an earlier try's part is taken back.

        Raises:
            HubError: As `send`.
        """
        try:
            await self._answer(request, sink)
        except HubError as error:
            error.base = self._address.http
            raise

    async def _answer(self, request: Request, sink: BinaryIO | None) -> Answer:
        body = request.body()
        tries = Tries(self._policy, self._clock)
        while True:
            try:
                return await self._try(request, body, tries.timeout(), sink)
            except HubError as error:
                if request.once and not answer_says_no(error):
                    raise
                delay = tries.wait_after(error)
            await self._clock.pause(delay, self._stop)

    async def _try(
        self, request: Request, body: bytes | Path | None, limit_s: float, sink: BinaryIO | None
    ) -> Answer:
        try:
            answer = await self._exchange(request, body, limit_s, sink)
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            raise unreachable(error) from error
        if not answer.accepted:
            raise refusal(answer, on_job=request.on_job, wall=self._clock.wall())
        return answer

    async def _exchange(
        self, request: Request, body: bytes | Path | None, limit_s: float, sink: BinaryIO | None
    ) -> Answer:
        content = _chunks(body) if isinstance(body, Path) else body
        headers = self._address.headers() | request.headers
        if isinstance(body, Path):
            headers["Content-Length"] = str(await asyncio.to_thread(_size, body))
        sending = self._client.stream(
            request.method,
            request.path,
            content=content,
            params=request.params,
            headers=headers,
            timeout=limit_s,
        )
        async with asyncio.timeout(None if request.bulk else limit_s), sending as response:
            into = sink if sink is not None and response.is_success else io.BytesIO()
            rewind(into)
            async for chunk in response.aiter_bytes():
                await asyncio.to_thread(into.write, chunk) if into is sink else into.write(chunk)
            read = into.getvalue() if isinstance(into, io.BytesIO) else b""
            return Answer(response.status_code, response.headers, read)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk


def _size(path: Path) -> int:
    return path.stat().st_size
