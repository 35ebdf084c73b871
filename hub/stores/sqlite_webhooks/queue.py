"""Making deliveries, and what becomes of leases that are not used, in the data file."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial

from hub.stores.sqlite_webhooks import sweeping
from hub.stores.sqlite_webhooks.making import make
from hub.stores.sqlite_webhooks.part import SqlitePart, move_up
from hub.stores.webhook_rows import text_of
from hub.stores.webhooks import Step

_STANDS = (
    "SELECT revision, coalesce((SELECT at_offset FROM webhook_cursors WHERE channel = ?), 0) "
    "FROM webhook_state"
)
_MOVE = (
    "INSERT INTO webhook_cursors VALUES (?, ?) "
    "ON CONFLICT (channel) DO UPDATE SET at_offset = excluded.at_offset"
)
_RENEW = (
    "UPDATE webhook_deliveries SET lease_until_us = ? "
    "FROM (SELECT key, value FROM json_each(?)) AS lease "
    "WHERE id = lease.key AND token = lease.value AND state = 'sending' RETURNING id"
)
_RELEASE = (
    "UPDATE webhook_deliveries SET worker = '', lease_until_us = 0, due_us = ?, "
    "state = iif(EXISTS (SELECT 1 FROM webhook_endpoints AS e WHERE e.id = endpoint_id "
    "AND e.state = 'active'), 'pending', 'held') "
    "FROM (SELECT key, value FROM json_each(?)) AS lease "
    "WHERE webhook_deliveries.id = lease.key AND token = lease.value "
    "AND webhook_deliveries.state = 'sending' RETURNING endpoint_id, lane, state"
)
# The first of each endpoint, from one endpoint to the next: what is behind them is not read.
_NEXT_DUE = """
WITH RECURSIVE lane(endpoint_id, due_us) AS (
    SELECT '', NULL
    UNION ALL
    SELECT d.endpoint_id, d.due_us FROM lane CROSS JOIN webhook_deliveries AS d
    WHERE d.seq = (
        SELECT seq FROM webhook_deliveries INDEXED BY webhook_pending
        WHERE state = 'pending' AND endpoint_id > lane.endpoint_id
        ORDER BY endpoint_id, due_us LIMIT 1)
)
SELECT min(due_us) FROM (
    SELECT endpoint_id, due_us FROM lane
    UNION ALL
    SELECT endpoint_id, lease_until_us FROM webhook_deliveries INDEXED BY webhook_sending
    WHERE state = 'sending'
) AS next JOIN webhook_endpoints AS e ON e.id = next.endpoint_id AND e.state = 'active'
"""
_OLD = (
    "SELECT seq, id, event_id, endpoint_id FROM webhook_deliveries INDEXED BY webhook_ended "
    "WHERE ended_at_us > 0 AND ended_at_us < ? ORDER BY ended_at_us LIMIT ?"
)
_FORGET = (
    "DELETE FROM webhook_attempts WHERE delivery_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM webhook_deliveries WHERE id IN (SELECT value FROM json_each(?))",
)
_FORGET_BODIES = (
    "DELETE FROM webhook_bodies WHERE event_id IN (SELECT value FROM json_each(?)) AND NOT EXISTS "
    "(SELECT 1 FROM webhook_deliveries AS d WHERE d.event_id = webhook_bodies.event_id)"
)
_FIRED = (
    "SELECT id FROM (SELECT value FROM json_each(?)) AS gone "  # noqa: S608 own words
    "CROSS JOIN webhook_endpoints ON id = gone.value "
    "WHERE callback_kind IS NOT NULL AND live = 0 AND sweep = 0"
    + "".join(
        " AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS d "  # noqa: S608 own words
        f"WHERE d.state = '{state}' AND d.endpoint_id = webhook_endpoints.id)"
        for state in ("queued", "pending", "sending", "held")
    )
)


class SqliteQueue(SqlitePart):
    """The deliveries, for those who make them, and who give them back."""

    async def cursors(self) -> Mapping[str, int]:
        """Return where the dispatcher stands in each channel."""
        return dict(await self._rows("SELECT channel, at_offset FROM webhook_cursors"))

    async def dispatch(self, step: Step) -> bool:
        """Take a step, whole or not at all."""
        work = partial(_dispatch, step=step, now_us=self._clock.now_us())
        return await self._write(work, 1 + len(step.bodies) + len(step.deliveries))

    async def renew(self, leases: Mapping[str, int], until_us: int) -> Sequence[str]:
        """Prolong leases; return the deliveries whose lease was lost."""
        values = (until_us, text_of(leases))
        rows = await self._write(lambda db: db.execute(_RENEW, values).fetchall(), len(leases))
        kept = {row[0] for row in rows}
        return [delivery_id for delivery_id in leases if delivery_id not in kept]

    async def release(self, leases: Mapping[str, int], due_us: int) -> None:
        """Give leases back unused."""
        await self._write(partial(_release, leases=leases, due_us=due_us), len(leases))

    async def next_due_us(self) -> int | None:
        """Return when the next one is due, or its lease ends; or None."""
        due_us: int | None = (await self._glance(_NEXT_DUE))[0][0]
        return due_us

    async def forget_deliveries(self, before_us: int, limit: int) -> int:
        """Forget deliveries that ended before a time, with attempts and bodies."""
        return await self._write(partial(_forget, before_us=before_us, limit=limit), limit)


def _dispatch(db: sqlite3.Connection, step: Step, now_us: int) -> bool:
    if db.execute(_STANDS, (step.channel,)).fetchone() != (step.revision, step.after):
        return False
    db.execute(_MOVE, (step.channel, step.to))
    make(db, step.deliveries, step.bodies, now_us)
    return True


def _release(db: sqlite3.Connection, leases: Mapping[str, int], due_us: int) -> None:
    rows = db.execute(_RELEASE, (due_us, text_of(leases))).fetchall()
    move_up(db, [(row[0], row[1]) for row in rows if row[2] == "held"])


def _forget(db: sqlite3.Connection, before_us: int, limit: int) -> int:
    rows = db.execute(_OLD, (before_us, limit)).fetchall()
    if not rows:
        return 0
    _, ids, events, endpoints = zip(*rows, strict=True)
    for statement in _FORGET:
        db.execute(statement, (text_of(ids),))
    db.execute(_FORGET_BODIES, (text_of(list(set(events))),))
    for (endpoint_id,) in db.execute(_FIRED, (text_of(list(set(endpoints))),)).fetchall():
        sweeping.forget(db, endpoint_id)
    return len(rows)
