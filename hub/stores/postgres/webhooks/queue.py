"""Making deliveries, and what becomes of leases that are not used, in the database."""

from collections.abc import Mapping, Sequence

from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks import sweeping
from hub.stores.postgres.webhooks.making import make
from hub.stores.postgres.webhooks.part import LOCK, PostgresPart, columns, move_up
from hub.stores.webhooks import Step

# Shared, so that no endpoint changes until the step is taken; where one is just being changed,
# this waits, and sees the revision that comes of it.
_MOVE = (
    "WITH known AS (SELECT revision FROM webhook_state FOR SHARE) "
    "INSERT INTO webhook_cursors SELECT $1::text, $3::bigint FROM known WHERE revision = $4 "
    "AND ($2 = 0 OR EXISTS (SELECT 1 FROM webhook_cursors WHERE channel = $1)) "
    "ON CONFLICT (channel) DO UPDATE SET at_offset = excluded.at_offset "
    "WHERE webhook_cursors.at_offset = $2"
)
_RENEW = (
    "WITH mine AS (SELECT seq FROM webhook_deliveries AS d "
    "JOIN unnest($2::text[], $3::bigint[]) AS lease(id, token) "
    "ON d.id = lease.id AND d.token = lease.token AND d.state = 'sending' "
    "ORDER BY seq FOR UPDATE OF d) "
    "UPDATE webhook_deliveries SET lease_until_us = $1 WHERE seq IN (SELECT seq FROM mine) "
    "RETURNING id"
)
_OWNERS = "SELECT DISTINCT endpoint_id FROM webhook_deliveries WHERE id = ANY($1::text[])"
GIVE_BACK = (
    "UPDATE webhook_deliveries AS d SET worker = '', lease_until_us = 0, due_us = {due}, "
    "state = CASE WHEN EXISTS (SELECT 1 FROM webhook_endpoints AS e WHERE e.id = d.endpoint_id "
    "AND e.state = 'active') THEN 'pending' ELSE 'held' END {which} AND d.state = 'sending' "
    "RETURNING d.endpoint_id, d.lane, d.state"
)
_RELEASE = GIVE_BACK.format(
    due="$1",
    which="FROM unnest($2::text[], $3::bigint[]) AS lease(id, token) "
    "WHERE d.id = lease.id AND d.token = lease.token",
)
# The first of each endpoint, from one endpoint to the next: what is behind them is not read.
_NEXT_DUE = """
WITH RECURSIVE lane AS (
    (SELECT endpoint_id, due_us FROM webhook_deliveries WHERE state = 'pending'
        ORDER BY endpoint_id, due_us LIMIT 1)
    UNION ALL
    SELECT next.endpoint_id, next.due_us FROM lane, LATERAL (
        SELECT endpoint_id, due_us FROM webhook_deliveries
        WHERE state = 'pending' AND endpoint_id > lane.endpoint_id
        ORDER BY endpoint_id, due_us LIMIT 1) AS next
)
SELECT min(due_us) FROM (
    SELECT endpoint_id, due_us FROM lane
    UNION ALL
    SELECT endpoint_id, lease_until_us FROM webhook_deliveries WHERE state = 'sending'
) AS next JOIN webhook_endpoints AS e ON e.id = next.endpoint_id AND e.state = 'active'
"""
_OLD = (
    "SELECT id, event_id, endpoint_id FROM webhook_deliveries "
    "WHERE ended_at_us > 0 AND ended_at_us < $1 ORDER BY ended_at_us LIMIT $2"
)
# It may have been sent again meanwhile.
_FORGET = (
    "WITH gone AS (DELETE FROM webhook_deliveries WHERE id = ANY($1::text[]) AND ended_at_us > 0 "
    "AND ended_at_us < $2 RETURNING id), tried AS (DELETE FROM webhook_attempts "
    "WHERE delivery_id IN (SELECT id FROM gone)) SELECT count(*) FROM gone"
)
_LOCK_BODIES = (
    "SELECT 1 FROM webhook_bodies WHERE event_id = ANY($1::text[]) ORDER BY event_id FOR UPDATE"
)
_FORGET_BODIES = (
    "DELETE FROM webhook_bodies AS b WHERE event_id = ANY($1::text[]) AND NOT EXISTS "
    "(SELECT 1 FROM webhook_deliveries AS d WHERE d.event_id = b.event_id)"
)
_FIRED = (
    "SELECT id FROM webhook_endpoints AS e WHERE id = ANY($1::text[]) "
    "AND callback_kind IS NOT NULL AND live = 0 AND sweep = 0 AND NOT EXISTS "
    "(SELECT 1 FROM webhook_deliveries AS d WHERE d.endpoint_id = e.id AND d.ended_at_us = 0)"
)


class PostgresQueue(PostgresPart):
    """The deliveries, for those who make them, and who give them back."""

    async def cursors(self) -> Mapping[str, int]:
        """Return where the dispatcher stands in each channel."""
        return dict(await self._rows("SELECT channel, at_offset FROM webhook_cursors"))

    async def dispatch(self, step: Step) -> bool:
        """Take a step, whole or not at all."""
        return await self._write(lambda c: _dispatch(c, step, self._clock.now_us()))

    async def renew(self, leases: Mapping[str, int], until_us: int) -> Sequence[str]:
        """Prolong leases; return the deliveries whose lease was lost."""
        rows = await self._rows(_RENEW, until_us, list(leases), list(leases.values()))
        kept = {row[0] for row in rows}
        return [delivery_id for delivery_id in leases if delivery_id not in kept]

    async def release(self, leases: Mapping[str, int], due_us: int) -> None:
        """Give leases back unused."""
        await self._write(lambda c: _release(c, leases, due_us))

    async def next_due_us(self) -> int | None:
        """Return when the next one is due, or its lease ends; or None."""
        due_us: int | None = (await self._rows(_NEXT_DUE))[0][0]
        return due_us

    async def forget_deliveries(self, before_us: int, limit: int) -> int:
        """Forget deliveries that ended before a time, with attempts and bodies."""
        return await self._write(lambda c: _forget(c, before_us, limit))


async def _dispatch(connection: Connection, step: Step, now_us: int) -> bool:
    said = await connection.execute(_MOVE, step.channel, step.after, step.to, step.revision)
    if said.endswith(" 0"):
        return False
    await make(connection, step.deliveries, step.bodies, now_us)
    return True


async def _release(connection: Connection, leases: Mapping[str, int], due_us: int) -> None:
    owners = [row[0] for row in await connection.fetch(_OWNERS, list(leases))]
    await connection.fetch(LOCK, owners)
    rows = await connection.fetch(_RELEASE, due_us, list(leases), list(leases.values()))
    await move_up(connection, [(row[0], row[1]) for row in rows if row[2] == "held"])


async def _forget(connection: Connection, before_us: int, limit: int) -> int:
    rows = await connection.fetch(_OLD, before_us, limit)
    if not rows:
        return 0
    ids, events, endpoints = columns(rows, 3)
    await connection.fetch(LOCK, list(set(endpoints)))
    # Who makes a delivery of such an event meanwhile waits, and finds the body gone or kept.
    await connection.execute(_LOCK_BODIES, list(set(events)))
    gone: int = await connection.fetchval(_FORGET, ids, before_us)
    await connection.execute(_FORGET_BODIES, list(set(events)))
    fired = await connection.fetch(_FIRED, list(set(endpoints)))
    if fired:
        await sweeping.forget(connection, [row[0] for row in fired])
    return gone
