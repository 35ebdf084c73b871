"""The key server: whoever signs the tokens publishes the keys to check them with (JWKS_URL).

Its document is asked for before it is needed, and once more when a token names a key that is not
in it; never more often than every 30 seconds, however many such tokens come. While it does not
answer, the last good keys count.
"""

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Generic, TypeVar

import httpx

from hub.errors import Unavailable
from hub.telemetry.logging import Logger

K = TypeVar("K")

TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024
# Between two questions, whoever wants them.
PAUSE_S = 30.0
FRESH_S = 300.0
# What a max-age may make of it.
FRESH_RANGE_S = (60.0, 3600.0)
# Requests that may wait for one answer.
MAX_WAITING = 1_000

_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})(?:$|[\s,])", re.IGNORECASE)


class KeyServer(Generic[K]):
    """The keys of one address.

    Args:
        url: Of the document.
        read: Makes keys of a document; a ValueError says that it is none.
        log: Told when it does not answer, and when it does again.
        now_s: A clock that never steps back.

    Attributes:
        changed: Called with the keys before and now, when they are others.
        keys: The last good ones; empty until it has answered.
        is_silent: It did not answer when it was asked last.
    """

    def __init__(
        self,
        url: str,
        read: Callable[[bytes], Sequence[K]],
        log: Logger,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.keys: Sequence[K] = ()
        self.is_silent = False
        self.changed: Callable[[Sequence[K], Sequence[K]], None] = _nothing
        self._url = url
        self._read = read
        self._log = log
        self._now_s = now_s
        self._document = b""
        self._next_s = now_s()
        self._fresh_until_s = now_s()
        self._flight: asyncio.Task[None] | None = None
        self._waiting = 0
        self._trusted: ssl.SSLContext | None = None

    async def run(self) -> None:
        """Keep the keys fresh, for ever."""
        while True:
            await self.refresh()
            await asyncio.sleep(self.due_s())

    async def refresh(self, *, at_once: bool = False) -> None:
        """Ask again like `look`; never raises."""
        with contextlib.suppress(Unavailable):
            await self.look(at_once=at_once)

    def due_s(self) -> float:
        """Return in how many seconds the keys should be asked for again."""
        return max(self._fresh_until_s, self._next_s) - self._now_s()

    async def look(self, *, at_once: bool = False) -> float:
        """Ask again, unless that was done a moment ago; who comes meanwhile waits for the answer.

        Args:
            at_once: Also if it was.

        Returns:
            0 when there was an answer, or none; else in how many seconds it may be asked again.

        Raises:
            Unavailable: Too many wait for the answer.
        """
        if self._flight is None:
            rests_s = self._next_s - self._now_s()
            if rests_s > 0 and not at_once:
                return rests_s
            self._flight = asyncio.create_task(self._ask())
            self._flight.add_done_callback(self._landed)
        if self._waiting >= MAX_WAITING:
            raise Unavailable("expected few tokens of a new key at a time, got more")
        self._waiting += 1
        try:
            # Shielded: the others wait for it too, when this one goes away.
            await asyncio.shield(self._flight)
        finally:
            self._waiting -= 1
        return 0.0

    def _landed(self, _flight: "asyncio.Task[None]") -> None:
        self._flight = None

    async def _ask(self) -> None:
        self._next_s = self._now_s() + PAUSE_S
        try:
            async with asyncio.timeout(TIMEOUT_S):
                document, fresh_s = await self._fetch()
            keys = self._read(document)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            # Asked again as soon as it may be.
            self._fresh_until_s = self._next_s
            self._silent(error)
            return
        self._fresh_until_s = self._now_s() + fresh_s
        self._adopt(document, keys)

    def _adopt(self, document: bytes, keys: Sequence[K]) -> None:
        if self.is_silent or not self._document:
            self._log.info("the key server answers", keys=len(keys))
        self.is_silent = False
        if document == self._document:
            return
        had, self._document, self.keys = self.keys, document, keys
        if had:
            self.changed(had, keys)

    def _silent(self, error: Exception) -> None:
        if not self.is_silent:
            cause = str(error)[:200] or type(error).__name__
            self._log.warning("the key server does not answer", cause=cause, keys=len(self.keys))
        self.is_silent = True

    async def _fetch(self) -> tuple[bytes, float]:
        """Return the document, and for how many seconds it is fresh."""
        async with (
            httpx.AsyncClient(
                # No proxy and no password out of the environment.
                trust_env=False,
                verify=await self._context(),
                timeout=TIMEOUT_S,
                follow_redirects=False,
            ) as http,
            # Not compressed: a small answer could become a large one.
            http.stream(
                "GET", self._url, headers={"Accept": "*/*", "Accept-Encoding": "identity"}
            ) as answer,
        ):
            if answer.status_code != HTTPStatus.OK:
                raise ValueError(f"expected 200, got {answer.status_code}")
            document = bytearray()
            async for chunk in answer.aiter_raw():
                document += chunk
                if len(document) > MAX_BYTES:
                    raise ValueError(f"expected at most {MAX_BYTES} bytes, got more")
            return bytes(document), fresh_for_s(answer.headers.get("cache-control", ""))

    async def _context(self) -> ssl.SSLContext:
        if self._trusted is None:
            # It reads hundreds of certificates: not in the loop, and once.
            self._trusted = await asyncio.to_thread(_trusting)
        return self._trusted


def _nothing(_had: object, _has: object) -> None:
    """Nobody wants to know."""


def _trusting() -> ssl.SSLContext:
    """Trust who the host trusts (also SSL_CERT_FILE), and who browsers trust."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def fresh_for_s(cache_control: str) -> float:
    """Return how long an answer is fresh, as far as we go along with it."""
    found = _MAX_AGE.search(cache_control)
    if found is None:
        return FRESH_S
    shortest_s, longest_s = FRESH_RANGE_S
    return min(max(float(found[1]), shortest_s), longest_s)
