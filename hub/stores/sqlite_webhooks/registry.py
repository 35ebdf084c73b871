"""The registry in memory: each endpoint is decoded once a change, whoever asks how often."""

import sqlite3
from collections.abc import Mapping

from hub.model.endpoint import Endpoint, Registry
from hub.stores.webhook_rows import endpoint_of

_REVISION = "SELECT revision FROM webhook_state"
# One statement, so that all of it is of one revision.
_ALL = (
    "SELECT revision, removed, id, live, document FROM webhook_state "
    "LEFT JOIN webhook_endpoints ON live = 1"
)
_CHANGED = (
    "SELECT revision, removed, id, live, document FROM webhook_state "
    "LEFT JOIN webhook_endpoints ON changed > ?"
)


class Book:
    """What was read last; several threads may ask, and each gets what its connection sees."""

    def __init__(self) -> None:
        self._known: tuple[Registry, Mapping[str, Endpoint]] = (Registry(-1, ()), {})

    def registry(self, db: sqlite3.Connection) -> Registry:
        """Return all that events may go to."""
        return self._refreshed(db)[0]

    def read(self, db: sqlite3.Connection) -> Mapping[str, Endpoint]:
        """Return the same by id."""
        return self._refreshed(db)[1]

    def _refreshed(self, db: sqlite3.Connection) -> tuple[Registry, Mapping[str, Endpoint]]:
        known = self._known
        (revision,) = db.execute(_REVISION).fetchone()
        if revision == known[0].revision:
            return known
        found = _changed(db, known) or _all(db)
        self._known = found
        return found


def _changed(
    db: sqlite3.Connection, known: tuple[Registry, Mapping[str, Endpoint]]
) -> tuple[Registry, Mapping[str, Endpoint]] | None:
    """Return what was known with what has changed since; None: that does not do."""
    before = known[0].revision
    if before < 0:
        return None
    rows = db.execute(_CHANGED, (before,)).fetchall()
    revision, removed = rows[0][:2]
    if removed > before or revision < before:  # the second: another database was put in its place
        return None
    endpoints = dict(known[1])
    for _, _, endpoint_id, live, document in rows:
        if live:
            endpoints[endpoint_id] = endpoint_of(document)
        else:
            endpoints.pop(endpoint_id, None)
    return Registry(revision, tuple(endpoints.values())), endpoints


def _all(db: sqlite3.Connection) -> tuple[Registry, Mapping[str, Endpoint]]:
    rows = db.execute(_ALL).fetchall()
    endpoints = {row[2]: endpoint_of(row[4]) for row in rows if row[2] is not None}
    return Registry(rows[0][0], tuple(endpoints.values())), endpoints
