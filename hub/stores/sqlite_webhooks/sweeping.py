"""What is open at an endpoint that is paused, disabled or removed: held, or cancelled, in steps.

A dead endpoint may have a million deliveries; to change them all takes seconds, and ingest would
wait. So the endpoint's row says up to which one they have changed, in the transaction that changes
it, with the first of them; whoever did it goes on, or after a crash whoever claims next. Until all
are done the endpoint does not become active again.
"""

import sqlite3

from hub.model.endpoint import Endpoint
from hub.stores.sqlite import insert
from hub.stores.webhook_rows import endpoint_row

# Deliveries of one step: some milliseconds of the disk.
STEP = 500
REMOVED = "removed with its endpoint"

_INTO = (
    "webhook_endpoints (id, owner, state, created_at_us, callback_kind, callback_subject, live, "
    "changed, sweep, document)"
)
_REPLACE = (
    "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, state = excluded.state, "
    "live = excluded.live, changed = excluded.changed, "
    "sweep = max(sweep, excluded.sweep), document = excluded.document"
)
_BUMP = "UPDATE webhook_state SET revision = revision + 1 RETURNING revision"
_LAST = "SELECT coalesce(max(seq), 0) FROM webhook_deliveries"
_STATE = "SELECT state, sweep FROM webhook_endpoints WHERE id = ?"
_SWEPT = "UPDATE webhook_endpoints SET sweep = 0 WHERE id = ?"
_FORGET = "DELETE FROM webhook_endpoints WHERE id = ?"
_FORGET_HEALTH = "DELETE FROM webhook_health WHERE endpoint_id = ?"
_REMOVED = "UPDATE webhook_state SET removed = revision"
_UNSWEPT = "SELECT id FROM webhook_endpoints WHERE sweep > 0 LIMIT 1"
# Each of its own index; what is queued first, so that nothing moves up meanwhile.
_ONE_STATE = (
    "SELECT seq FROM webhook_deliveries INDEXED BY {} "
    "WHERE state = '{}' AND endpoint_id = ?1 AND seq <= ?2 LIMIT ?3"
)
_OPEN = (("webhook_queued", "queued"), ("webhook_pending", "pending"))
_OF_REMOVED = (*_OPEN, ("webhook_sending", "sending"), ("webhook_unsent", "held"))
_HOLD = "UPDATE webhook_deliveries SET state = 'held' WHERE seq IN ({open})"
_CANCEL = (
    "UPDATE webhook_deliveries SET state = 'cancelled', worker = '', lease_until_us = 0, "
    "reason = ?4, ended_at_us = ?5 WHERE seq IN ({open})"
)


def store(db: sqlite3.Connection, endpoint: Endpoint, *, was_active: bool, now_us: int) -> None:
    """Keep an endpoint as it is now; where it was active and is not, hold what is open.

    Nobody may read the registry after it in the same transaction, which may yet be undone.
    """
    (revision,) = db.execute(_BUMP).fetchone()
    stops = was_active and endpoint.state != "active"
    last = db.execute(_LAST).fetchone()[0] if stops else 0
    insert(db, _INTO, [endpoint_row(endpoint, revision, last)], _REPLACE)
    if stops:
        sweep(db, endpoint.id, now_us)


def remove(db: sqlite3.Connection, endpoint_id: str, now_us: int) -> bool:
    """Remove an endpoint and cancel what is open."""
    row = db.execute(_STATE, (endpoint_id,)).fetchone()
    if row is None or row[0] == "removed":
        return False
    (revision,) = db.execute(_BUMP).fetchone()
    (last,) = db.execute(_LAST).fetchone()
    db.execute(
        "UPDATE webhook_endpoints SET state = 'removed', live = 0, changed = ?, sweep = ? "
        "WHERE id = ?",
        (revision, last + 1, endpoint_id),
    )
    sweep(db, endpoint_id, now_us)
    return True


def sweep(db: sqlite3.Connection, endpoint_id: str, now_us: int, step: int = STEP) -> bool:
    """Hold or cancel some of what is still open; return whether there may be more."""
    state, last = db.execute(_STATE, (endpoint_id,)).fetchone() or ("", 0)
    if not last:
        return False
    removed = state == "removed"
    left = step
    for index, open_state in _OF_REMOVED if removed else _OPEN:
        if left > 0:
            rows = _ONE_STATE.format(index, open_state)
            values = (endpoint_id, last, left)
            ending = (REMOVED, now_us) if removed else ()
            sql = (_CANCEL if removed else _HOLD).format(open=rows)
            left -= db.execute(sql, (*values, *ending)).rowcount
    if left > 0:
        _finish(db, endpoint_id, removed=removed)
    return left <= 0


def unswept(db: sqlite3.Connection) -> str | None:
    """Return an endpoint that is not done, or None."""
    row = db.execute(_UNSWEPT).fetchone()
    return None if row is None else row[0]


def is_unswept(db: sqlite3.Connection, endpoint_id: str) -> bool:
    """Return whether one is not done."""
    sql = "SELECT 1 FROM webhook_endpoints WHERE id = ? AND sweep > 0"
    return db.execute(sql, (endpoint_id,)).fetchone() is not None


def forget(db: sqlite3.Connection, endpoint_id: str) -> None:
    """Forget an endpoint that is in no registry."""
    db.execute(_FORGET, (endpoint_id,))
    db.execute(_FORGET_HEALTH, (endpoint_id,))


def _finish(db: sqlite3.Connection, endpoint_id: str, *, removed: bool) -> None:
    if removed:
        forget(db, endpoint_id)
        db.execute(_REMOVED)
    else:
        db.execute(_SWEPT, (endpoint_id,))
