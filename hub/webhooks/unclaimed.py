"""Unclaimed webhooks: made with AUTH=off, by nobody in particular, with every right.

Once people have to say who they are, they would go on telling an address all that an admin may
read. So they are paused, and what comes is held, until somebody resumes them as their own.
"""

import asyncio
from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from hub.clock import Clock
from hub.model.endpoint import Endpoint, Health
from hub.model.principal import ANONYMOUS
from hub.stores.webhooks import Webhooks
from hub.telemetry.logging import logger

RETRY_S = 1.0
WHY = "made with AUTH=off, by nobody: whoever answers for it resumes it with `adopt`"


def is_unclaimed(endpoint: Endpoint) -> bool:
    """Say whether nobody answers for an endpoint; a name alone can be anybody's."""
    return endpoint.reader.name == ANONYMOUS.name and not endpoint.reader.credential


class Unclaimed:
    """Pauses them when a hub starts that wants to know who is who.

    Args:
        store: Where they are kept.
        clock: The wall time.
        required: Whether one must say who one is.
    """

    def __init__(self, store: Webhooks, clock: Clock, *, required: bool) -> None:
        self._store = store
        self._clock = clock
        self._looked = asyncio.Event()
        self._lines = logger("webhooks")
        if not required:
            self._looked.set()

    def first(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return work that begins only when they are paused."""

        async def later() -> None:
            await self._looked.wait()
            await work()

        return later

    async def run(self) -> None:
        """Pause them, as soon as that can be done."""
        while not self._looked.is_set():
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback; nothing is sent until then
                self._lines.exception("webhooks of nobody cannot be paused, it is tried again")
                await asyncio.sleep(RETRY_S)
            else:
                self._looked.set()

    async def round(self) -> None:
        """Pause those that are active."""
        for one in (await self._store.registry()).endpoints:
            if one.state == "active" and is_unclaimed(one):
                await self._store.change_endpoint(one.id, self._paused)
                self._lines.warning("webhook paused", endpoint=one.id, why=WHY)

    def _paused(self, one: Endpoint, health: Health) -> tuple[Endpoint, Health]:
        if one.state != "active" or not is_unclaimed(one):
            return one, health
        return replace(one, state="paused", why=WHY, updated_at_us=self._clock.now_us()), health
