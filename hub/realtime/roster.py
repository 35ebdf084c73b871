"""The roster of one node: what of its connections operators may see."""

from bisect import bisect_left
from collections.abc import Sequence

from hub.errors import HubError
from hub.model.principal import NOBODY
from hub.model.roster import MAX_SUBSCRIPTIONS, Entry, Followed, Names, Part, Query, bounded
from hub.realtime.connection import Connection
from hub.realtime.connections import Connections
from hub.realtime.filters import OWNER, Filter, Scalar
from hub.realtime.view import View
from hub.realtime.volatile import VolatileSubscription

# Of a filter that is shown: a client may write down far more.
_MAX_VALUES = 10
_MAX_LETTERS = 80


class Roster:
    """Tells who is connected to this node, and sends somebody away."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def part(self, query: Query) -> Part:
        """Return this node's page. Who searches has every connection looked at: 1 us each."""
        there = self._connections.open()
        found = there if _asks_for_all(query) else [one for one in there if _matches(one, query)]
        # They lie in the order of their places.
        end = len(found)
        if query.before is not None:
            end = bisect_left(found, query.before, key=_place)
        page = found[max(0, end - query.limit) : end][::-1]
        entries, whole = bounded(map(entry_of, page))
        return Part(len(found), entries, more=not whole or len(page) < end)

    def close(self, client_id: str, failure: HubError) -> Entry | None:
        """Close a connection for a reason; return what it was, None: it is not here."""
        for connection in self._connections.open():
            if connection.client_id == client_id:
                entry = entry_of(connection)
                self._connections.end(connection, failure)
                return entry
        return None


def entry_of(connection: Connection) -> Entry:
    """Return what is told of a connection."""
    channels = sorted(connection.subscriptions)
    return Entry(
        connection.opened_us,
        connection.client_id,
        _who(connection),
        connection.protocol,
        connection.client,
        connection.address,
        connection.sink.buffered(),
        connection.written,
        len(channels),
        [_followed(connection, channel) for channel in channels[:MAX_SUBSCRIPTIONS]],
    )


def _place(connection: Connection) -> tuple[int, str]:
    return connection.opened_us, connection.client_id


def _asks_for_all(query: Query) -> bool:
    return not (query.search or query.principal or query.channel or query.behind)


def _matches(connection: Connection, query: Query) -> bool:
    if query.principal and query.principal != _who(connection):
        return False
    if query.channel and query.channel not in connection.subscriptions:
        return False
    if query.behind and not _is_behind(connection, query.behind):
        return False
    return not query.search or _is_named(connection, query.search)


def _is_behind(connection: Connection, events: int) -> bool:
    # Who is live is behind nothing, and most are.
    return any(
        one.mode != "live" and one.behind >= events for one in connection.subscriptions.values()
    )


def _is_named(connection: Connection, search: str) -> bool:
    return (
        search in _who(connection).lower()
        or search in connection.client_id
        or search in connection.client.lower()
    )


def _who(connection: Connection) -> str:
    return "" if connection.principal is NOBODY else connection.principal.name


def _followed(connection: Connection, channel: str) -> Followed:
    one = connection.subscriptions[channel]
    conflate = one.view.conflate
    return Followed(
        channel,
        None if isinstance(one, VolatileSubscription) else one.offset,
        one.behind,
        one.mode,
        _where(one.view),
        "" if conflate is None else conflate.key,
        0.0 if conflate is None else conflate.max_hz,
    )


def _where(view: View) -> Names | None:
    """Return what a client has written down itself, and not what its rights have added."""
    if view.where is None:
        return None
    return {name[:_MAX_LETTERS]: values for name, values in _asked(view.where)} or None


def _asked(where: Filter) -> Sequence[tuple[str, Sequence[Scalar]]]:
    return [
        (name, [_cut(value) for _, value in sorted(words, key=repr)[:_MAX_VALUES]])
        for name, words in where.fields
        if name != OWNER
    ]


def _cut(value: Scalar) -> Scalar:
    return value[:_MAX_LETTERS] if isinstance(value, str) else value
