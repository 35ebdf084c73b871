"""The auditor: brings what somebody did, or was not let do, into the audit log.

Deeds are recorded before they are answered (`record`); refusals, of which an attacker makes as
many as he likes, are counted and written a moment later (`refused`). What cannot be written is
logged whole, counted, and tried again; it is never dropped in silence.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from itertools import islice
from typing import Any

from hub.auth.refusals import Refusals, is_refusal
from hub.clock import Clock
from hub.errors import HubError, OutcomeUnknown
from hub.model.audit import DONE, MAX_TARGET, REFUSED, Note, kept
from hub.model.principal import NOBODY, Principal
from hub.stores.audit import AuditLog
from hub.telemetry.logging import logger

MAX_WAITING = 1_000
GROUP = 100
PAUSE_S = 1.0


class Auditor:
    """Writes the records of one node.

    Args:
        log: Where to.
        clock: The wall time.
        node: The name of this node.

    Attributes:
        written: Records that are on disk.
        failed: Records that could not be written at once; each is a line of the log.
        lost: Of those, records that were not written later either.
    """

    def __init__(self, log: AuditLog, clock: Clock, node: str) -> None:
        self.written = 0
        self.failed = 0
        self.lost = 0
        self._log = log
        self._clock = clock
        self._node = node
        self._lines = logger("audit")
        self._refusals = Refusals()
        self._waiting: deque[Note] = deque()
        # How many of those that wait are in the log of lines, because a try has failed.
        self._told = 0
        self._writing = asyncio.Lock()

    def note(
        self,
        action: str,
        principal: Principal = NOBODY,
        *,
        target: str = "",
        outcome: str = DONE,
        address: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Have a record written soon. Only for what is not answered: it may come too late."""
        self._wait(self._note(action, principal, target, outcome, address, details))

    def refused(
        self,
        failure: HubError,
        principal: Principal = NOBODY,
        *,
        target: str = "",
        address: str = "",
    ) -> None:
        """Note that somebody was refused; of many alike some records tell, with their number.

        Other failures than those of `refusals.is_refusal` are passed over.

        Args:
            failure: Why; its code is the outcome, its text is not kept.
            principal: Who, as far as that is proven.
            target: Method and path, without a query: there may be a ticket in it.
            address: Of the client.
        """
        if not is_refusal(failure, principal):
            return
        note = self._refusals.take(
            self._raw(REFUSED, principal, target[:MAX_TARGET], failure.code, address)
        )
        # Cleaned only where it is told: of an attacker's million few are.
        if note is not None:
            self._wait(kept(note))

    def refused_socket(self, failure: HubError, principal: Principal, address: str) -> None:
        """Note the same of somebody who has a socket already."""
        self.refused(failure, principal, target="WS", address=address)

    async def record(
        self,
        action: str,
        principal: Principal,
        *,
        target: str = "",
        address: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Record a deed that was done; on return it is on disk, and the caller may be answered.

        Raises:
            OutcomeUnknown: It could not be recorded. The deed was done; the record is tried again.
        """
        note = self._note(action, principal, target, DONE, address, details)
        try:
            await self._log.append([note])
        except HubError as error:
            self._wait(note)
            self._fail(error)
            raise OutcomeUnknown(
                f"expected a record of {note.action} in the audit log, got none, although it was "
                f"done: {error}"
            ) from error
        self.written += 1

    async def run(self) -> None:
        """Write what waits, now and then, for ever."""
        while True:
            await asyncio.sleep(PAUSE_S)
            try:
                await self.flush()
            except Exception:  # noqa: BLE001 logged with its traceback
                # It must not end: who attacks would go on unseen.
                self._lines.exception("the audit log cannot be written")

    async def flush(self, *, at_end: bool = False) -> None:
        """Write what waits; what cannot be written goes on waiting."""
        async with self._writing:
            for note in self._refusals.due(self._clock.now_us(), at_end=at_end):
                self._wait(kept(note))
            while self._waiting:
                notes = list(islice(self._waiting, GROUP))
                try:
                    await self._log.append(notes)
                except HubError as error:
                    self._fail(error)
                    return
                self._written(notes)

    def _written(self, notes: list[Note]) -> None:
        self.written += len(notes)
        self._told = max(0, self._told - len(notes))
        # They stood in front, and still do: nobody is pushed out.
        for _ in notes:
            self._waiting.popleft()

    def _wait(self, note: Note) -> None:
        if len(self._waiting) >= MAX_WAITING:
            # Not the newest: who comes later must not be able to push out what he did before,
            # and what waits is in the log of lines already.
            self.lost += 1
            self._tell(note, "too many wait")
            return
        self._waiting.append(note)

    def _fail(self, error: HubError) -> None:
        """Log what has waited in vain, each record once."""
        while self._told < len(self._waiting):
            self._tell(self._waiting[self._told], str(error))
            self._told += 1

    def _tell(self, note: Note, reason: str) -> None:
        self.failed += 1
        self._lines.error("audit record not written", reason=reason, **note._asdict())

    def _note(
        self,
        action: str,
        principal: Principal,
        target: str,
        outcome: str,
        address: str,
        details: Mapping[str, Any] | None,
    ) -> Note:
        return kept(self._raw(action, principal, target, outcome, address), details)

    def _raw(
        self, action: str, principal: Principal, target: str, outcome: str, address: str
    ) -> Note:
        actor = "" if principal is NOBODY else principal.name
        now_us, credential = self._clock.now_us(), principal.credential
        return Note(now_us, actor, credential, action, target, outcome, address, self._node)
