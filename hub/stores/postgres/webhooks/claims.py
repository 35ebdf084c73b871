"""Leasing what is due, from the database.

Lanes are chosen without a lock, from one endpoint with due deliveries to the next; then those
chosen are locked, `allot` is asked again with what stands then, and as many are leased. A claim
that finds nothing writes nothing.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple

from hub.model.delivery import Body, Delivery
from hub.model.endpoint import Endpoint
from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks import sweeping
from hub.stores.postgres.webhooks.endpoints import KEEP_HEALTHS
from hub.stores.postgres.webhooks.part import LOCK, PostgresPart, columns, move_up
from hub.stores.postgres.webhooks.queue import GIVE_BACK
from hub.stores.webhook_rows import BODY, DELIVERY, delivery_of, health_of, health_text
from hub.stores.webhooks import Claim, Lane, Leased

# Lanes that `allot` is asked about at a time.
_LANES = 64
_DUE = """
WITH RECURSIVE lane AS (
    (SELECT endpoint_id, due_us FROM webhook_deliveries
        WHERE state = 'pending' AND endpoint_id > $1 ORDER BY endpoint_id, due_us LIMIT 1)
    UNION ALL
    SELECT next.endpoint_id, next.due_us FROM lane, LATERAL (
        SELECT endpoint_id, due_us FROM webhook_deliveries
        WHERE state = 'pending' AND endpoint_id > lane.endpoint_id
        ORDER BY endpoint_id, due_us LIMIT 1) AS next
)
SELECT endpoint_id FROM lane WHERE due_us <= $2 LIMIT $3
"""
_LANE = """
SELECT wanted.id, health.document,
    (SELECT count(*) FROM webhook_deliveries AS d
        WHERE d.state = 'sending' AND d.endpoint_id = wanted.id),
    (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries AS d
        WHERE d.state = 'pending' AND d.endpoint_id = wanted.id AND d.due_us <= $2 LIMIT $3) AS due)
FROM unnest($1::text[]) WITH ORDINALITY AS wanted(id, n)
LEFT JOIN webhook_health AS health ON health.endpoint_id = wanted.id ORDER BY wanted.n
"""
# Of those of two lanes that are due at the same time, the one made first.
_LEASE = f"""
WITH free AS (
    SELECT d.seq FROM unnest($1::text[], $2::bigint[]) AS granted(id, take), LATERAL (
        SELECT seq, due_us FROM webhook_deliveries
        WHERE state = 'pending' AND endpoint_id = granted.id AND due_us <= $3
        ORDER BY due_us, seq LIMIT granted.take FOR UPDATE SKIP LOCKED) AS d
    ORDER BY d.due_us, d.seq LIMIT $4
)
UPDATE webhook_deliveries SET state = 'sending', token = token + 1, worker = $5,
    lease_until_us = $6
