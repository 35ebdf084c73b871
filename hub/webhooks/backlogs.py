"""Backlogs: what was held goes out, page by page, once its endpoint takes deliveries again.

Oldest first, and what comes meanwhile is held behind it, so that what is ordered stays so. Each
page is a transaction that knows where it begins: any process may do the next one.
"""

import asyncio

from hub.clock import Clock
from hub.model.endpoint import Endpoint, Registry
from hub.stores.clearing import Clear
from hub.stores.webhooks import Webhooks
from hub.telemetry.logging import logger
from hub.webhooks.dispatcher import Reader, Waking
from hub.webhooks.matching import may_read, readers_of
from hub.webhooks.pace import Pace

# Some milliseconds of the database, between two groups of updates.
PAGE = 200
POLL_S = 1.0


class Backlogs:
    """Sends or cancels what was held, as long as it runs.

    Args:
        log: Knows who may read which channel.
        store: Where endpoints and deliveries are.
        clock: The wall time.
        pace: Says when there is time.
        made: Called when something has become due.
    """

    def __init__(
        self, log: Reader, store: Webhooks, clock: Clock, *, pace: Pace, made: Waking
    ) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._pace = pace
        self._made = made
        self._known: Registry | None = None
        self._clearing: list[str] = []
        self._news = asyncio.Event()
        self._lines = logger("webhooks")

    def wake(self) -> None:
        """Look now: somebody has changed an endpoint."""
        self._news.set()

    async def run(self) -> None:
        """Go on, for ever."""
        while True:
            try:
                while await self.round():
                    pass
            except Exception:  # noqa: BLE001 logged with its traceback; it must not end
                self._lines.exception("what was held cannot be sent, it is tried again")
            try:
                async with asyncio.timeout(POLL_S):
                    await self._news.wait()
            except TimeoutError:
                continue
            self._news.clear()

    async def round(self) -> bool:
        """Do a page of each endpoint; say whether there may be another one."""
        known = await self._store.registry(self._known)
        if known is not self._known:
            self._clearing = [one.id for one in known.endpoints if one.is_clearing]
            self._known = known
        if not self._clearing:
            return False
        heads = (await self._log.state()).heads

        def may_have(endpoint: Endpoint, channel: str, owner: str) -> bool:
            return may_read(endpoint, channel, owner, readers_of(heads.get(channel)))

        for name in self._clearing:
            await self._pace.turn()
            clear = Clear(name, PAGE, self._clock.now_us(), may_have)
            cleared = await self._pace.timed(self._store.clear_held(clear))
            if cleared is not None and cleared.sent:
                self._made()
            if cleared is not None and cleared.done:
                self._lines.info("nothing is held any more", endpoint=name)
        return True
