"""The census: now and then all endpoints are looked at, for numbers, and for alerts about them.

Every process that sends goes these rounds, so none is needed. They all come to the same words, and
the log takes the first: an alert is named by its endpoint and by since when.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping

from hub.clock import Clock
from hub.model.alert import Alert, rounded
from hub.model.delivery import OPEN
from hub.model.endpoint import Endpoint, Health
from hub.model.timestamp import to_rfc3339
from hub.services.alert_board import Board, with_waiting
from hub.services.alert_outbox import AlertOutbox, Notice
from hub.services.alert_rules import WEBHOOK_DISABLED, WEBHOOK_FAILING
from hub.stores.webhooks import Webhooks
from hub.telemetry.logging import logger
from hub.webhooks.pace import Pace
from hub.webhooks.settling import WARNINGS
from hub.webhooks.upkeep import DAY_US

ROUND_S = 15.0
PAGE = 200
OWN = frozenset({WEBHOOK_FAILING, WEBHOOK_DISABLED})
STATES = ("queued", "pending", "sending", "held")


class Census:
    """Counts, and raises and clears the alerts of endpoints.

    Args:
        store: Where they are.
        clock: The wall time.
        pace: Says when there is time.
        node: Name of this process.
        board: Tells what is raised in the hub.
        outbox: Takes what is to be told; nobody else writes it.
        disable_us: After how long of nothing but failures an endpoint is disabled.

    Attributes:
        open: Deliveries that have not ended, by state.
        circuits: Endpoints whose circuit is open.
    """

    def __init__(
        self,
        store: Webhooks,
        clock: Clock,
        *,
        pace: Pace,
        node: str,
        board: Board,
        outbox: AlertOutbox,
        disable_us: int,
    ) -> None:
        self.open: Mapping[str, int] = dict.fromkeys(STATES, 0)
        self.circuits = 0
        self._store = store
        self._clock = clock
        self._pace = pace
        self._node = node
        self._board = board
        self._outbox = outbox
        self._disable_us = disable_us
        self._asked = asyncio.Event()
        self._lines = logger("webhooks")

    def look(self) -> None:
        """Do not wait for the next round: an endpoint was disabled."""
        self._asked.set()

    async def run(self) -> None:
        """Go round, for ever."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001 logged with its traceback; it must not end
                self._lines.exception("the webhooks cannot be counted")
            try:
                async with asyncio.timeout(ROUND_S):
                    await self._asked.wait()
            except TimeoutError:
                continue
            self._asked.clear()

    async def round(self) -> None:
        """Look at all of them once."""
        counts = await self._pace.timed(self._store.counts())
        totals: Counter[str] = Counter(dict.fromkeys(STATES, 0))
        for states in counts.values():
            totals.update({state: count for state, count in states.items() if state in OPEN})
        self.open = totals
        await self._look_at_endpoints()

    async def _look_at_endpoints(self) -> None:
        wanted: dict[str, Alert] = {}
        circuits, before = 0, None
        while True:
            await self._pace.turn()
            page = await self._pace.timed(self._store.endpoints(PAGE, before))
            for endpoint, health in page:
                circuits += bool(health.opened_us)
                for alert in self._alerts(endpoint, health):
                    wanted[alert.key] = alert
            if len(page) < PAGE:
                break
            last = page[-1][0]
            before = (last.created_at_us, last.id)
        self.circuits = circuits
        await self._board.refresh()
        self._tell(wanted)
        await self._outbox.flush()

    def _tell(self, wanted: Mapping[str, Alert]) -> None:
        now = with_waiting(self._board.raised, self._outbox.waiting)
        raised = {key: one for key, one in now.items() if one.alert in OWN}
        for key, alert in wanted.items():
            # Each of the warnings is told, and then nothing until the next one.
            if key not in raised or raised[key].since != alert.since:
                self._lines.warning("webhook alert", alert=alert.alert, message=alert.message)
                self._outbox.put(Notice(alert))
        for key, alert in raised.items():
            if key not in wanted:
                self._outbox.put(Notice(self._cleared(alert)))

    def _alerts(self, endpoint: Endpoint, health: Health) -> Iterator[Alert]:
        """Yield what somebody should know of an endpoint."""
        days = self._disable_us / DAY_US
        if endpoint.state == "disabled":
            message = (
                f"The webhook {endpoint.id} of {endpoint.owner} is disabled: {endpoint.why}. What "
                "comes is held; `resume` sends it"
            )
            yield self._alert(WEBHOOK_DISABLED, endpoint, endpoint.updated_at_us, days, message)
        elif health.warned:
            part = WARNINGS[min(health.warned, len(WARNINGS)) - 1]
            since_us = health.failing_since_us + int(part * self._disable_us)
            message = (
                f"The webhook {endpoint.id} of {endpoint.owner} has failed for "
                f"{part * days:.1f} days, and is disabled after {days:g}: "
                f"{health.failed_events} deliveries have failed since then"
            )
            yield self._alert(WEBHOOK_FAILING, endpoint, since_us, days, message, part * days)

    def _alert(
        self, name: str, endpoint: Endpoint, since_us: int, days: float, message: str,
        value: float | None = None,
    ) -> Alert:  # fmt: skip
        return Alert(
            alert=name,
            subject=endpoint.id,
            severity="warning",
            since=to_rfc3339(since_us),
            value=rounded(value),
            threshold=days,
            message=message,
            node=self._node,
        )

    def _cleared(self, alert: Alert) -> Alert:
        return Alert(
            alert=alert.alert,
            subject=alert.subject,
            severity=alert.severity,
            since=alert.since,
            until=to_rfc3339(self._clock.now_us()),
            value=None,
            threshold=alert.threshold,
            message=f"It is over for the webhook {alert.subject}: it works, or is gone",
            node=self._node,
        )
