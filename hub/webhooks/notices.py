"""Notices: what is said of attempts as they are kept: lines of the log, records of the audit."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from hub.model.endpoint import Health
from hub.model.principal import NOBODY, Principal
from hub.stores.webhooks import Settled
from hub.telemetry.logging import logger
from hub.webhooks.recording import Kept
from hub.webhooks.settling import MADE

DISABLED = "webhook.disable"


class Audit(Protocol):
    """Has records written soon."""

    def note(
        self,
        action: str,
        principal: Principal = NOBODY,
        *,
        target: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        """Have a record written."""
        ...


class Notices:
    """Says what has happened.

    Args:
        audit: Where it is recorded that an endpoint was disabled.
        disabled: Called when one was.
    """

    def __init__(self, audit: Audit, disabled: Callable[[], None]) -> None:
        self._audit = audit
        self._disabled = disabled
        self._lines = logger("webhooks")

    def kept(self, kept: Kept) -> None:
        """Take what was kept of an attempt."""
        attempt, settled = kept.made.attempt, kept.settled
        say = self._lines.debug if attempt.failure is None else self._lines.info
        say(
            "webhook attempt",
            endpoint=attempt.endpoint_id,
            of=attempt.event_id,
            delivery=attempt.delivery_id,
            attempt=attempt.id,
            status=attempt.status,
            failure=attempt.failure,
            ms=round(attempt.total_us / 1000, 1),
            state="lost" if settled is None else settled.delivery.state,
        )
        if settled is not None and kept.before is not None:
            self._circuit(attempt.endpoint_id, kept.before, settled.health)
            self._end(settled)

    def _circuit(self, endpoint_id: str, before: Health, after: Health) -> None:
        if after.opened_us and not before.opened_us:
            self._lines.warning(
                "an endpoint does not work and is left alone",
                endpoint=endpoint_id,
                failures=after.failures,
            )
        elif before.opened_us and not after.opened_us:
            self._lines.info("an endpoint works again", endpoint=endpoint_id)

    def _end(self, settled: Settled) -> None:
        endpoint = settled.endpoint
        if endpoint is None or endpoint.state != "disabled" or endpoint.why == MADE:
            return
        self._lines.error("an endpoint was disabled", endpoint=endpoint.id, why=endpoint.why)
        self._audit.note(DISABLED, target=endpoint.id, details={"why": endpoint.why})
        self._disabled()
