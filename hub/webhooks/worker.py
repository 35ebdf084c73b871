"""The worker: leases what is due, sends it, and has kept what comes of it.

Any number of workers share the deliveries of one database. What a worker has leased is its own for
a minute, renewed while it needs it; when it dies, others send it after that, once more perhaps and
with the same `webhook-id`.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from random import SystemRandom
from typing import NamedTuple
from urllib.parse import urlsplit

from hub.clock import SECOND_US, Clock
from hub.errors import HubError
from hub.model.delivery import Attempt
from hub.model.event import new_event_id
from hub.stores.webhooks import Claim, DeliveryQueue, Grant, Lane, Leased
from hub.telemetry.logging import logger
from hub.webhooks.allotting import allot
from hub.webhooks.leases import Leases
from hub.webhooks.pace import Pace
from hub.webhooks.recording import Kept, Made, Recording
from hub.webhooks.redaction import without_secrets
from hub.webhooks.schedule import failure_of
from hub.webhooks.sender import Answer, Request, Sender, Unsendable
from hub.webhooks.settling import Exchange
from hub.webhooks.tallies import Tallies

# A look for what is due that nobody told of: somebody asked another process to send it again.
POLL_S = 1.0
# What may not go now is looked at again no sooner.
SOON_S = 0.02
RETRY_S = 1.0
# Leases at a time while updates are taken: the rest is left to workers that have time.
SLOW_CLAIM = 4

# Returns what is sent for a delivery, at a time in microseconds.
Build = Callable[[Leased, int], Request]


class Way(NamedTuple):
    """How deliveries leave this process.

    Attributes:
        name: Of this worker.
        build: Makes the request of a delivery.
        concurrency: Deliveries at the same time.
        disable_us: After how long of nothing but failures an endpoint is disabled.
        chance: From 0 to 1, for jitter.
    """

    name: str
    sender: Sender
    build: Build
    concurrency: int
    disable_us: int
    chance: Callable[[], float] = SystemRandom().random


class Worker:
    """Sends deliveries, as long as it runs.

    Args:
        queue: Where deliveries are.
        way: How they leave.
        clock: The wall time.
        pace: Says when there is time.
        kept: Called with what was kept of attempts.

    Attributes:
        tallies: What has been counted.
    """

    def __init__(
        self,
        queue: DeliveryQueue,
        way: Way,
        clock: Clock,
        pace: Pace,
        kept: Callable[[Kept], None],
    ) -> None:
        self.tallies = Tallies()
        self._queue = queue
        self._way = way
        self._clock = clock
        self._pace = pace
        self._told = kept
        self._leases = Leases(queue, clock, self._abandon)
        self._recording = Recording(queue, pace, self._kept)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._looking = asyncio.Lock()
        self._closing = False
        self._served = ""
        self._lines = logger("webhooks")

    @property
    def sending(self) -> int:
        """How many deliveries this worker has leased."""
        return len(self._leases)

    def wake(self) -> None:
        """Look now: something is due."""
        self._news.set()

    async def run(self) -> None:
        """Send what is due, until it is closed."""
        beside = [
            asyncio.create_task(self._recording.run(), name="webhooks recording"),
            asyncio.create_task(self._leases.run(), name="webhooks leases"),
        ]
        try:
            while not self._closing:
                await self._wait(await self._look())
            # What is under way is still recorded, and its leases renewed.
            await asyncio.Event().wait()
        finally:
            for task in (*beside, *self._tasks.values()):
                task.cancel()

    async def close(self, within_s: float) -> None:
        """Lease no more, let finish what is under way, and give back what is not done by then."""
        self._closing = True
        self._news.set()
        try:
            async with asyncio.timeout(within_s):
                # What is being leased in this moment is under way, too: were it not waited for,
                # it would be sent and its attempt kept by nobody.
                async with self._looking:
                    await self._leases.used()
        except TimeoutError:
            self._lines.warning("deliveries are left to be sent again", deliveries=self.sending)
        for task in self._tasks.values():
            task.cancel()
        await self._leases.give_back()

    async def _look(self) -> float:
        """Lease and begin to send what is due; return in how many seconds to look again."""
        try:
            async with self._looking:
                return await self._fill()
        except HubError as failure:
            self._lines.warning("deliveries cannot be leased", why=str(failure))
        except Exception:  # noqa: BLE001 logged with its traceback
            # It must not end: a store that fails for a minute must not end webhooks for good.
            self._lines.exception("deliveries cannot be leased")
        return RETRY_S

    async def _fill(self) -> float:
        while not self._closing:
            free = self._way.concurrency - len(self._leases)
            if free <= 0:
                return POLL_S
            due_us = await self._pace.timed(self._queue.next_due_us())
            if due_us is None:
                return POLL_S
            wait_s = (due_us - self._clock.now_us()) / SECOND_US
            if wait_s > 0:
                return min(wait_s, POLL_S)
            await self._pace.turn()
            limit = min(free, SLOW_CLAIM) if self._pace.is_slow else free
            asked = _Asked(limit, self._clock.now_us(), self._leases.ends_us)
            claimed = await self._pace.timed(self._claim(asked))
            if len(claimed) < limit:
                return asked.wait_s
        return 0.0

    async def _claim(self, asked: "_Asked") -> Sequence[Leased]:
        claimed = await self._queue.claim(
            Claim(self._way.name, asked.now_us, asked.until_us, asked.limit, self._served, asked)
        )
        self._leases.add(claimed, asked.until_us)
        for leased in claimed:
            self._served = leased.endpoint.id
            work = self._send(leased)
            self._tasks[leased.delivery.id] = asyncio.create_task(work, name="webhook")
        return claimed

    async def _send(self, leased: Leased) -> None:
        """Make one attempt, when there is time for it."""
        delivery_id = leased.delivery.id
        try:
            await self._pace.turn()
            if not self._leases.suffices(delivery_id):
                # It waited too long; another one begins it when the lease has ended.
                self._leases.drop(delivery_id)
                return
            self._recording.put(await self._pace.metered(self._exchange(leased)))
        finally:
            self._tasks.pop(delivery_id, None)

    async def _exchange(self, leased: Leased) -> Made:
        way, at_us = self._way, self._clock.now_us()
        request: Request | None = None
        try:
            request = way.build(leased, at_us)
            answer = await way.sender.send(request)
        except Unsendable as why:
            answer = Answer(failure="encryption", detail=str(why))
        except Exception as fault:  # noqa: BLE001 logged with its traceback, and kept as an attempt
            self._lines.exception("a webhook cannot be sent", delivery=leased.delivery.id)
            answer = Answer(
                failure="encryption" if request is None else "protocol",
                detail=f"a fault of the hub: {type(fault).__name__}",
            )
        now_us = self._clock.now_us()
        attempt = _attempt(leased, way.name, at_us, request, answer)
        return Made(leased, attempt, Exchange(answer, now_us, way.chance(), way.disable_us))

    def _kept(self, kept: Sequence[Kept]) -> None:
        for one in kept:
            self._leases.drop(one.made.leased.delivery.id)
            self.tallies.note(
                one.made.attempt, None if one.settled is None else one.settled.delivery
            )
            self._told(one)
        self._news.set()

    def _abandon(self, delivery_id: str) -> None:
        """Another worker has it: what comes of it here counts no more."""
        task = self._tasks.get(delivery_id)
        if task is not None:
            task.cancel()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()


class _Asked:
    """Allots what may go, and remembers when to look at the rest again."""

    def __init__(self, limit: int, now_us: int, until_us: int) -> None:
        self.limit = limit
        self.now_us = now_us
        self.until_us = until_us
        self._wake_us: int | None = None

    def __call__(self, lanes: Sequence[Lane]) -> Sequence[Grant]:
        allotment = allot(lanes, self.limit, self.now_us, self.until_us)
        wakes = [at for at in (self._wake_us, allotment.wake_us) if at is not None]
        self._wake_us = min(wakes, default=None)
        return allotment.grants

    @property
    def wait_s(self) -> float:
        """In how many seconds to look again."""
        if self._wake_us is None:
            return POLL_S
        return min(POLL_S, max(SOON_S, (self._wake_us - self.now_us) / SECOND_US))


def _attempt(
    leased: Leased, worker: str, at_us: int, request: Request | None, answer: Answer
) -> Attempt:
    delivery = leased.delivery
    return Attempt(
        id=f"at_{new_event_id(at_us)}",
        delivery_id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        worker=worker,
        at_us=at_us,
        url=_shown(leased.endpoint.url if request is None else request.url),
        address=answer.address,
        status=answer.status,
        failure=failure_of(answer),
        detail=answer.detail,
        dns_us=answer.dns_us,
        connect_us=answer.connect_us,
        first_byte_us=answer.first_byte_us,
        total_us=answer.total_us,
        sent=b"" if request is None else hashlib.sha256(request.body).digest(),
        answer=without_secrets(answer.body, request),
        answer_bytes=answer.body_bytes,
    )


def _shown(url: str) -> str:
    """Return an address without what may be a secret in it."""
    return urlsplit(url)._replace(query="", fragment="").geturl()
