"""A page of one endpoint's deliveries, found block by block; see the schema for why."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from hub.stores.webhook_rows import DELIVERED, FIRST, SKEW_US, check, text_of
from hub.stores.webhooks import DeliveryQuery

# Deliveries of a block share their higher bits, by which the schema's index is made.
_BLOCK_BITS = 12
# Blocks that one statement looks through at most.
_MOST_BLOCKS = 64
# Asked for both at once, SQLite would read every row.
_ENDS = (
    "SELECT coalesce((SELECT min(seq) FROM webhook_deliveries), 1), "
    "coalesce((SELECT max(seq) FROM webhook_deliveries), 0)"
)
_FOUND = (
    "SELECT seq, state, created_at_us FROM (SELECT value FROM json_each(?)) AS block "  # noqa: S608 own words
    "CROSS JOIN webhook_deliveries INDEXED BY webhook_deliveries_by_endpoint "
    f"ON (seq >> {_BLOCK_BITS}) = block.value AND endpoint_id = ? "
    "WHERE seq BETWEEN ? AND ? ORDER BY seq {} LIMIT ?"
)
_ROWS = f"{DELIVERED} WHERE d.seq IN (SELECT value FROM json_each(?)) ORDER BY d.seq {{}}"  # noqa: S608 own words


def fits(query: DeliveryQuery) -> bool:
    """Whether no better index is there: not of an event, nor of states that few are in."""
    if query.endpoint_id is None or query.event_id is not None:
        return False
    return not query.states or "delivered" in query.states


def read(db: sqlite3.Connection, query: DeliveryQuery) -> list[Any]:
    """Return the rows of a page, in its order.

    Raises:
        ValueError: See `check`.
    """
    check(query)
    found: list[int] = []
    first, last = _ends(db, query)
    newest_first = query.after is None
    way = "DESC" if newest_first else "ASC"
    for blocks in _windows(first, last, newest_first=newest_first):
        low, high = first, last
        while len(found) < query.limit:
            values = (text_of(blocks), query.endpoint_id, low, high, query.limit)
            rows = db.execute(_FOUND.format(way), values).fetchall()
            found += [seq for seq, *rest in rows if _is_wanted(query, *rest)]
            if len(rows) < query.limit:
                break
            low, high = (low, rows[-1][0] - 1) if newest_first else (rows[-1][0] + 1, high)
        if len(found) >= query.limit:
            break
    return db.execute(_ROWS.format(way), (text_of(found[: query.limit]),)).fetchall()


def _ends(db: sqlite3.Connection, query: DeliveryQuery) -> tuple[int, int]:
    first, last = db.execute(_ENDS).fetchone()
    if query.before is not None:
        last = min(last, query.before - 1)
    if query.after is not None:
        first = max(first, query.after + 1)
    if query.since_us is not None:
        row = db.execute(FIRST.format("?"), (query.since_us - SKEW_US,)).fetchone()
        first = last + 1 if row is None else max(first, row[0])
    return first, last


def _is_wanted(query: DeliveryQuery, state: str, created_at_us: int) -> bool:
    young = query.since_us is None or created_at_us >= query.since_us
    return young and (not query.states or state in query.states)


def _windows(first: int, last: int, *, newest_first: bool) -> Iterator[list[int]]:
    """Yield the blocks of a range, more at a time the further the search goes."""
    blocks = range(first >> _BLOCK_BITS, (last >> _BLOCK_BITS) + 1) if first <= last else range(0)
    if newest_first:
        blocks = blocks[::-1]
    size = 1
    while blocks:
        yield list(blocks[:size])
        blocks = blocks[size:]
        size = min(2 * size, _MOST_BLOCKS)