WHERE seq IN (SELECT seq FROM free) RETURNING {DELIVERY}
"""  # noqa: S608 own words
_LAPSED = (
    "SELECT DISTINCT endpoint_id FROM webhook_deliveries "
    "WHERE state = 'sending' AND lease_until_us <= $1"
)
_LAPSE = GIVE_BACK.format(
    due="due_us", which="WHERE d.lease_until_us <= $1 AND d.endpoint_id = ANY($2::text[])"
)
_BODIES = f"SELECT {BODY} FROM webhook_bodies WHERE event_id = ANY($1::text[])"  # noqa: S608 own words


class _Taken(NamedTuple):
    """What was leased, and to where it goes."""

    deliveries: Sequence[Delivery]
    endpoints: Mapping[str, Endpoint]


class PostgresClaims(PostgresPart):
    """The deliveries, for those who send them."""

    async def claim(self, claim: Claim) -> Sequence[Leased]:
        """Lease what is due, in the order in which it is due."""
        await self._tidy(claim.now_us)
        chosen = await self._database.again(lambda c: self._choose(c, claim))
        if not chosen:
            return ()
        taken = await self._write(lambda c: self._take(c, claim, chosen))
        wanted = list({delivery.event_id for delivery in taken.deliveries})
        rows = await self._rows(_BODIES, wanted) if wanted else []
        bodies = {row[0]: Body(*row) for row in rows}
        return [
            Leased(delivery, taken.endpoints[delivery.endpoint_id], bodies[delivery.event_id])
            for delivery in taken.deliveries
        ]

    async def _tidy(self, now_us: int) -> None:
        """Make pending again what was leased for too long; go on with what a crash cut short."""

        async def look(connection: Connection) -> tuple[list[str], str | None]:
            rows = await connection.fetch(_LAPSED, now_us)
            return [row[0] for row in rows], await sweeping.unswept(connection)

        lapsed, unswept = await self._database.again(look)
        if lapsed:
            await self._write(lambda c: _lapse(c, now_us, lapsed))
        if unswept is not None:
            await self._write(lambda c: sweeping.sweep(c, unswept, now_us))

    async def _choose(self, connection: Connection, claim: Claim) -> list[str]:
        """Return endpoints in turn, from which as many may be leased as are asked for."""
        endpoints = await self._book.read(connection)
        chosen: list[str] = []
        left = claim.limit
        async for wanted in _turns(connection, claim):
            lanes = await _lanes(connection, wanted, endpoints, claim)
            due = {lane.endpoint.id: lane.due for lane in lanes}
            for grant in claim.allot(lanes):
                if left > 0 and grant.take > 0:
                    chosen.append(grant.endpoint_id)
                    left -= min(grant.take, due[grant.endpoint_id])
            if left <= 0:
                break
        return chosen

    async def _take(self, connection: Connection, claim: Claim, chosen: list[str]) -> _Taken:
        """Lease from those chosen, as many as `allot` gives now that nobody else may."""
        await connection.fetch(LOCK, chosen)
        endpoints = await self._book.read(connection)
        lanes = await _lanes(connection, chosen, endpoints, claim)
        grants = {grant.endpoint_id: grant for grant in claim.allot(lanes) if grant.take > 0}
        takes = [(name, grant.take) for name, grant in grants.items()]
        limits = (claim.now_us, claim.limit, claim.worker, claim.until_us)
        rows = await connection.fetch(_LEASE, *columns(takes, 2), *limits) if takes else []
        taken = [delivery_of(row) for row in rows]
        served = {delivery.endpoint_id for delivery in taken}
        healths = [(name, health_text(grants[name].health)) for name in served]
        if healths:
            await connection.execute(KEEP_HEALTHS, *columns(healths, 2))
        return _Taken(sorted(taken, key=lambda one: (one.due_us, one.seq)), endpoints)


async def _turns(connection: Connection, claim: Claim) -> AsyncIterator[list[str]]:
    """Yield the endpoints with due deliveries, those behind the one served last first."""
    for start, goes_on in ((claim.after, True), ("", False)):
        last = start
        while rows := await connection.fetch(_DUE, last, claim.now_us, _LANES):
            last = rows[-1][0]
            found = [row[0] for row in rows if goes_on or row[0] <= claim.after]
            if found:
                yield found
            if len(rows) < _LANES or len(found) < len(rows):
                break


async def _lanes(
    connection: Connection,
    wanted: Sequence[str],
    endpoints: Mapping[str, Endpoint],
    claim: Claim,
) -> list[Lane]:
    active = [name for name in wanted if name in endpoints and endpoints[name].state == "active"]
    rows = await connection.fetch(_LANE, active, claim.now_us, claim.limit)
    return [
        Lane(endpoints[name], health_of(document), sending, due)
        for name, document, sending, due in rows
        if due
    ]


async def _lapse(connection: Connection, now_us: int, endpoint_ids: list[str]) -> None:
    await connection.fetch(LOCK, endpoint_ids)
    rows = await connection.fetch(_LAPSE, now_us, endpoint_ids)
    await move_up(connection, [(row[0], row[1]) for row in rows if row[2] == "held"])
