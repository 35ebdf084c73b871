"""Leases: what a worker has to send, and until when it is its own."""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hub.clock import SECOND_US, Clock
from hub.errors import HubError
from hub.stores.webhooks import DeliveryQueue, Leased
from hub.telemetry.logging import logger
from hub.webhooks.sender import DEADLINE_S

LEASE_S = 60.0
RENEW_S = 15.0
# Who begins later than this before the end might still be sending when another one begins.
MARGIN_S = DEADLINE_S + 5.0


class Lease(NamedTuple):
    """A delivery that is this worker's until a time."""

    leased: Leased
    until_us: int

    @property
    def token(self) -> int:
        """Under which it was leased."""
        return self.leased.delivery.token


class Leases:
    """The leases of one worker, renewed as long as they are needed.

    Args:
        queue: Where they come from.
        clock: The wall time.
        lost: Called with a delivery's id when another worker has taken it over.
    """

    def __init__(self, queue: DeliveryQueue, clock: Clock, lost: Callable[[str], None]) -> None:
        self._queue = queue
        self._clock = clock
        self._lost = lost
        self._held: dict[str, Lease] = {}
        self._none = asyncio.Event()
        self._none.set()
        self._lines = logger("webhooks")

    def __len__(self) -> int:
        return len(self._held)

    @property
    def ends_us(self) -> int:
        """When a lease ends that is taken now."""
        return self._clock.now_us() + int(LEASE_S * SECOND_US)

    def add(self, claimed: Iterable[Leased], until_us: int) -> None:
        """Hold these."""
        for one in claimed:
            self._held[one.delivery.id] = Lease(one, until_us)
            self._none.clear()

    def drop(self, delivery_id: str) -> None:
        """Hold one no more."""
        self._held.pop(delivery_id, None)
        if not self._held:
            self._none.set()

    async def used(self) -> None:
        """Return when none is held."""
        await self._none.wait()

    def suffices(self, delivery_id: str) -> bool:
        """Say whether one lasts for an exchange that begins now."""
        lease = self._held.get(delivery_id)
        return lease is not None and lease.until_us - self._clock.now_us() >= MARGIN_S * SECOND_US

    async def run(self) -> None:
        """Renew them, for ever."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await self.renew()
            except Exception:  # noqa: BLE001 logged with its traceback; it must not end
                self._lines.exception("leases cannot be renewed")

    async def renew(self) -> None:
        """Prolong all; tell of those that are another's by now."""
        if not self._held:
            return
        until_us, tokens = self.ends_us, self._tokens()
        for delivery_id in await self._queue.renew(tokens, until_us):
            lease = self._held.get(delivery_id)
            if lease is not None and lease.token == tokens.pop(delivery_id):
                self.drop(delivery_id)
                self._lost(delivery_id)
        for delivery_id, token in tokens.items():
            lease = self._held.get(delivery_id)
            if lease is not None and lease.token == token:
                self._held[delivery_id] = lease._replace(until_us=until_us)

    async def give_back(self) -> None:
        """Give all back, unused; where that cannot be, they end by themselves."""
        tokens, self._held = self._tokens(), {}
        if not tokens:
            return
        try:
            await self._queue.release(tokens, self._clock.now_us())
        except HubError as failure:
            self._lines.warning("leases are left to end", leases=len(tokens), why=str(failure))

    def _tokens(self) -> dict[str, int]:
        return {delivery_id: lease.token for delivery_id, lease in self._held.items()}
