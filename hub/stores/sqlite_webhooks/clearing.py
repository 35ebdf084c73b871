"""What was held, sent or cancelled page by page, in the data file."""

import sqlite3
from functools import partial

from msgspec.structs import replace

from hub.stores.clearing import Clear, Cleared
from hub.stores.sqlite_webhooks import sweeping
from hub.stores.sqlite_webhooks.making import heads, stored
from hub.stores.sqlite_webhooks.part import SqlitePart
from hub.stores.webhook_moves import Waiting, cleared
from hub.stores.webhook_rows import HELD, delivery_of, text_of

_HELD = (
    f"SELECT {HELD} FROM webhook_deliveries AS d INDEXED BY webhook_unsent "  # noqa: S608 own words
    "CROSS JOIN webhook_bodies AS b ON b.event_id = d.event_id "
    "WHERE d.state = 'held' AND d.endpoint_id = ? ORDER BY d.seq LIMIT ?"
)
_FIELDS = ("state", "due_us", "reason", "ended_at_us")
_MOVE = (
    "UPDATE webhook_deliveries SET "  # noqa: S608 own words
    + ", ".join(f"{name} = json_extract(value, '$[{n}]')" for n, name in enumerate(_FIELDS, 1))
    + " FROM (SELECT value FROM json_each(?)) AS made WHERE seq = json_extract(value, '$[0]')"
)


class SqliteClearing(SqlitePart):
    """The deliveries that are held, for those who have them sent at last."""

    async def clear_held(self, clear: Clear) -> Cleared | None:
        """Send or cancel a page, as the endpoint's `clearing` says; None: it does not clear."""
        return await self._write(partial(_clear, clear=clear), clear.limit)


def _clear(db: sqlite3.Connection, clear: Clear) -> Cleared | None:
    endpoint = stored(db, clear.endpoint_id)
    if endpoint is None or not endpoint.is_clearing:
        return None
    rows = db.execute(_HELD, (endpoint.id, clear.limit)).fetchall()
    held = [Waiting(delivery_of(row[:-2]), *row[-2:]) for row in rows]
    taken = heads(db, {(endpoint.id, one.delivery.lane) for one in held})
    moved = cleared(held, taken, endpoint, clear)
    changes = [(one.seq, *(getattr(one, name) for name in _FIELDS)) for one in moved]
    db.execute(_MOVE, (text_of(changes),))
    done = len(held) < clear.limit
    if done:
        after = replace(endpoint, clearing=None)
        sweeping.store(db, after, was_active=True, now_us=clear.now_us)
    over = sum(one.state == "cancelled" for one in moved)
    return Cleared(len(moved) - over, over, done)
