"""Finding an event by its id, without an index of ids.

Ids are UUIDv7: the milliseconds of the commit stand in them. Times never fall with the offset, so
in each channel the events of that millisecond lie together, and halving finds them in some twenty
looks. An index would cost every commit a page of its own; this costs who asks: 26 ms where 501
channels have events so new, one of them a million.
"""

import re
from typing import NamedTuple

_UUID7 = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# Both databases: the offset before the first event of the millisecond, and the last one's, of every
# channel that has events so new. A row that retention has just taken counts as too old.
_STATEMENT = """
WITH RECURSIVE search(name, at_us, low, high) AS (
    SELECT name, border.at_us, oldest - 1, head FROM channels
    CROSS JOIN (SELECT {begin} AS at_us UNION ALL SELECT {end}) AS border
    WHERE channels.at_us >= {begin} AND head >= oldest
    UNION ALL
    SELECT name, search.at_us,
        CASE WHEN coalesce(middle.at_us, 0) < search.at_us THEN (low + high + 1) / 2
            ELSE low END,
        CASE WHEN coalesce(middle.at_us, 0) < search.at_us THEN high
            ELSE (low + high + 1) / 2 - 1 END
    FROM search LEFT JOIN events AS middle
        ON middle.channel = name AND middle."offset" = (low + high + 1) / 2
    WHERE low < high
)
SELECT events.channel, events."offset", id, type, events.at_us, owner, "key", tag, data, trace
FROM search AS first
CROSS JOIN search AS last
CROSS JOIN events
WHERE first.low = first.high AND first.at_us = {begin}
    AND last.low = last.high AND last.at_us = {end} AND last.name = first.name
    AND events.channel = first.name AND events."offset" > first.low
    AND events."offset" <= last.low AND id = {id}
LIMIT 1
"""
SQLITE = _STATEMENT.format(begin="?1", end="?2", id="?3")
POSTGRES = _STATEMENT.format(begin="$1::bigint", end="$2::bigint", id="$3::text")


class Wanted(NamedTuple):
    """The values of the statements: the millisecond, from its begin to before its end, in us."""

    begin_us: int
    end_us: int
    event_id: str


def wanted(event_id: str) -> Wanted | None:
    """Return what to look for; None where it is no id of ours."""
    found = _UUID7.fullmatch(event_id)
    if found is None:
        return None
    begin_us = int(found[1] + found[2], 16) * 1000
    return Wanted(begin_us, begin_us + 1000, event_id)
