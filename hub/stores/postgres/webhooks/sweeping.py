"""What is open at an endpoint that is paused, disabled or removed: held, or cancelled, in steps.

Like on SQLite (`sqlite_webhooks.sweeping`), where it is ingest that must not wait; here it is
whoever has to do with the same endpoint, and the size of a transaction.
"""

from hub.model.endpoint import Endpoint
from hub.stores.postgres.database import Connection
from hub.stores.webhook_rows import endpoint_row

STEP = 500
REMOVED = "removed with its endpoint"

LOCK_STATE = "UPDATE webhook_state SET revision = revision + 1 RETURNING revision"
WAIT_STATE = "SELECT 1 FROM webhook_state FOR UPDATE"
_LOCK = "SELECT 1 FROM webhook_health WHERE endpoint_id = $1 FOR UPDATE"
_KEEP = (
    "INSERT INTO webhook_endpoints (id, owner, state, created_at_us, callback_kind, "
    "callback_subject, live, changed, sweep, document) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
    "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, state = excluded.state, "
    "live = excluded.live, changed = excluded.changed, document = excluded.document, "
    "sweep = greatest(webhook_endpoints.sweep, excluded.sweep)"
)
_LAST = "SELECT coalesce(max(seq), 0) FROM webhook_deliveries WHERE endpoint_id = $1"
_STATE = "SELECT state, sweep FROM webhook_endpoints WHERE id = $1"
_REMOVE = (
    "UPDATE webhook_endpoints SET state = 'removed', live = 0, changed = $2, sweep = $3 + 1 "
    "WHERE id = $1"
)
_SWEPT = "UPDATE webhook_endpoints SET sweep = 0 WHERE id = $1"
_FORGET = (
    "WITH gone AS (DELETE FROM webhook_endpoints WHERE id = ANY($1::text[])) "
    "DELETE FROM webhook_health WHERE endpoint_id = ANY($1::text[])"
)
_REMOVED = "UPDATE webhook_state SET removed = revision"
_UNSWEPT = "SELECT id FROM webhook_endpoints WHERE sweep > 0 LIMIT 1"
_IS_UNSWEPT = "SELECT EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = $1 AND sweep > 0)"
# What is queued first, so that nothing moves up meanwhile.
_OPEN = ("queued", "pending")
_OF_REMOVED = (*_OPEN, "sending", "held")
_SOME = (
    "WHERE seq IN (SELECT seq FROM webhook_deliveries "
    "WHERE state = '{state}' AND endpoint_id = $1 AND seq <= $2 LIMIT $3)"
)
_HOLD = "UPDATE webhook_deliveries SET state = 'held' "
_CANCEL = (
    "UPDATE webhook_deliveries SET state = 'cancelled', worker = '', lease_until_us = 0, "
    "reason = $4, ended_at_us = $5 "
)


async def store(
    connection: Connection, endpoint: Endpoint, revision: int, *, was_active: bool, now_us: int
) -> None:
    """Keep an endpoint as it is now; where it was active and is not, hold what is open.

    Its lock is taken, and that of `webhook_state`, which gave the revision.
    """
    stops = was_active and endpoint.state != "active"
    last = await connection.fetchval(_LAST, endpoint.id) if stops else 0
    await connection.execute(_KEEP, *endpoint_row(endpoint, revision, last))
    if stops:
        await _step(connection, endpoint.id, now_us)


async def remove(connection: Connection, endpoint_id: str, now_us: int) -> bool:
    """Remove an endpoint and cancel what is open."""
    revision = await connection.fetchval(LOCK_STATE)
    await connection.execute(_LOCK, endpoint_id)
    row = await connection.fetchrow(_STATE, endpoint_id)
    if row is None or row["state"] == "removed":
        return False
    last = await connection.fetchval(_LAST, endpoint_id)
    await connection.execute(_REMOVE, endpoint_id, revision, last)
    await _step(connection, endpoint_id, now_us)
    return True


async def sweep(connection: Connection, endpoint_id: str, now_us: int) -> None:
    """Hold or cancel some of what is still open."""
    # Who finishes a removal changes the state's row, so it comes first; see `part`.
    await connection.execute(WAIT_STATE)
    await connection.execute(_LOCK, endpoint_id)
    await _step(connection, endpoint_id, now_us)


async def unswept(connection: Connection) -> str | None:
    """Return an endpoint that is not done, or None."""
    found: str | None = await connection.fetchval(_UNSWEPT)
    return found


async def is_unswept(connection: Connection, endpoint_id: str) -> bool:
    """Return whether one is not done."""
    return bool(await connection.fetchval(_IS_UNSWEPT, endpoint_id))


async def forget(connection: Connection, endpoint_ids: list[str]) -> None:
    """Forget endpoints that are in no registry."""
    await connection.execute(_FORGET, endpoint_ids)


async def _step(connection: Connection, endpoint_id: str, now_us: int) -> None:
    row = await connection.fetchrow(_STATE, endpoint_id)
    if row is None or not row["sweep"]:
        return
    removed = row["state"] == "removed"
    left = STEP
    for state in _OF_REMOVED if removed else _OPEN:
        if left > 0:
            sql = (_CANCEL if removed else _HOLD) + _SOME.format(state=state)
            ending = (REMOVED, now_us) if removed else ()
            said = await connection.execute(sql, endpoint_id, row["sweep"], left, *ending)
            left -= int(said.rpartition(" ")[2])
    if left > 0 and removed:
        await forget(connection, [endpoint_id])
        await connection.execute(_REMOVED)
    elif left > 0:
        await connection.execute(_SWEPT, endpoint_id)
