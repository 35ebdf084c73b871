"""Recording: attempts are kept in batches, each with what it comes to, in one transaction."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple

from hub.errors import HubError
from hub.model.delivery import Attempt, Delivery
from hub.model.endpoint import Endpoint, Health
from hub.stores.webhooks import DeliveryQueue, Leased, Result, Settled
from hub.telemetry.logging import logger
from hub.webhooks.pace import Pace
from hub.webhooks.settling import Exchange, settle

BATCH = 100
RETRY_S = 1.0


class Made(NamedTuple):
    """An attempt that was made, to be kept."""

    leased: Leased
    attempt: Attempt
    exchange: Exchange


class Kept(NamedTuple):
    """What became of an attempt.

    Attributes:
        settled: None: another worker had taken the delivery over; nothing was kept.
        before: The endpoint's health before it; None where nothing was kept.
    """

    made: Made
    settled: Settled | None
    before: Health | None


class Recording:
    """Keeps attempts, whatever the store does meanwhile.

    Args:
        queue: Where to.
        pace: Gets to know how long it takes.
        kept: Called with what was kept, in the order of the attempts.
    """

    def __init__(
        self, queue: DeliveryQueue, pace: Pace, kept: Callable[[Sequence[Kept]], None]
    ) -> None:
        self._queue = queue
        self._pace = pace
        self._kept = kept
        self._waiting: deque[Made] = deque()
        self._ready = asyncio.Event()
        self._recording = asyncio.Lock()
        self._lines = logger("webhooks")

    def put(self, made: Made) -> None:
        """Keep an attempt soon."""
        self._waiting.append(made)
        self._ready.set()

    async def run(self) -> None:
        """Keep what comes, for ever."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._waiting:
                if not await self.flush():
                    await asyncio.sleep(RETRY_S)

    async def flush(self) -> bool:
        """Keep the next batch; False: the store does not take it now."""
        async with self._recording:
            batch = list(islice(self._waiting, BATCH))
            try:
                kept = await self._pace.timed(self._record(batch))
            except HubError as failure:
                self._lines.warning(
                    "attempts cannot be kept yet", attempts=len(self._waiting), why=str(failure)
                )
                return False
            except Exception:  # noqa: BLE001 logged with its traceback
                # One is at fault: its lease ends, the others go on.
                self._lines.exception("attempts cannot be kept", attempts=len(batch))
                kept = [Kept(made, None, None) for made in batch] if len(batch) == 1 else []
                kept = kept or await self._each(batch)
            for _ in batch:
                self._waiting.popleft()
        self._kept(kept)
        return True

    async def _each(self, batch: Sequence[Made]) -> list[Kept]:
        kept = []
        for made in batch:
            try:
                kept += await self._record([made])
            except Exception:  # noqa: BLE001 logged with its traceback
                self._lines.exception("an attempt cannot be kept", attempt=made.attempt.id)
                kept.append(Kept(made, None, None))
        return kept

    async def _record(self, batch: Sequence[Made]) -> list[Kept]:
        asked = [_Asked(made.exchange) for made in batch]
        results = [
            Result(made.attempt, made.leased.delivery.token, one)
            for made, one in zip(batch, asked, strict=True)
        ]
        settled = await self._queue.record(results)
        return [
            Kept(made, one, None if one is None else each.before)
            for made, one, each in zip(batch, settled, asked, strict=True)
        ]


class _Asked:
    """Settles an attempt, and remembers how the endpoint fared before it."""

    def __init__(self, exchange: Exchange) -> None:
        self.before: Health | None = None
        self._settle = partial(settle, exchange=exchange)

    def __call__(
        self, endpoint: Endpoint, health: Health, delivery: Delivery, attempt: Attempt
    ) -> Settled:
        self.before = health
        return self._settle(endpoint, health, delivery, attempt)
