"""The alert outbox: events of alerts on their way into the log, which may take nothing just now."""

import hashlib
from collections.abc import Callable, Sequence

from hub.errors import HubError, Unavailable
from hub.model.alert import ALERTS, Alert, to_draft
from hub.model.unit import Decision, IdempotencyKey, Rows, Unit
from hub.services.publisher import Publisher
from hub.telemetry.logging import logger

# In whose name alerts are told; no credential has it.
OWNER = "hub"
MAX_WAITING = 1_000

# Says inside the transaction whether there is still a reason to tell it.
Holds = Callable[[Rows], bool]


class Notice:
    """One event that is to be written.

    Attributes:
        alert: What it says.
        job_id: Of the job that `holds` looks at.
        holds: Whether it is still so.
    """

    def __init__(self, alert: Alert, job_id: str = "", holds: Holds = lambda _rows: True) -> None:
        self.alert = alert
        self.job_id = job_id
        self.holds = holds

    def unit(self) -> Unit:
        """Return the wish to write it: of several nodes that have it, and of retries, one does."""
        refs = (("job", self.job_id),) if self.job_id else ()
        moment = self.alert.moment
        key = IdempotencyKey(moment, hashlib.sha256(moment.encode()).digest())
        return Unit(OWNER, refs, (ALERTS,), self._decide, key)

    def _decide(self, rows: Rows) -> Decision:
        drafts = (to_draft(self.alert),) if self.holds(rows) else ()
        return Decision((), drafts, lambda _events: b"{}")


class AlertOutbox:
    """Writes alerts in their order.

    Args:
        publisher: Where they are committed.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._waiting: dict[str, Notice] = {}
        self._log = logger("alerts")

    @property
    def waiting(self) -> Sequence[Alert]:
        """Return what the log has not taken yet, in order."""
        return [notice.alert for notice in self._waiting.values()]

    def put(self, notice: Notice) -> bool:
        """Let one be written; say whether there was room, and it did not wait already."""
        if notice.alert.moment in self._waiting or len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting[notice.alert.moment] = notice
        return True

    async def flush(self) -> bool:
        """Write what waits, as far as the log takes it; say whether it took something."""
        wrote = False
        while self._waiting:
            moment, notice = next(iter(self._waiting.items()))
            try:
                await self._publisher.submit(notice.unit())
                wrote = True
            except Unavailable:
                break
            except HubError:
                self._log.exception("an alert cannot be told", alert=notice.alert.key)
            self._waiting.pop(moment, None)
        return wrote
