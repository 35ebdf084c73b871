"""Making deliveries, and sending them again, within a transaction."""

from collections.abc import Iterable, Sequence

from hub.model.delivery import Body, Delivery, NewDelivery
from hub.model.endpoint import Endpoint
from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks.part import LOCK, columns, move_up
from hub.stores.webhook_moves import resent
from hub.stores.webhook_rows import BODY, DELIVERY, delivery_of, endpoint_of

_KEEP_BODIES = (
    f"INSERT INTO webhook_bodies ({BODY}) "  # noqa: S608 own words
    "SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], "
    "$6::bigint[], $7::text[], $8::bytea[], $9::text[]) ORDER BY 1 ON CONFLICT DO NOTHING"
)
_SHARE_BODIES = (
    "SELECT 1 FROM webhook_bodies WHERE event_id = ANY($1::text[]) ORDER BY event_id FOR KEY SHARE"
)
_MAKE = (
    "INSERT INTO webhook_deliveries (id, endpoint_id, event_id, lane, state, created_at_us, "
    "due_us, round, attempts, token, worker, lease_until_us, reason, ended_at_us, requests) "
    "SELECT id, endpoint_id, event_id, lane, state, $7, due_us, 1, 0, 0, '', 0, '', 0, 0 "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) "
    "WITH ORDINALITY AS new(id, endpoint_id, event_id, lane, state, due_us, n) ORDER BY n "
    "ON CONFLICT (event_id, endpoint_id) DO NOTHING"
)
_THERE = (
    "SELECT d.event_id, d.endpoint_id FROM unnest($1::text[], $2::text[]) AS "
    "pair(event_id, endpoint_id) JOIN webhook_deliveries AS d "
    "ON d.event_id = pair.event_id AND d.endpoint_id = pair.endpoint_id"
)
_HEADED = (
    "SELECT d.endpoint_id, d.lane FROM unnest($1::text[], $2::text[]) AS wanted(endpoint_id, lane) "
    "JOIN webhook_deliveries AS d ON d.endpoint_id = wanted.endpoint_id AND d.lane = wanted.lane "
    "AND d.lane IS NOT NULL AND d.state IN ('pending', 'sending')"
)
_BY_ID = f"SELECT {DELIVERY} FROM webhook_deliveries WHERE id = $1"  # noqa: S608 own words
_MOVED = (
    "UPDATE webhook_deliveries SET state = $1, due_us = $2, round = $3, attempts = $4, "
    "reason = $5, ended_at_us = $6 WHERE seq = $7"
)
_ENDPOINT = "SELECT document FROM webhook_endpoints WHERE id = $1 AND state <> 'removed'"


async def make(
    connection: Connection, wanted: Sequence[NewDelivery], bodies: Sequence[Body], now_us: int
) -> None:
    """Make deliveries with their bodies, but for pairs that have one; each in its lane.

    The endpoints of those that have a lane get locked: else its head might end meanwhile, and
    nobody would make the next one pending.
    """
    if not wanted:
        return
    needed = {new.event_id for new in wanted}
    kept = list({body.event_id: body for body in bodies[::-1] if body.event_id in needed}.values())
    rows = [
        (new.id, new.endpoint_id, new.event_id, new.lane, state, new.due_us)
        for new, state in zip(wanted, await _states(connection, wanted), strict=True)
    ]
    # Who forgets an old event has its body locked, and would not see what is made here.
    await connection.execute(_SHARE_BODIES, [body.event_id for body in kept])
    await connection.execute(_KEEP_BODIES, *columns(kept, 9))
    await connection.execute(_MAKE, *columns(rows, 6), now_us)


async def _states(connection: Connection, wanted: Sequence[NewDelivery]) -> list[str]:
    """Return what each is at first; what there is already takes no place in a lane."""
    laned = [new for new in wanted if new.lane is not None and not new.held]
    there: set[tuple[str, str]] = set()
    if laned:
        await connection.fetch(LOCK, list({new.endpoint_id for new in laned}))
        pairs = [(new.event_id, new.endpoint_id) for new in laned]
        there = set(map(tuple, await connection.fetch(_THERE, *columns(pairs, 2))))
    taken = await heads(connection, {(new.endpoint_id, new.lane) for new in laned})
    states = []
    for new in wanted:
        lane, pair = (new.endpoint_id, new.lane), (new.event_id, new.endpoint_id)
        states.append("held" if new.held else "queued" if lane in taken else "pending")
        if new.lane is not None and not new.held and pair not in there:
            taken.add(lane)
        there.add(pair)
    return states


async def heads(
    connection: Connection, lanes: Iterable[tuple[str, str | None]]
) -> set[tuple[str, str | None]]:
    """Return those lanes, by endpoint and lane, in which one is pending or under way."""
    named = [lane for lane in lanes if lane[1] is not None]
    if not named:
        return set()
    return set(map(tuple, await connection.fetch(_HEADED, *columns(named, 2))))


async def locked(connection: Connection, delivery_id: str) -> Delivery | None:
    """Return a delivery, or None; its endpoint is locked from then on."""
    row = await connection.fetchrow(_BY_ID, delivery_id)
    if row is None:
        return None
    await connection.fetch(LOCK, [delivery_of(row).endpoint_id])
    row = await connection.fetchrow(_BY_ID, delivery_id)
    return None if row is None else delivery_of(row)


async def stored(connection: Connection, endpoint_id: str) -> Endpoint | None:
    """Return an endpoint as it is stored now, or None."""
    document = await connection.fetchval(_ENDPOINT, endpoint_id)
    return None if document is None else endpoint_of(document)


async def send_again(connection: Connection, delivery: Delivery, due_us: int) -> Delivery | None:
    """Send a delivery again; None: its endpoint, which is locked, is no more."""
    endpoint = await stored(connection, delivery.endpoint_id)
    if endpoint is None:
        return None
    lane = (delivery.endpoint_id, delivery.lane)
    headed = delivery.state != "pending" and lane in await heads(connection, [lane])
    after = resent(delivery, due_us, endpoint=endpoint, headed=headed)
    await move(connection, after)
    if delivery.state == "pending" and after.state != "pending":
        await move_up(connection, [lane])
    return after


async def move(connection: Connection, after: Delivery) -> None:
    """Keep what a delivery that nobody sends has become."""
    values = (after.state, after.due_us, after.round, after.attempts, after.reason)
    await connection.execute(_MOVED, *values, after.ended_at_us, after.seq)
