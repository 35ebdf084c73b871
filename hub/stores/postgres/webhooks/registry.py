"""The registry in memory: each endpoint is decoded once a change, whoever asks how often."""

from collections.abc import Mapping

from hub.model.endpoint import Endpoint, Registry
from hub.stores.postgres.database import Connection
from hub.stores.webhook_rows import endpoint_of

_REVISION = "SELECT revision FROM webhook_state"
# One statement, so that all of it is of one revision.
_ALL = (
    "SELECT revision, removed, id, live, document FROM webhook_state "
    "LEFT JOIN webhook_endpoints ON live = 1"
)
_CHANGED = (
    "SELECT revision, removed, id, live, document FROM webhook_state "
    "LEFT JOIN webhook_endpoints ON changed > $1"
)
Known = tuple[Registry, Mapping[str, Endpoint]]


class Book:
    """What was read last; several connections may ask, and each gets what it sees.

    Nobody asks in a transaction that has changed an endpoint: it may yet be undone.
    """

    def __init__(self) -> None:
        self._known: Known = (Registry(-1, ()), {})

    async def registry(self, connection: Connection) -> Registry:
        """Return all that events may go to."""
        return (await self._refreshed(connection))[0]

    async def read(self, connection: Connection) -> Mapping[str, Endpoint]:
        """Return the same by id."""
        return (await self._refreshed(connection))[1]

    async def _refreshed(self, connection: Connection) -> Known:
        known = self._known
        revision = await connection.fetchval(_REVISION)
        if revision == known[0].revision:
            return known
        found = await _changed(connection, known) or await _all(connection)
        if found[0].revision >= self._known[0].revision or revision < known[0].revision:
            self._known = found
        return found


async def _changed(connection: Connection, known: Known) -> Known | None:
    """Return what was known with what has changed since; None: that does not do."""
    before = known[0].revision
    if before < 0:
        return None
    rows = await connection.fetch(_CHANGED, before)
    revision, removed = rows[0]["revision"], rows[0]["removed"]
    if removed > before or revision < before:  # the second: another database was put in its place
        return None
    endpoints = dict(known[1])
    for _, _, endpoint_id, live, document in rows:
        if live:
            endpoints[endpoint_id] = endpoint_of(document)
        else:
            endpoints.pop(endpoint_id, None)
    return Registry(revision, tuple(endpoints.values())), endpoints


async def _all(connection: Connection) -> Known:
    rows = await connection.fetch(_ALL)
    endpoints = {row["id"]: endpoint_of(row["document"]) for row in rows if row["id"] is not None}
    return Registry(rows[0]["revision"], tuple(endpoints.values())), endpoints
