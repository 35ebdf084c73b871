"""Upkeep: what is over is forgotten after some days, and what is held for nobody is given up."""

import asyncio

from hub.clock import SECOND_US, Clock
from hub.stores.webhooks import DeliveryQuery, Webhooks
from hub.telemetry.logging import logger
from hub.webhooks.pace import Pace

ROUND_S = 60.0
# One step is one transaction between two groups of updates.
STEP = 200
DAY_US = 86_400 * SECOND_US
# What came to the hub's own receiver is for trials.
RECEIVED_KEPT_US = DAY_US
EXPIRED = "expired"


class Upkeep:
    """Forgets, as long as it runs.

    Args:
        store: What of.
        clock: The wall time.
        pace: Says when there is time.
        keep_days: Days that deliveries and replays are kept after their end; as long deliveries
            are held.
    """

    def __init__(self, store: Webhooks, clock: Clock, *, pace: Pace, keep_days: float) -> None:
        self._store = store
        self._clock = clock
        self._pace = pace
        self._keep_us = int(keep_days * DAY_US)
        self._lines = logger("webhooks")

    async def run(self) -> None:
        """Go round, for ever."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: a disk that is full for a minute would then fill up for good.
                self._lines.exception("old deliveries cannot be forgotten")
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Forget everything that is due."""
        before_us = self._clock.now_us() - self._keep_us
        await self._give_up(before_us)
        for forget in (self._store.forget_deliveries, self._store.forget_replays):
            forgotten = STEP
            while forgotten == STEP:
                await self._pace.turn()
                forgotten = await self._pace.timed(forget(before_us, STEP))
        await self._store.forget_received(self._clock.now_us() - RECEIVED_KEPT_US)

    async def _give_up(self, before_us: int) -> None:
        """End what has been held for too long: nobody has come to have it sent."""
        ended, after = 0, 0
        while True:
            rows = await self._store.deliveries(DeliveryQuery(STEP, states=("held",), after=after))
            old = [row for row, _ in rows if row.created_at_us < before_us]
            for row in old:
                await self._pace.turn()
                now_us = self._clock.now_us()
                await self._pace.timed(self._store.cancel(row.id, now_us, EXPIRED))
            ended += len(old)
            if not rows or len(old) < STEP:
                break
            after = old[-1].seq
        if ended:
            self._lines.warning("held deliveries were given up", deliveries=ended)
