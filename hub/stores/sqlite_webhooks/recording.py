"""Attempts and what they come to, in the data file."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from hub.stores.sqlite import insert
from hub.stores.sqlite_webhooks import sweeping
from hub.stores.sqlite_webhooks.endpoints import INTO_HEALTH, REPLACE_HEALTH
from hub.stores.sqlite_webhooks.part import SqlitePart, find, move_up
from hub.stores.sqlite_webhooks.registry import Book
from hub.stores.webhook_ledger import Ledger, Rows, settle_all
from hub.stores.webhook_rows import (
    ATTEMPT,
    DELIVERY,
    delivery_of,
    health_of,
    health_text,
    text_of,
)
from hub.stores.webhooks import Result, Settled

_SENDING = (
    f"SELECT {DELIVERY}, requests FROM (SELECT value FROM json_each(?)) AS wanted "  # noqa: S608 own words
    "CROSS JOIN webhook_deliveries ON webhook_deliveries.id = wanted.value WHERE state = 'sending'"
)
_HEALTHS = (
    "SELECT endpoint_id, document FROM (SELECT value FROM json_each(?)) AS wanted "
    "CROSS JOIN webhook_health ON endpoint_id = wanted.value"
)
_FIELDS = ("state", "due_us", "round", "attempts", "reason", "ended_at_us")
_SETTLE = (
    "UPDATE webhook_deliveries SET worker = '', lease_until_us = 0, requests = requests + 1, "  # noqa: S608 own words
    + ", ".join(f"{name} = json_extract(value, '$[{n}]')" for n, name in enumerate(_FIELDS, 1))
    + " FROM (SELECT value FROM json_each(?)) AS made WHERE seq = json_extract(value, '$[0]')"
)


class SqliteRecording(SqlitePart):
    """The deliveries, for those who have sent them."""

    async def record(self, results: Sequence[Result]) -> Sequence[Settled | None]:
        """Keep attempts and what they come to; None where the lease was lost."""
        now_us = self._clock.now_us()
        work = partial(_record, book=self._book, results=results, now_us=now_us)
        ledger = await self._write(work, 3 * len(results))
        for endpoint, was_active in ledger.changed:
            if was_active and endpoint.state != "active":
                await self._sweep(endpoint.id)
        return ledger.made


def _record(db: sqlite3.Connection, book: Book, results: Sequence[Result], now_us: int) -> Ledger:
    ledger = settle_all(results, _load(db, book, results))
    if not ledger.kept:
        return ledger
    rows = [(d.seq, *(getattr(d, name) for name in _FIELDS)) for d, *_ in ledger.kept]
    db.execute(_SETTLE, (text_of(rows),))
    insert(db, f"webhook_attempts ({ATTEMPT})", [one.attempt for one in ledger.kept])
    move_up(db, ledger.freed)
    healths = [(name, health_text(health)) for name, health in ledger.healths.items()]
    insert(db, INTO_HEALTH, healths, REPLACE_HEALTH)
    for endpoint, was_active in ledger.changed:
        sweeping.store(db, endpoint, was_active=was_active, now_us=now_us)
    return ledger


def _load(db: sqlite3.Connection, book: Book, results: Sequence[Result]) -> Rows:
    ids = text_of([result.attempt.delivery_id for result in results])
    rows = db.execute(_SENDING, (ids,)).fetchall()
    sending = {row[0]: (delivery_of(row[:-1]), row[-1]) for row in rows}
    names = {delivery.endpoint_id for delivery, _ in sending.values()}
    healths = db.execute(_HEALTHS, (text_of(list(names)),))
    return Rows(sending, find(db, book, names), {name: health_of(text) for name, text in healths})
