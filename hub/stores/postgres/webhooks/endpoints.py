"""Endpoints and callbacks in the database."""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from hub.model.endpoint import Endpoint, Health, Registry
from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks import sweeping
from hub.stores.postgres.webhooks.part import LOCK, PostgresPart, marks
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
_ONE = f"{_BOTH} WHERE e.id = $1 AND e.state <> 'removed'"
_CALLBACKS = (
    "SELECT document FROM webhook_endpoints WHERE callback_kind = $1 AND callback_subject = $2 "
    "AND state <> 'removed' ORDER BY created_at_us, id LIMIT $3"
)
_ADD_HEALTH = (
    "INSERT INTO webhook_health (endpoint_id, document) VALUES ($1, '{}') "
    "ON CONFLICT (endpoint_id) DO NOTHING"
)
KEEP_HEALTHS = (
    "UPDATE webhook_health SET document = made.document "
    "FROM unnest($1::text[], $2::text[]) AS made(endpoint_id, document) "
    "WHERE webhook_health.endpoint_id = made.endpoint_id"
)


class PostgresEndpoints(PostgresPart):
    """Endpoints and callbacks: the second are endpoints for one end."""

    async def add_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Keep an endpoint; return it with its `starts`."""
        return await self._write(lambda c: _add(c, endpoint, self._clock.now_us()))

    async def endpoint(self, endpoint_id: str) -> tuple[Endpoint, Health] | None:
        """Return an endpoint and its health, or None."""
        return await self._database.again(lambda c: _find(c, endpoint_id))

    async def endpoints(
        self, limit: int, before: tuple[int, str] | None = None, owner: str | None = None
    ) -> Sequence[tuple[Endpoint, Health]]:
        """Return a page, newest first, without callbacks."""
        values, mark = marks()
        where = "WHERE callback_kind IS NULL AND e.state <> 'removed'"
        if owner is not None:
            where += f" AND owner = {mark(owner)}"
        if before is not None:
            where += f" AND (created_at_us, id) < ({mark(before[0])}, {mark(before[1])})"
        sql = f"{_BOTH} {where} ORDER BY created_at_us DESC, id DESC LIMIT {mark(limit)}"
        rows = await self._rows(sql, *values)
        return [(endpoint_of(document), health_of(health)) for document, health in rows]

    async def callbacks(self, kind: str, subject: str, limit: int) -> Sequence[Endpoint]:
        """Return the callbacks of one resource, oldest first."""
        rows = await self._rows(_CALLBACKS, kind, subject, limit)
        return [endpoint_of(document) for (document,) in rows]

    async def change_endpoint(self, endpoint_id: str, decide: Decide) -> Endpoint | None:
        """Change one as `decide` says, which nobody else does meanwhile."""
        # Who asks for what is not there moves no revision.
        while await self.endpoint(endpoint_id) is not None:
            await self._sweep(endpoint_id)
            work = partial(
                _change, endpoint_id=endpoint_id, decide=decide, now_us=self._clock.now_us()
            )
            done, changed = await self._write(work)
            if done:
                await self._sweep(endpoint_id)
                return changed
        return None

    async def remove_endpoint(self, endpoint_id: str) -> bool:
        """Remove one; its open deliveries are cancelled, its records stay."""
        if await self.endpoint(endpoint_id) is None:
            return False
        now_us = self._clock.now_us()
        removed = await self._write(lambda c: sweeping.remove(c, endpoint_id, now_us))
        await self._sweep(endpoint_id)
        return removed

    async def registry(self, known: Registry | None = None) -> Registry:
        """Return all that events may go to; the same object where nothing has changed."""
        found = await self._database.again(self._book.registry)
        return known if known is not None and known.revision == found.revision else found


async def _add(connection: Connection, endpoint: Endpoint, now_us: int) -> Endpoint:
    # First, for what is dispatched until then is what the cursors will tell.
    revision = await connection.fetchval(sweeping.LOCK_STATE)
    starts = dict(map(tuple, await connection.fetch(_STARTS)))
    endpoint = replace(endpoint, starts=starts)
    await connection.execute(_ADD_HEALTH, endpoint.id)
    await sweeping.store(connection, endpoint, revision, was_active=False, now_us=now_us)
    return endpoint


async def _change(
    connection: Connection, endpoint_id: str, decide: Decide, now_us: int
) -> tuple[bool, Endpoint | None]:
    """Return whether it is done; it is not where somebody else has just begun to hold much."""
    revision = await connection.fetchval(sweeping.LOCK_STATE)
    await connection.fetch(LOCK, [endpoint_id])
    found = await _find(connection, endpoint_id)
    if found is None:
        return True, None
    if await sweeping.is_unswept(connection, endpoint_id):
        return False, None
    endpoint, health = decide(*found)
    await connection.execute(KEEP_HEALTHS, [endpoint_id], [health_text(health)])
    was_active = found[0].state == "active"
    await sweeping.store(connection, endpoint, revision, was_active=was_active, now_us=now_us)
    return True, endpoint


async def _find(connection: Connection, endpoint_id: str) -> tuple[Endpoint, Health] | None:
    row = await connection.fetchrow(_ONE, endpoint_id)
    return None if row is None else (endpoint_of(row[0]), health_of(row[1]))
