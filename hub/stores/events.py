"""Events as rows of the table `events`."""

from typing import Any

from hub.model.event import Event
from hub.stores.base import EventQuery

_COLUMNS = 'channel, "offset", id, type, at_us, owner, "key", tag, data'

Row = tuple[str, int, str, str, int, str, str, str, bytes]


def to_row(event: Event) -> Row:
    """Return a row of `events`."""
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
    )


def from_row(row: Row) -> Event:
    """Return the event of a row of `select`."""
    channel, offset, event_id, type_, at_us, owner, key, tag, data = row
    return Event(channel, offset, event_id, type_, at_us, owner, data, key, tag)


def select(query: EventQuery) -> tuple[str, list[Any], bool]:
    """Return the statement of a page, its values, and whether its rows come newest first."""
    wheres: list[str] = ["channel = ?"]
    values: list[Any] = [query.channel]
    if query.key is not None:
        wheres.append('"key" = ?')
        values.append(query.key)
    if query.tag is not None:
        wheres.append("tag = ? AND tag <> ''")
        values.append(query.tag)
    newest_first = query.after is None
    if query.after is not None:
        wheres.append('"offset" > ?')
        values.append(query.after)
    if query.before is not None:
        wheres.append('"offset" < ?')
        values.append(query.before)
    order = "DESC" if newest_first else "ASC"
    sql = (
        f"SELECT {_COLUMNS} FROM events WHERE {' AND '.join(wheres)} "  # noqa: S608 own words only
        f'ORDER BY "offset" {order} LIMIT ?'
    )
    return sql, [*values, query.limit], newest_first
