"""Lockouts: whoever is not let in any more is sent nothing any more.

An endpoint outlives the credential that made it, for credentials end and are changed. A principal
who is refused by name (`sub:NAME`) has gone: what he once registered would go on telling him all
that he could read. It is paused, and what comes is held; whoever lifts the revocation resumes it.
"""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from hub.clock import Clock
from hub.model.api_key import subject_of
from hub.model.endpoint import Endpoint, Health
from hub.stores.webhooks import Webhooks
from hub.telemetry.logging import logger

RETRY_S = 1.0


class Lockouts:
    """Pauses the endpoints and callbacks of those who are refused by name.

    Args:
        store: Where they are kept.
        clock: The wall time.
        changed: Called when one was paused.
    """

    def __init__(self, store: Webhooks, clock: Clock, changed: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed
        self._news = asyncio.Event()
        self._refused: set[str] = set()
        self._lines = logger("webhooks")

    def revoked(self, credential: str) -> None:
        """Hear of a credential that is refused from now on."""
        # A key or a token that was revoked is one of several that somebody may have.
        if credential.startswith(subject_of("")):
            self._refused.add(credential)
            self._news.set()

    async def run(self) -> None:
        """Go on, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback; it must not end
                self._lines.exception("webhooks of who was locked out go on, it is tried again")
                await asyncio.sleep(RETRY_S)
                self._news.set()

    async def round(self) -> None:
        """Pause what is theirs."""
        refused = frozenset(self._refused)
        for one in (await self._store.registry()).endpoints:
            if one.state == "active" and subject_of(one.owner) in refused:
                await self._pause(one)
        self._refused -= refused

    async def _pause(self, one: Endpoint) -> None:
        def decide(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
            if endpoint.state != "active":
                return endpoint, health
            why = f"{endpoint.owner[:80]} was locked out"
            now_us = self._clock.now_us()
            return replace(endpoint, state="paused", why=why, updated_at_us=now_us), health

        await self._store.change_endpoint(one.id, decide)
        self._changed()
        self._lines.warning("webhook paused", endpoint=one.id, why="its owner was locked out")
