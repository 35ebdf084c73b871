"""Making deliveries, and sending them again, within a transaction."""

import sqlite3
from collections.abc import Iterable, Sequence

from hub.model.delivery import Body, Delivery, NewDelivery
from hub.model.endpoint import Endpoint
from hub.stores.sqlite import insert
from hub.stores.sqlite_webhooks.part import move_up
from hub.stores.webhook_moves import resent
from hub.stores.webhook_rows import BODY, DELIVERY, delivery_of, endpoint_of, text_of

_INTO = "webhook_deliveries (id, endpoint_id, event_id, lane, state, created_at_us, due_us)"
_ONCE = "ON CONFLICT (event_id, endpoint_id) DO NOTHING"
_THERE = (
    "SELECT event_id, endpoint_id FROM (SELECT value FROM json_each(?)) AS pair "
    "CROSS JOIN webhook_deliveries ON event_id = json_extract(pair.value, '$[0]') "
    "AND endpoint_id = json_extract(pair.value, '$[1]')"
)
_ANY = "SELECT 1 FROM webhook_deliveries WHERE event_id = ? LIMIT 1"
_HEADED = (
    "SELECT endpoint_id, lane FROM (SELECT value FROM json_each(?)) AS wanted "
    "CROSS JOIN webhook_deliveries INDEXED BY webhook_heads "
    "ON lane IS NOT NULL AND state IN ('pending', 'sending') "
    "AND endpoint_id = json_extract(wanted.value, '$[0]') "
    "AND lane = json_extract(wanted.value, '$[1]')"
)
_BY_ID = f"SELECT {DELIVERY} FROM webhook_deliveries WHERE id = ?"  # noqa: S608 own words
_MOVED = (
    "UPDATE webhook_deliveries SET state = ?, due_us = ?, round = ?, attempts = ?, reason = ?, "
    "ended_at_us = ? WHERE seq = ?"
)
_ENDPOINT = "SELECT document FROM webhook_endpoints WHERE id = ? AND state <> 'removed'"


def make(
    db: sqlite3.Connection, wanted: Sequence[NewDelivery], bodies: Sequence[Body], now_us: int
) -> None:
    """Make deliveries with their bodies, but for pairs that have one; each in its lane."""
    needed = {new.event_id for new in wanted}
    kept = [body for body in bodies if body.event_id in needed]
    insert(db, f"webhook_bodies ({BODY})", kept, "ON CONFLICT (event_id) DO NOTHING")
    rows = [
        (new.id, new.endpoint_id, new.event_id, new.lane, state, now_us, new.due_us)
        for new, state in zip(wanted, _states(db, wanted), strict=True)
    ]
    insert(db, _INTO, rows, _ONCE)


def _states(db: sqlite3.Connection, wanted: Sequence[NewDelivery]) -> list[str]:
    """Return what each is at first; what there is already takes no place in a lane."""
    laned = [new for new in wanted if new.lane is not None and not new.held]
    there = _pairs(db, laned)
    taken = heads(db, {(new.endpoint_id, new.lane) for new in laned})
    states = []
    for new in wanted:
        lane, pair = (new.endpoint_id, new.lane), (new.event_id, new.endpoint_id)
        states.append("held" if new.held else "queued" if lane in taken else "pending")
        if new.lane is not None and not new.held and pair not in there:
            taken.add(lane)
        there.add(pair)
    return states


def _pairs(db: sqlite3.Connection, wanted: Sequence[NewDelivery]) -> set[tuple[str, str]]:
    """Return those pairs that have a delivery: seldom any, so the events are looked at first."""
    events = {new.event_id for new in wanted}
    if not any(db.execute(_ANY, (event_id,)).fetchone() for event_id in events):
        return set()
    pairs = [(new.event_id, new.endpoint_id) for new in wanted]
    return set(db.execute(_THERE, (text_of(pairs),)).fetchall())


def heads(
    db: sqlite3.Connection, lanes: Iterable[tuple[str, str | None]]
) -> set[tuple[str, str | None]]:
    """Return those lanes, by endpoint and lane, in which one is pending or under way."""
    named = [lane for lane in lanes if lane[1] is not None]
    return set(db.execute(_HEADED, (text_of(named),)).fetchall()) if named else set()


def by_id(db: sqlite3.Connection, delivery_id: str) -> Delivery | None:
    """Return a delivery, or None."""
    row = db.execute(_BY_ID, (delivery_id,)).fetchone()
    return None if row is None else delivery_of(row)


def stored(db: sqlite3.Connection, endpoint_id: str) -> Endpoint | None:
    """Return an endpoint as it is stored now, or None."""
    row = db.execute(_ENDPOINT, (endpoint_id,)).fetchone()
    return None if row is None else endpoint_of(row[0])


def send_again(db: sqlite3.Connection, delivery: Delivery, due_us: int) -> Delivery | None:
    """Send a delivery again; None: its endpoint is no more."""
    endpoint = stored(db, delivery.endpoint_id)
    if endpoint is None:
        return None
    lane = (delivery.endpoint_id, delivery.lane)
    headed = delivery.state != "pending" and lane in heads(db, [lane])
    after = resent(delivery, due_us, endpoint=endpoint, headed=headed)
    move(db, after)
    if delivery.state == "pending" and after.state != "pending":
        move_up(db, [lane])
    return after


def move(db: sqlite3.Connection, after: Delivery) -> None:
    """Keep what a delivery that nobody sends has become."""
    values = (after.state, after.due_us, after.round, after.attempts, after.reason)
    db.execute(_MOVED, (*values, after.ended_at_us, after.seq))
