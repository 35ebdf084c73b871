"""Leasing what is due, from the data file.

What to lease is chosen on a reader thread, from one endpoint with due deliveries to the next; the
writer only looks whether it still holds. So a claim costs ingest as much as it leases, whatever
waits, and one that finds nothing does not write.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from hub.model.delivery import Body, Delivery
from hub.model.endpoint import Endpoint
from hub.stores.sqlite import insert
from hub.stores.sqlite_webhooks import sweeping
from hub.stores.sqlite_webhooks.endpoints import INTO_HEALTH, REPLACE_HEALTH
from hub.stores.sqlite_webhooks.part import SqlitePart, move_up
from hub.stores.webhook_rows import BODY, DELIVERY, delivery_of, health_of, health_text, text_of
from hub.stores.webhooks import Claim, Grant, Lane, Leased

# Lanes that `allot` is asked about at a time.
_LANES = 64
_DUE = """
WITH RECURSIVE lane(endpoint_id, due_us) AS (
    SELECT ?1, NULL
    UNION ALL
    SELECT d.endpoint_id, d.due_us FROM lane CROSS JOIN webhook_deliveries AS d
    WHERE d.seq = (
        SELECT seq FROM webhook_deliveries INDEXED BY webhook_pending
        WHERE state = 'pending' AND endpoint_id > lane.endpoint_id
        ORDER BY endpoint_id, due_us LIMIT 1)
)
SELECT endpoint_id FROM lane WHERE due_us <= ?2
"""
_LANE = """
SELECT wanted.value, health.document,
    (SELECT count(*) FROM webhook_deliveries INDEXED BY webhook_sending
        WHERE state = 'sending' AND endpoint_id = wanted.value),
    (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries INDEXED BY webhook_pending
        WHERE state = 'pending' AND endpoint_id = wanted.value AND due_us <= ?2 LIMIT ?3))
