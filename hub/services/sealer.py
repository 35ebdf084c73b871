"""The sealer: closes the audit log's records in batches, and says the newest hash outside of it.

One node does it at a time. Whoever then changes the database has to change the lines of that
node's log too, which are on another machine where logs are shipped.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from hub.clock import SECOND_US, Clock
from hub.errors import HubError
from hub.model.audit import DONE, FORGOTTEN, Note, Record, Seal, closed
from hub.stores.audit import AuditLog
from hub.telemetry.logging import logger

EVERY_S = 10.0
BATCH = 1_000
# Another node takes over when the one that sealed has missed three rounds.
LEASE_US = 30 * SECOND_US
FORGET_EVERY_US = 3600 * SECOND_US


class Sealer:
    """Seals as long as the hub runs.

    Args:
        log: What is sealed.
        clock: The wall time.
        node: The name of this node.
        key: Signs; None: seals are chained and not signed.
        max_age_us: How old records get before they are forgotten.

    Attributes:
        sealed: Batches that this node has sealed.
    """

    def __init__(
        self, log: AuditLog, clock: Clock, node: str, *, key: bytes | None, max_age_us: int
    ) -> None:
        self.sealed = 0
        self._log = log
        self._clock = clock
        self._node = node
        self._key = key
        self._max_age_us = max_age_us
        self._lines = logger("audit")
        # Hash that was said last; None: none yet, so the first round says where the log stands.
        self._said: str | None = None
        self._forget_at_us = 0

    async def run(self) -> None:
        """Seal now and then, for ever."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: the log that cannot be written now can be written later.
                self._lines.exception("the audit log cannot be sealed")
            await asyncio.sleep(EVERY_S)

    async def round(self) -> None:
        """Seal all that is not sealed, and forget what is old, where this is our turn."""
        now_us, state = self._clock.now_us(), await self._log.audit_state()
        forgets = now_us >= self._forget_at_us
        if state.last_seq == state.sealed and self._said is not None and not forgets:
            return  # an idle hub writes nothing
        token = await self._log.lease(self._node, now_us, now_us + LEASE_US)
        if token is None:
            return
        await self._seal(token)
        if forgets:
            await self._forget(token, now_us)

    async def close(self) -> None:
        """Seal what is left, and let another node go on at once."""
        with suppress(HubError):
            await self.round()
            now_us = self._clock.now_us()
            await self._log.lease(self._node, now_us, now_us)

    async def _seal(self, token: int) -> None:
        while await self._log.seal(token, BATCH, self._close):
            self.sealed += 1
        # Looked up, not taken from above: the seal that a broken connection left unanswered, or a
        # node that died before it could speak, is said too.
        head = next(iter(await self._log.seals(1)), None)
        if head is not None and head.hash != self._said:
            self._say(head)
        self._said = "" if head is None else head.hash

    def _close(self, previous: Seal | None, records: Sequence[Record]) -> Seal:
        now_us = self._clock.now_us()
        return closed(previous, records, at_us=now_us, node=self._node, key=self._key)

    def _say(self, head: Seal) -> None:
        self._lines.info(
            "audit sealed",
            batch=head.batch,
            last_seq=head.last_seq,
            hash=head.hash,
            hmac=head.hmac,
        )

    async def _forget(self, token: int, now_us: int) -> None:
        note = Note(now_us, "", "", FORGOTTEN, "", DONE, "", self._node)
        while await self._log.forget(token, now_us - self._max_age_us, note, self._key):
            pass
        self._forget_at_us = now_us + FORGET_EVERY_US
