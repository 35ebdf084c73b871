"""Events as rows of the table `events`.

Narrowed by an entity's key they are found through an index in blocks of offsets: first the block,
then the key. An index by key alone has as many growing ends as there are entities, so each
insert would dirty a page of its own, and the cost of a commit would grow with the log
(docs/performance.md). A block's part of the index is a few pages that lie together; the price is
one look a block for a reader, a thousandth of the log's length.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from hub.model.event import JOBS, Event
from hub.stores.base import EventQuery

# Offsets of a block share their higher bits; the schema's index is made over the same expression.
_BLOCK_BITS = 10
# Blocks that one statement looks through at most.
_MOST_BLOCKS = 64
_COLUMNS = 'channel, "offset", id, type, at_us, owner, "key", tag, data, trace'
INTO = f"events ({_COLUMNS})"
# Where no event of a group has a trace, which the column's default says: 0.35 us an event less.
INTO_UNTRACED = f"events ({_COLUMNS.removesuffix(', trace')})"
_EVENT = f'SELECT {_COLUMNS} FROM events WHERE channel = ? AND "offset" = ?'  # noqa: S608 own words
_ENDS = "SELECT oldest, head FROM channels WHERE name = ?"
_OFFSETS = (
    'SELECT "offset" FROM json_each(?) AS block CROSS JOIN events '  # noqa: S608 own words
    f'ON channel = ? AND ("offset" >> {_BLOCK_BITS}) = block.value AND events."key" = ? '
    'WHERE "offset" BETWEEN ? AND ? ORDER BY "offset"'
)
# The index by owner is of the one channel whose events have owners; a value would not match it.
IS_JOBS = f"channel = '{JOBS}'"
_encode = msgspec.json.Encoder().encode

Row = tuple[str, int, str, str, int, str, str, str, bytes, str]


def rows(made: Sequence[Event]) -> tuple[str, Sequence[Sequence[Any]]]:
    """Return where rows go, and the rows: without a trace where no event has one."""
    for event in made:
        if event.trace:
            return INTO, [to_row(event) for event in made]
    return INTO_UNTRACED, [
        (e.channel, e.offset, e.id, e.type, e.at_us, e.owner, e.key, e.tag, e.data) for e in made
    ]


def to_row(event: Event) -> Row:
    """Return a whole row of `events`."""
    return (
        event.channel,
        event.offset,
        event.id,
        event.type,
        event.at_us,
        event.owner,
        event.key,
        event.tag,
        event.data,
        event.trace,
    )


def read(db: sqlite3.Connection, query: EventQuery) -> list[Event]:
    """Return a page, oldest first."""
    found: list[Event] = []
    size = 0
    rows = _by_offset(db, query) if query.key is None else _by_key(db, query, query.key)
    for row in rows:
        found.append(from_row(row))
        size += len(found[-1].data)
        if size >= query.max_bytes or len(found) == query.limit:
            break
    return found if query.after is not None else found[::-1]


def from_row(row: Row) -> Event:
    """Return the event of a row."""
    channel, offset, event_id, type_, at_us, owner, key, tag, data, trace = row
    return Event(channel, offset, event_id, type_, at_us, owner, data, key, tag, trace=trace)


def _by_offset(db: sqlite3.Connection, query: EventQuery) -> Iterator[Row]:
    wheres: list[str] = ["channel = ?"]
    values: list[Any] = [query.channel]
    if query.tag is not None:
        wheres.append("tag = ? AND tag <> ''")
        values.append(query.tag)
    if query.owner is not None:
        wheres.append("owner = ?")
        values.append(query.owner)
        if query.channel == JOBS:
            wheres.append(IS_JOBS)
    if query.after is not None:
        wheres.append('"offset" > ?')
        values.append(query.after)
    if query.before is not None:
        wheres.append('"offset" < ?')
        values.append(query.before)
    order = "DESC" if query.after is None else "ASC"
    sql = (
        f"SELECT {_COLUMNS} FROM events WHERE {' AND '.join(wheres)} "  # noqa: S608 own words only
        f'ORDER BY "offset" {order} LIMIT ?'
    )
    yield from db.execute(sql, [*values, query.limit])


def _by_key(db: sqlite3.Connection, query: EventQuery, key: str) -> Iterator[Row]:
    oldest, head = db.execute(_ENDS, (query.channel,)).fetchone() or (1, 0)
    first = max(oldest, (query.after or 0) + 1)
    last = head if query.before is None else min(head, query.before - 1)
    for blocks in _windows(first, last, newest_first=query.after is None):
        values = (_encode(blocks).decode(), query.channel, key, first, last)
        offsets = [offset for (offset,) in db.execute(_OFFSETS, values)]
        for offset in offsets if query.after is not None else reversed(offsets):
            row = db.execute(_EVENT, (query.channel, offset)).fetchone()
            # Retention may have taken it between the two statements.
            if row is None or query.tag not in {None, row[7]} or query.owner not in {None, row[5]}:
                continue
            yield row


def _windows(first: int, last: int, *, newest_first: bool) -> Iterator[list[int]]:
    """Yield the blocks of a range of offsets, more at a time the further the search goes."""
    blocks = range(first >> _BLOCK_BITS, (last >> _BLOCK_BITS) + 1) if first <= last else range(0)
    if newest_first:
        blocks = blocks[::-1]
    size = 1
    while blocks:
        yield list(blocks[:size])
        blocks = blocks[size:]
        size = min(2 * size, _MOST_BLOCKS)
