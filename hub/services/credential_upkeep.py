"""Upkeep of credentials: when keys were last used is noted, and what is over is forgotten.

Beside the requests, never on their way: a request only leaves its credential in a set.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from hub.clock import SECOND_US, Clock
from hub.stores.credentials import Credentials
from hub.telemetry.logging import logger

ROUND_S = 5.0
NOTE_EVERY_US = 60 * SECOND_US
PRUNE_EVERY_US = 60 * SECOND_US

_KEY = "key:"


class CredentialUpkeep:
    """Goes round now and then, as long as the hub runs.

    Args:
        credentials: Where the last use is noted.
        seen: Credentials that were shown; those of keys are noted, all are taken out.
        prunes: Forget what is over.
        clock: The wall time.
    """

    def __init__(
        self,
        credentials: Credentials,
        seen: set[str],
        prunes: Sequence[Callable[[], Awaitable[None]]],
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._seen = seen
        self._prunes = prunes
        self._clock = clock
        self._lines = logger("credentials")
        self._noted: dict[str, int] = {}
        self._pruned_us = 0

    async def run(self) -> None:
        """Go round, for ever."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: what cannot be written now can be written later.
                self._lines.exception("the upkeep of credentials failed")
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Note the keys that were used and were not noted within the minute; forget what is over.

        A key is noted at its first use in seconds, then once a minute.
        """
        now_us = self._clock.now_us()
        self._noted = {
            # Both ways: a clock that was set back must not silence a key for ever.
            key_id: at
            for key_id, at in self._noted.items()
            if abs(now_us - at) < NOTE_EVERY_US
        }
        used = {_id_of(one) for one in self._seen if one.startswith(_KEY)} - self._noted.keys()
        self._seen.clear()
        if used:
            noted = dict.fromkeys(used, now_us)
            self._noted.update(noted)
            await self._credentials.note_used(noted)
        if abs(now_us - self._pruned_us) >= PRUNE_EVERY_US:
            self._pruned_us = now_us
            for prune in self._prunes:
                await prune()


def _id_of(credential: str) -> str:
    """Return the id of `key:<id>` or `key:<id>.<generation>`."""
    return credential.removeprefix(_KEY).partition(".")[0]
