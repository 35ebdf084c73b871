"""What was held, sent or cancelled page by page, in the database."""

from msgspec.structs import replace

from hub.stores.clearing import Clear, Cleared
from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks import sweeping
from hub.stores.postgres.webhooks.making import heads, stored
from hub.stores.postgres.webhooks.part import LOCK, PostgresPart, columns
from hub.stores.webhook_moves import Waiting, cleared
from hub.stores.webhook_rows import HELD, delivery_of

_HELD = (
    f"SELECT {HELD} FROM webhook_deliveries AS d "  # noqa: S608 own words
    "JOIN webhook_bodies AS b ON b.event_id = d.event_id "
    "WHERE d.state = 'held' AND d.endpoint_id = $1 ORDER BY d.seq LIMIT $2"
)
_MOVE = (
    "UPDATE webhook_deliveries AS d SET state = made.state, due_us = made.due_us, "
    "reason = made.reason, ended_at_us = made.ended_at_us "
    "FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[]) "
    "AS made(seq, state, due_us, reason, ended_at_us) WHERE d.seq = made.seq"
)


class PostgresClearing(PostgresPart):
    """The deliveries that are held, for those who have them sent at last."""

    async def clear_held(self, clear: Clear) -> Cleared | None:
        """Send or cancel a page, as the endpoint's `clearing` says; None: it does not clear."""
        return await self._write(lambda c: _clear(c, clear))


async def _clear(connection: Connection, clear: Clear) -> Cleared | None:
    # Who dispatches has chosen by what the endpoint was: it is waited for, or sees the revision.
    await connection.execute(sweeping.WAIT_STATE)
    await connection.fetch(LOCK, [clear.endpoint_id])
    endpoint = await stored(connection, clear.endpoint_id)
    if endpoint is None or not endpoint.is_clearing:
        return None
    rows = await connection.fetch(_HELD, endpoint.id, clear.limit)
    held = [Waiting(delivery_of(tuple(row)[:-2]), *tuple(row)[-2:]) for row in rows]
    taken = await heads(connection, {(endpoint.id, one.delivery.lane) for one in held})
    moved = cleared(held, taken, endpoint, clear)
    changes = [(one.seq, one.state, one.due_us, one.reason, one.ended_at_us) for one in moved]
    await connection.execute(_MOVE, *columns(changes, 5))
    done = len(held) < clear.limit
    if done:
        revision = await connection.fetchval(sweeping.LOCK_STATE)
        after = replace(endpoint, clearing=None)
        await sweeping.store(connection, after, revision, was_active=True, now_us=clear.now_us)
    over = sum(one.state == "cancelled" for one in moved)
    return Cleared(len(moved) - over, over, done)
