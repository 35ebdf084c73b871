"""Sending: a request, its deadline, the connections that are kept, and what came of it.

Nothing of the environment is used (no proxies), nothing is followed (no redirects), nothing is
unpacked. A connection that is kept goes to an address that was judged when it was opened, and not
for longer than five minutes.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import certifi

from hub.clock import Clock
from hub.errors import WebhookUrlRefused
from hub.webhooks.addresses import Reach
from hub.webhooks.dialing import Dialer, NotDialled, Resolve
from hub.webhooks.idle import Idle
from hub.webhooks.passage import Passage
from hub.webhooks.sender import DEADLINE_S, Answer, Request
from hub.webhooks.targets import BLOCKED, Target, read_url
from hub.webhooks.wire import BrokenOff, Wire

# On everything that a hub sends: a hub takes it at its receiver alone, so no event goes in circles.
HOP = "hub-hop"
MAX_TARGETS = 4096


class HttpSender:
    """The Sender, by HTTP/1.1.

    Args:
        reach: Where webhooks may go; asked anew, since the hub's own place is known late.
        resolve: Looks names up.
        clock: For dates in Retry-After.
        context: Of TLS.
        deadline_s: Over a whole exchange.
    """

    def __init__(
        self,
        reach: Callable[[], Reach],
        resolve: Resolve,
        clock: Clock,
        *,
        context: ssl.SSLContext,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._reach = reach
        self._clock = clock
        self._deadline_s = deadline_s
        self._dialer = Dialer(reach, resolve, context)
        self._idle = Idle()
        self._targets: dict[str, Target] = {}
        self._judged_by: Reach | None = None

    async def send(self, request: Request) -> Answer:
        """Send one; return within the deadline, whatever the other side does. Never raises."""
        begun = time.perf_counter_ns()
        passage = Passage()
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._pass(request, passage)
        except TimeoutError:
            passage.fail("timeout", f"no whole answer within {self._deadline_s:g} s")
        except NotDialled as error:
            passage.fail(error.failure, error.detail)
        except BrokenOff as error:
            passage.fail("protocol" if error.why == "closed" else error.why, error.detail)
        except WebhookUrlRefused:
            passage.fail("blocked", BLOCKED)
        return passage.answer((time.perf_counter_ns() - begun) // 1000, self._clock.now_us())

    async def close(self) -> None:
        """Let its connections go."""
        self._idle.close()

    async def _pass(self, request: Request, passage: Passage) -> None:
        target = self._target(request.url)
        data = _encoded(request, target)
        wire = self._idle.take(target)
        if wire is not None:
            try:
                await self._exchange(wire, target, data, passage)
            except BrokenOff as error:
                # Closed while it was idle, and the request was not read. Were that an attempt, it
                # would cost minutes of waiting for nothing. With a byte of answer it is one.
                if error.why != "closed" or wire.reply.first_ns:
                    raise
            else:
                return
        wire = await self._dialer.dial(target, passage.dials())
        await self._exchange(wire, target, data, passage)

    async def _exchange(self, wire: Wire, target: Target, data: bytes, passage: Passage) -> None:
        passage.sends(wire, time.perf_counter_ns())
        await wire.exchange(data)
        if not wire.lost:
            self._idle.keep(target, wire)

    def _target(self, url: str) -> Target:
        reach = self._reach()
        if reach is not self._judged_by or len(self._targets) > MAX_TARGETS:
            self._targets.clear()
            self._judged_by = reach
        target = self._targets.get(url)
        if target is None:
            target = self._targets[url] = read_url(url, reach)
        return target


def tls_context() -> ssl.SSLContext:
    """Return what a receiver's certificate is checked by.

    By the system's authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR; where the system has
    none, as in small images, by those of certifi.
    """
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    places = [Path(place) for place in (paths.cafile, paths.capath) if place]
    if not any(place.is_file() or any(place.glob("*.0")) for place in places):
        context.load_verify_locations(certifi.where())
    return context


def _encoded(request: Request, target: Target) -> bytes:
    """Return a request as it goes over the wire.

    Raises:
        NotDialled: A header cannot be sent; a receiver would read two requests (CWE-113).
    """
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"host: {target.place}",
        f"{HOP}: 1",
        f"accept-encoding: identity\r\ncontent-length: {len(request.body)}",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    head = "\r\n".join(lines)
    ends = len(lines)
    if head.count("\r") != ends or head.count("\n") != ends or "\0" in head:
        raise NotDialled("protocol", "expected headers in one line each, got more")
    try:
        return b"%b\r\n\r\n%b" % (head.encode("latin-1"), request.body)
    except UnicodeEncodeError:
        raise NotDialled("protocol", "expected headers in Latin-1, got other letters") from None