FROM (SELECT value FROM json_each(?1)) AS wanted
LEFT JOIN webhook_health AS health ON endpoint_id = wanted.value
"""
_FIRST = (
    "SELECT seq FROM webhook_deliveries INDEXED BY webhook_pending "
    "WHERE state = 'pending' AND endpoint_id = ? AND due_us <= ? ORDER BY due_us, seq LIMIT ?"
)
_STILL = (
    f"SELECT {DELIVERY} FROM (SELECT value FROM json_each(?)) AS wanted "  # noqa: S608 own words
    "CROSS JOIN webhook_deliveries ON seq = wanted.value "
    "WHERE state = 'pending' AND due_us <= ? ORDER BY due_us, seq"
)
_LEASE = (
    "UPDATE webhook_deliveries SET state = 'sending', token = token + 1, worker = ?, "
    "lease_until_us = ? WHERE seq IN (SELECT value FROM json_each(?))"
)
_LAPSED = (
    "SELECT 1 FROM webhook_deliveries INDEXED BY webhook_sending "
    "WHERE state = 'sending' AND lease_until_us <= ? LIMIT 1"
)
_LAPSE = (
    "UPDATE webhook_deliveries SET worker = '', lease_until_us = 0, "
    "state = iif(EXISTS (SELECT 1 FROM webhook_endpoints AS e WHERE e.id = endpoint_id "
    "AND e.state = 'active'), 'pending', 'held') "
    "WHERE state = 'sending' AND lease_until_us <= ? RETURNING endpoint_id, lane, state"
)
_BODIES = (
    f"SELECT {BODY} FROM (SELECT value FROM json_each(?)) AS wanted CROSS JOIN webhook_bodies "  # noqa: S608 own words
    "ON event_id = wanted.value"
)


class _Choice(NamedTuple):
    """What seemed free to be leased: endpoints in turn, and deliveries."""

    endpoints: Sequence[str]
    deliveries: Sequence[int]


class _Taken(NamedTuple):
    """What was leased, and to where it goes."""

    deliveries: Sequence[Delivery]
    endpoints: Mapping[str, Endpoint]


class SqliteClaims(SqlitePart):
    """The deliveries, for those who send them."""

    async def claim(self, claim: Claim) -> Sequence[Leased]:
        """Lease what is due, in the order in which it is due."""
        await self._tidy(claim.now_us)
        choice = await self._threads.read(partial(self._choose, claim=claim))
        if not choice.deliveries:
            return ()
        work = partial(self._take, claim=claim, choice=choice)
        taken = await self._write(work, len(choice.deliveries))
        bodies = await self._threads.read(partial(_bodies, deliveries=taken.deliveries))
        return [
            Leased(delivery, taken.endpoints[delivery.endpoint_id], bodies[delivery.event_id])
            for delivery in taken.deliveries
        ]

    async def _tidy(self, now_us: int) -> None:
        """Make pending again what was leased for too long; go on with what a crash cut short."""
        lapsed, unswept = await self._threads.read(
            lambda db: (db.execute(_LAPSED, (now_us,)).fetchone(), sweeping.unswept(db))
        )
        if lapsed:
            await self._write(partial(_lapse, now_us=now_us))
        if unswept is not None:
            work = partial(sweeping.sweep, endpoint_id=unswept, now_us=now_us)
            await self._write(work, sweeping.STEP)

    def _choose(self, db: sqlite3.Connection, claim: Claim) -> _Choice:
        endpoints = self._book.read(db)
        grants: list[Grant] = []
        left = claim.limit
        for wanted in _turns(db, claim):
            lanes = _lanes(db, wanted, endpoints, claim)
            due = {lane.endpoint.id: lane.due for lane in lanes}
            for grant in claim.allot(lanes):
                if left > 0 and grant.take > 0:
                    grants.append(grant)
                    left -= min(grant.take, due[grant.endpoint_id])
            if left <= 0:
                break
        rows = [
            seq
            for grant in grants
            for (seq,) in db.execute(_FIRST, (grant.endpoint_id, claim.now_us, grant.take))
        ]
        return _Choice([grant.endpoint_id for grant in grants], rows)

    def _take(self, db: sqlite3.Connection, claim: Claim, choice: _Choice) -> _Taken:
        """Lease those of the choice that are free still, as many as `allot` gives now."""
        endpoints = self._book.read(db)
        lanes = _lanes(db, choice.endpoints, endpoints, claim)
        grants = {grant.endpoint_id: grant for grant in claim.allot(lanes)}
        values = (text_of(choice.deliveries), claim.now_us)
        free = [delivery_of(row) for row in db.execute(_STILL, values)]
        taken = _within(free, {name: grant.take for name, grant in grants.items()}, claim.limit)
        if not taken:
            return _Taken((), endpoints)
        ids = text_of([delivery.seq for delivery in taken])
        db.execute(_LEASE, (claim.worker, claim.until_us, ids))
        served = {delivery.endpoint_id for delivery in taken}
        healths = [(name, health_text(grants[name].health)) for name in served]
        insert(db, INTO_HEALTH, healths, REPLACE_HEALTH)
        return _Taken([_leased(delivery, claim) for delivery in taken], endpoints)


def _turns(db: sqlite3.Connection, claim: Claim) -> Iterator[Sequence[str]]:
    """Yield the endpoints with due deliveries, those behind the one served last first."""
    for start, goes_on in ((claim.after, True), ("", False)):
        cursor = db.execute(_DUE, (start, claim.now_us))
        while rows := cursor.fetchmany(_LANES):
            found = [name for (name,) in rows if goes_on or name <= claim.after]
            if found:
                yield found
            if not goes_on and len(found) < len(rows):
                break
        cursor.close()


def _lanes(
    db: sqlite3.Connection,
    wanted: Sequence[str],
    endpoints: Mapping[str, Endpoint],
    claim: Claim,
) -> list[Lane]:
    active = [name for name in wanted if name in endpoints and endpoints[name].state == "active"]
    rows = db.execute(_LANE, (text_of(active), claim.now_us, claim.limit))
    return [
        Lane(endpoints[name], health_of(document), sending, due)
        for name, document, sending, due in rows
        if due
    ]


def _within(free: Sequence[Delivery], takes: Mapping[str, int], limit: int) -> list[Delivery]:
    """Return those that are granted, in their order."""
    left = dict(takes)
    taken: list[Delivery] = []
    for delivery in free:
        if left.get(delivery.endpoint_id, 0) > 0 and len(taken) < limit:
            left[delivery.endpoint_id] -= 1
            taken.append(delivery)
    return taken


def _leased(delivery: Delivery, claim: Claim) -> Delivery:
    return delivery._replace(
        state="sending",
        token=delivery.token + 1,
        worker=claim.worker,
        lease_until_us=claim.until_us,
    )


def _lapse(db: sqlite3.Connection, now_us: int) -> None:
    rows = db.execute(_LAPSE, (now_us,)).fetchall()
    move_up(db, [(row[0], row[1]) for row in rows if row[2] == "held"])


def _bodies(db: sqlite3.Connection, deliveries: Sequence[Delivery]) -> dict[str, Body]:
    wanted = list({delivery.event_id for delivery in deliveries})
    return {row[0]: Body(*row) for row in db.execute(_BODIES, (text_of(wanted),))}
