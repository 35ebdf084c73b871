"""Endpoints and callbacks in the data file."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from hub.model.endpoint import Endpoint, Health, Registry
from hub.stores.sqlite import insert
from hub.stores.sqlite_webhooks import sweeping
from hub.stores.sqlite_webhooks.part import SqlitePart
from hub.stores.webhook_rows import endpoint_of, health_of, health_text

Decide = Callable[[Endpoint, Health], tuple[Endpoint, Health]]

_STARTS = (
    "SELECT name, head FROM channels LEFT JOIN webhook_cursors ON channel = name "
    "WHERE head > coalesce(at_offset, 0)"
)
_BOTH = (
    "SELECT e.document, h.document FROM webhook_endpoints AS e "
    "LEFT JOIN webhook_health AS h ON h.endpoint_id = e.id "
)
_ONE = f"{_BOTH} WHERE e.id = ? AND e.state <> 'removed'"
_CALLBACKS = (
    "SELECT document FROM webhook_endpoints INDEXED BY webhook_callbacks "
    "WHERE callback_kind = ? AND callback_subject = ? AND state <> 'removed' "
    "ORDER BY created_at_us, id LIMIT ?"
)
INTO_HEALTH = "webhook_health (endpoint_id, document)"
REPLACE_HEALTH = "ON CONFLICT (endpoint_id) DO UPDATE SET document = excluded.document"


class SqliteEndpoints(SqlitePart):
    """Endpoints and callbacks: the second are endpoints for one end."""

    async def add_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Keep an endpoint; return it with its `starts`."""
        return await self._write(partial(_add, endpoint=endpoint, now_us=self._clock.now_us()))

    async def endpoint(self, endpoint_id: str) -> tuple[Endpoint, Health] | None:
        """Return an endpoint and its health, or None."""
        return await self._threads.read(partial(_find, endpoint_id=endpoint_id))

    async def endpoints(
        self, limit: int, before: tuple[int, str] | None = None, owner: str | None = None
    ) -> Sequence[tuple[Endpoint, Health]]:
        """Return a page, newest first, without callbacks."""
        where = "WHERE callback_kind IS NULL AND e.state <> 'removed'"
        values: list[object] = []
        if owner is not None:
            where += " AND owner = ?"
            values.append(owner)
        if before is not None:
            where += " AND (created_at_us, id) < (?, ?)"
            values += before
        sql = f"{_BOTH} {where} ORDER BY created_at_us DESC, id DESC LIMIT ?"
        rows = await self._rows(sql, (*values, limit))
        return [(endpoint_of(document), health_of(health)) for document, health in rows]

    async def callbacks(self, kind: str, subject: str, limit: int) -> Sequence[Endpoint]:
        """Return the callbacks of one resource, oldest first."""
        rows = await self._rows(_CALLBACKS, (kind, subject, limit))
        return [endpoint_of(document) for (document,) in rows]

    async def change_endpoint(self, endpoint_id: str, decide: Decide) -> Endpoint | None:
        """Change one as `decide` says, which nobody else does meanwhile."""
        await self._sweep(endpoint_id)
        work = partial(_change, endpoint_id=endpoint_id, decide=decide, now_us=self._clock.now_us())
        changed = await self._write(work)
        while changed is _UNSWEPT:
            await self._sweep(endpoint_id)
            changed = await self._write(work)
        await self._sweep(endpoint_id)
        return changed if isinstance(changed, Endpoint) else None

    async def remove_endpoint(self, endpoint_id: str) -> bool:
        """Remove one; its open deliveries are cancelled, its records stay."""
        now_us = self._clock.now_us()
        removed = await self._write(
            partial(sweeping.remove, endpoint_id=endpoint_id, now_us=now_us)
        )
        await self._sweep(endpoint_id)
        return removed

    async def registry(self, known: Registry | None = None) -> Registry:
        """Return all that events may go to; the same object where nothing has changed."""
        found = await self._threads.look("registry", self._book.registry)
        return known if known is not None and known.revision == found.revision else found


# In place of an endpoint that somebody else has paused meanwhile, with much that was open.
_UNSWEPT = object()


def _add(db: sqlite3.Connection, endpoint: Endpoint, now_us: int) -> Endpoint:
    starts = dict(db.execute(_STARTS).fetchall())
    endpoint = replace(endpoint, starts=starts)
    sweeping.store(db, endpoint, was_active=False, now_us=now_us)
    return endpoint


def _change(
    db: sqlite3.Connection, endpoint_id: str, decide: Decide, now_us: int
) -> Endpoint | object | None:
    found = _find(db, endpoint_id)
    if found is None:
        return None
    if sweeping.is_unswept(db, endpoint_id):
        return _UNSWEPT
    endpoint, health = decide(*found)
    insert(db, INTO_HEALTH, [(endpoint_id, health_text(health))], REPLACE_HEALTH)
    sweeping.store(db, endpoint, was_active=found[0].state == "active", now_us=now_us)
    return endpoint


def _find(db: sqlite3.Connection, endpoint_id: str) -> tuple[Endpoint, Health] | None:
    row = db.execute(_ONE, (endpoint_id,)).fetchone()
    return None if row is None else (endpoint_of(row[0]), health_of(row[1]))
