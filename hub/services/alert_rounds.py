"""The rounds: what every node looks after that is no node's own: stuck jobs, and nodes that died.

Each node goes its rounds, so none is needed. They all come to the same words, and the log takes
the first: an alert of a job is named by the job and by when it was last heard of.
"""

import asyncio
from collections.abc import Callable, Collection
from itertools import islice

from hub.errors import HubError
from hub.model.alert import Alert, rounded
from hub.model.alert_rule import Rule
from hub.model.job import Job
from hub.model.unit import Rows
from hub.services.alert_outbox import AlertOutbox, Notice
from hub.services.alert_rules import JOB_STUCK, OF_NO_NODE
from hub.services.alerts import Alerts, Around, after, cleared_now
from hub.services.stuck_jobs import StuckJobs, is_stuck
from hub.stores.base import Records
from hub.telemetry.logging import logger

LOOK_S = 5.0
ROUND_S = 30.0
# Longer than it takes until all nodes have heard of each other, after a start or a broken way.
GONE_S = 30.0
# Alerts of jobs that are looked at again in one round.
_AT_ONCE = 200
# Jobs that are told of at one time: by then people know that something is wrong with jobs.
MOST = 1_000


class Rounds:
    """Looks after jobs and nodes.

    Args:
        around: Its node.
        alerts: What is raised.
        outbox: Takes what is to be told.
        records: The jobs.
        rule: When a job is stuck.
        present: The nodes that are there; None while that cannot be known.
    """

    def __init__(
        self,
        around: Around,
        alerts: Alerts,
        outbox: AlertOutbox,
        records: Records,
        *,
        rule: Rule,
        present: Callable[[], Collection[str] | None],
    ) -> None:
        self._around = around
        self._alerts = alerts
        self._outbox = outbox
        self._records = records
        self._rule = rule
        self._present = present
        self._stuck = StuckJobs(records, rule.threshold)
        self._checked = ""
        self._missing_s: dict[str, float] = {}
        self._log = logger("alerts")

    async def run(self) -> None:
        """Go round, for ever."""
        due_s = 0.0
        now_s = asyncio.get_running_loop().time
        while True:
            await self._alerts.refresh()
            try:
                self.look_for_nodes(now_s())
                if now_s() >= due_s:
                    due_s = now_s() + ROUND_S
                    await self.look_for_jobs()
            except HubError as failure:
                self._log.warning("the jobs cannot be looked at", why=str(failure))
            except Exception:  # noqa: BLE001 logged with its traceback; it must not end
                self._log.exception("a round of the alerts failed")
            await asyncio.sleep(LOOK_S)

    async def look_for_jobs(self) -> None:
        """Raise what is stuck, and clear what is not any more."""
        raised = self._alerts.raised()
        if self._rule.threshold > 0:
            now_us = self._around.clock.now_us()
            stuck = await self._stuck.look(now_us)
            new = [one for one in (self._of(job, now_us) for job in stuck) if one.key not in raised]
            room = MOST - sum(one.alert == JOB_STUCK for one in raised.values())
            jobs = {job.job_id: job for job in stuck}
            for alert in new[: max(0, room)]:
                self._raise(alert, jobs[alert.subject])
        for alert in self._next(raised.values()):
            await self._look_again(alert)

    def _raise(self, alert: Alert, job: Job) -> None:
        if self._outbox.put(Notice(alert, job.job_id, _Silent(job))):
            self._alerts.raised_here[JOB_STUCK] += 1

    def look_for_nodes(self, now_s: float) -> None:
        """Clear what nodes have raised of themselves that are gone: they cannot."""
        present = self._present()
        own = [one for one in self._alerts.raised().values() if one.alert not in OF_NO_NODE]
        missing = {one.subject for one in own if present is not None} - {*(present or ())}
        self._missing_s = {node: self._missing_s.get(node, now_s) for node in missing}
        for alert in own:
            if now_s - self._missing_s.get(alert.subject, now_s) >= GONE_S:
                over = cleared_now(alert, self._around, "The node that has seen it is gone")
                self._outbox.put(Notice(over))

    def _of(self, job: Job, now_us: int) -> Alert:
        silent_s = (now_us - job.updated_at_us) / 1_000_000
        return Alert(
            alert=JOB_STUCK,
            subject=job.job_id,
            severity=self._rule.severity,
            # The same on every node, whenever it looks.
            since=after(job.updated_at_us, self._rule.threshold),
            value=rounded(silent_s),
            threshold=self._rule.threshold,
            message=self._rule.message(silent_s),
            node=self._around.node,
        )

    def _next(self, raised: Collection[Alert]) -> list[Alert]:
        """Return the next alerts of jobs, in the order of their keys, beginning anew at the end."""
        stuck = sorted((one for one in raised if one.alert == JOB_STUCK), key=lambda one: one.key)
        chosen = list(islice((one for one in stuck if one.key > self._checked), _AT_ONCE))
        self._checked = chosen[-1].key if len(chosen) == _AT_ONCE else ""
        return chosen

    async def _look_again(self, alert: Alert) -> None:
        job = await self._records.job(alert.subject)
        limit_s = self._rule.threshold or alert.threshold
        if job is None or not is_stuck(job, limit_s, self._around.clock.now_us()):
            now = "gone" if job is None else job.status
            over = cleared_now(alert, self._around, f"The job was heard of again: it is {now}")
            self._outbox.put(Notice(over))


class _Silent:
    """Says inside the transaction whether a job is still as it was when it was looked at."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __call__(self, rows: Rows) -> bool:
        job = rows.job(self._job.job_id)
        return job is not None and (job.status, job.updated_at_us) == (
            "RUNNING",
            self._job.updated_at_us,
        )
