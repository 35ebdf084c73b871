"""Alerts: this node's watch over itself and over the jobs of the hub.

It judges what it measures every few seconds (`model.alert_rule`), and tells what has changed as
events of the channel `alerts`. When the log takes none, those that it concerns hear it all the
same: the clients of this node that follow `alerts`, whoever asks, and who reads stderr. What
happened is written when the log is back.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from hub.clock import SECOND_US, Clock
from hub.errors import HubError
from hub.model.alert import ALERTS, Alert, rounded, to_data
from hub.model.alert_rule import Change, Reading, Rule, Standing, step
from hub.model.event import Event, new_event_id
from hub.model.timestamp import to_rfc3339
from hub.services.alert_board import Board, with_waiting
from hub.services.alert_outbox import OWNER, AlertOutbox, Notice
from hub.services.alert_rules import LOG_FAILING
from hub.telemetry.logging import logger

JUDGE_S = 5.0
WRITE_S = 1.0
READ_S = 2.0

# What a rule looks at, at a time of a clock that never steps back.
Source = Callable[[float], Reading]


class Around(NamedTuple):
    """What the watch needs of its node.

    Attributes:
        node: Its name.
        clock: The wall time.
        push: Tells the clients of this node alone.
        probe: Tries whether the log can be written, and takes two seconds at most.
        log_failing_s: For how long it cannot.
    """

    node: str
    clock: Clock
    push: Callable[[Event], None]
    probe: Callable[[], Awaitable[object]]
    log_failing_s: Callable[[float], float]


class Alerts:
    """The alerts of this node, and what it knows of those of the others.

    Args:
        around: Its node.
        rules: What this node judges of itself.
        sources: What each rule looks at, by its name; a rule without one is never judged.
        board: What the log says.
        outbox: Writes into it.
        now_s: A clock that never steps back.

    Attributes:
        raised_here: How often this node has raised each.
    """

    def __init__(
        self,
        around: Around,
        rules: Sequence[Rule],
        sources: Mapping[str, Source],
        board: Board,
        outbox: AlertOutbox,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.raised_here: Counter[str] = Counter()
        self._around = around
        self._rules = [rule for rule in rules if rule.threshold > 0 and rule.name in sources]
        self._sources = sources
        self._board = board
        self._outbox = outbox
        self._now_s = now_s
        self._standings = {rule.name: Standing() for rule in self._rules}
        self._mine: dict[str, Alert] = {}
        self._log = logger("alerts")

    @property
    def mine(self) -> Sequence[str]:
        """Return the names of what this node has raised of itself."""
        return sorted(self._mine)

    def raised(self) -> Mapping[str, Alert]:
        """Return what is raised in the hub, by key, as far as this node knows."""
        return with_waiting(self._board.raised, self._outbox.waiting)

    def recent(self) -> Sequence[Alert]:
        """Return what was raised and cleared lately, the newest first."""
        return [*reversed(self._outbox.waiting), *self._board.recent]

    async def refresh(self) -> None:
        """Read what the other nodes have told; what cannot be read now is read later."""
        try:
            async with asyncio.timeout(READ_S):
                await self._board.refresh()
        except (HubError, TimeoutError) as failure:
            self._log.warning(
                "the alerts of others cannot be read", why=str(failure) or "no answer in time"
            )

    async def watch(self) -> None:
        """Judge, for ever."""
        while True:
            if self._mine:
                await self.refresh()
            self.judge()
            await asyncio.sleep(JUDGE_S)

    async def write(self) -> None:
        """Write what is to be told, for ever; and see whether a log that failed is back."""
        while True:
            await asyncio.sleep(WRITE_S)
            try:
                if self._around.log_failing_s(self._now_s()) > WRITE_S:
                    await self._around.probe()
                if await self._outbox.flush():
                    await self.refresh()
            except HubError as failure:
                self._log.debug("the log cannot be written yet", why=str(failure))
            except Exception:  # noqa: BLE001 logged with its traceback; it must not end
                self._log.exception("alerts cannot be written")

    async def leave(self, within_s: float) -> None:
        """Clear what this node has raised of itself, for it goes away: nobody else can."""
        for rule in self._rules:
            alert = self._mine.get(rule.name)
            if alert is not None:
                self._clear(rule, alert, "The node that has seen it stops")
        try:
            async with asyncio.timeout(within_s):
                await self._outbox.flush()
        except TimeoutError:
            self._log.warning("alerts are left unwritten", alerts=len(self._outbox.waiting))

    def judge(self) -> None:
        """Take what every rule looks at now, and let be told what has changed."""
        now_s = self._now_s()
        for rule in self._rules:
            if self._is_overruled(rule):
                del self._mine[rule.name]
                self._standings[rule.name] = Standing(self._standings[rule.name].samples)
            try:
                reading = self._sources[rule.name](now_s)
            except Exception:  # noqa: BLE001 logged with its traceback; the others are judged
                self._log.exception("a rule cannot be judged", alert=rule.name)
                continue
            standing, change = step(rule, self._standings[rule.name], reading, now_s)
            self._standings[rule.name] = standing
            if change is not None:
                self._change(rule, standing.value, change)

    def _is_overruled(self, rule: Rule) -> bool:
        """Say whether others have cleared it: they could not hear this node. It is judged anew."""
        mine = self._mine.get(rule.name)
        if mine is None:
            return False
        cleared = (one for one in self._board.recent if one.until is not None)
        return any((one.key, one.since) == (mine.key, mine.since) for one in cleared)

    def _change(self, rule: Rule, value: float | None, change: Change) -> None:
        if change == "raised":
            self._raise(rule, value or 0.0)
        elif rule.name in self._mine:
            before = self._mine[rule.name]
            self._clear(rule, before, f"It is over: {before.message}", value)

    def _raise(self, rule: Rule, value: float) -> None:
        around = self._around
        alert = Alert(
            alert=rule.name,
            subject=around.node,
            severity=rule.severity,
            since=to_rfc3339(around.clock.now_us()),
            value=rounded(value),
            threshold=rule.threshold,
            message=rule.message(value),
            node=around.node,
        )
        self._mine[rule.name] = alert
        self.raised_here[rule.name] += 1
        self._log.error("alert raised", alert=rule.name, message=alert.message)
        self._tell(alert)

    def _clear(self, rule: Rule, alert: Alert, message: str, value: float | None = None) -> None:
        del self._mine[rule.name]
        cleared = cleared_now(alert, self._around, message, value)
        self._log.warning("alert cleared", alert=rule.name)
        self._tell(cleared)

    def _tell(self, alert: Alert) -> None:
        self._outbox.put(Notice(alert))
        if alert.alert == LOG_FAILING or LOG_FAILING in self._mine:
            # It cannot be written, so it has no offset; when it can be, it comes again, with one.
            self._around.push(_unwritten(alert, self._around.clock.now_us()))


def cleared_now(alert: Alert, around: Around, message: str, value: float | None = None) -> Alert:
    """Return what says that an alert is over."""
    return Alert(
        alert=alert.alert,
        subject=alert.subject,
        severity=alert.severity,
        since=alert.since,
        until=to_rfc3339(around.clock.now_us()),
        value=rounded(value),
        threshold=alert.threshold,
        message=message,
        node=around.node,
    )


def _unwritten(alert: Alert, now_us: int) -> Event:
    return Event(
        channel=ALERTS,
        offset=0,
        id=new_event_id(now_us),
        type=alert.type,
        at_us=now_us,
        owner=OWNER,
        data=to_data(alert),
        key=alert.key,
        volatile=True,
    )


def after(us: int, seconds: float) -> str:
    """Return a time that lies so much later, as it is told."""
    return to_rfc3339(us + int(seconds * SECOND_US))
