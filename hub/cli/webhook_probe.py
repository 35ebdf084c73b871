"""One request of `hub webhooks doctor`, and what came of it."""

import asyncio
import ssl
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import httpx

from hub.cli.event_line import printable
from hub.webhooks.sender import DEADLINE_S, MAX_ANSWER

NOT_IMPLEMENTED = 501

Headers = Sequence[tuple[str, str]]


class Reply(NamedTuple):
    """What came.

    Attributes:
        status: None: there was no answer.
        failure: One word where there was none: dns, connect, tls, timeout or protocol.
        detail: In a few words.
        location: Where a redirect leads.
        ends_at: When the certificate ends; None: there is none, or it says nothing.
    """

    status: int | None
    ms: float
    failure: str = ""
    detail: str = ""
    location: str = ""
    ends_at: datetime | None = None

    @property
    def taken(self) -> bool:
        """Whether it counts as delivered."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the rule

    @property
    def broken(self) -> bool:
        """Whether the receiver could not say yes or no; 501 says no."""
        return self.status is None or (self.status >= 500 and self.status != NOT_IMPLEMENTED)  # noqa: PLR2004

    def __str__(self) -> str:
        return self.detail if self.status is None else f"answered {self.status}"


class Probe:
    """Asks one address; each exchange has the time that a hub would give it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.AsyncClient(
            timeout=DEADLINE_S, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def ask(self, headers: Headers, body: bytes, method: str = "POST") -> Reply:
        """Return what came; raises nothing."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._ask(headers, body, method, began)
        except TimeoutError:
            return _nothing(began, "timeout", f"no answer within {DEADLINE_S:g} s")
        except (httpx.HTTPError, ssl.SSLError, OSError, ValueError) as error:
            return _nothing(began, *_reason(error))

    async def _ask(self, headers: Headers, body: bytes, method: str, began: float) -> Reply:
        content = body if method == "POST" else None
        async with self._client.stream(
            method, self._url, content=content, headers=[*headers]
        ) as answer:
            read = 0
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > MAX_ANSWER:
                    break
            return Reply(
                answer.status_code,
                (time.perf_counter() - began) * 1000,
                location=printable(answer.headers.get("location", "")),
                ends_at=_ends_at(answer),
            )


def _nothing(began: float, failure: str, detail: str) -> Reply:
    return Reply(None, (time.perf_counter() - began) * 1000, failure, detail)


def _reason(error: Exception) -> tuple[str, str]:
    causes = [*_causes(error)]
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "tls", f"its certificate is not good: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "tls", f"no TLS: {cause.reason or cause}"
    text = printable(causes[-1]) or type(error).__name__
    if isinstance(error, httpx.ConnectError):
        name = "name or service" in text.lower() or "resolution" in text or "getaddrinfo" in text
        return ("dns", "its name has no address") if name else ("connect", f"no connection: {text}")
    if isinstance(error, httpx.TimeoutException):
        return "timeout", f"no answer within {DEADLINE_S:g} s"
    return "protocol", f"no answer in HTTP: {text}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _ends_at(answer: httpx.Response) -> datetime | None:
    stream = answer.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    ends = (tls.getpeercert() or {}).get("notAfter") if tls is not None else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
