"""Attempts and what they come to, in the database."""

from collections.abc import Sequence

from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks import sweeping
from hub.stores.postgres.webhooks.endpoints import KEEP_HEALTHS
from hub.stores.postgres.webhooks.part import LOCK, PostgresPart, columns, find, move_up
from hub.stores.postgres.webhooks.registry import Book
from hub.stores.webhook_ledger import Ledger, Rows, settle_all
from hub.stores.webhook_rows import ATTEMPT, DELIVERY, delivery_of, health_of, health_text
from hub.stores.webhooks import Result, Settled

_SENDING = (
    f"SELECT {DELIVERY}, requests FROM webhook_deliveries "  # noqa: S608 own words
    "WHERE id = ANY($1::text[]) AND state = 'sending' AND endpoint_id = ANY($2::text[]) "
    "ORDER BY seq FOR UPDATE"
)
_KEEP = (
    "WITH tried AS (INSERT INTO webhook_attempts "  # noqa: S608 own words
    f"({ATTEMPT}) SELECT * FROM unnest($8::text[], $9::text[], $10::text[], $11::text[], "
    "$12::text[], $13::bigint[], $14::text[], $15::text[], $16::bigint[], $17::text[], "
    "$18::text[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bytea[], "
    "$24::bytea[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bytea[], $29::bytea[])) "
    "UPDATE webhook_deliveries AS d SET worker = '', lease_until_us = 0, "
    "requests = requests + 1, state = made.state, due_us = made.due_us, round = made.round, "
    "attempts = made.attempts, reason = made.reason, ended_at_us = made.ended_at_us "
    "FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], "
    "$7::bigint[]) AS made(seq, state, due_us, round, attempts, reason, ended_at_us) "
    "WHERE d.seq = made.seq"
)


class _Changes(Exception):
    """An endpoint would change, and the lock for that was not taken first."""


class PostgresRecording(PostgresPart):
    """The deliveries, for those who have sent them."""

    async def record(self, results: Sequence[Result]) -> Sequence[Settled | None]:
        """Keep attempts and what they come to; None where the lease was lost."""
        now_us = self._clock.now_us()
        try:
            ledger = await self._write(lambda c: _record(c, self._book, results, now_us))
        except _Changes:
            # Rare, and `settle` is pure: once more, with the locks in their order.
            ledger = await self._write(
                lambda c: _record(c, self._book, results, now_us, changing=True)
            )
        for endpoint, was_active in ledger.changed:
            if was_active and endpoint.state != "active":
                await self._sweep(endpoint.id)
        return ledger.made


async def _record(
    connection: Connection,
    book: Book,
    results: Sequence[Result],
    now_us: int,
    *,
    changing: bool = False,
) -> Ledger:
    if changing:
        await connection.execute("SELECT 1 FROM webhook_state FOR UPDATE")
    ledger = settle_all(results, await _load(connection, book, results))
    if not ledger.kept:
        return ledger
    if ledger.changed and not changing:
        raise _Changes
    rows = [
        (d.seq, d.state, d.due_us, d.round, d.attempts, d.reason, d.ended_at_us)
        for d, *_ in ledger.kept
    ]
    attempts = [one.attempt for one in ledger.kept]
    await connection.execute(_KEEP, *columns(rows, 7), *columns(attempts, 22))
    await move_up(connection, ledger.freed)
    healths = [(name, health_text(health)) for name, health in ledger.healths.items()]
    await connection.execute(KEEP_HEALTHS, *columns(healths, 2))
    for endpoint, was_active in ledger.changed:
        # Not before: the registry, which is read above, is not what this will have made of it.
        revision = await connection.fetchval(sweeping.LOCK_STATE)
        await sweeping.store(connection, endpoint, revision, was_active=was_active, now_us=now_us)
    return ledger


async def _load(connection: Connection, book: Book, results: Sequence[Result]) -> Rows:
    names = list({result.attempt.endpoint_id for result in results})
    healths = await connection.fetch(LOCK, names)
    ids = [result.attempt.delivery_id for result in results]
    rows = await connection.fetch(_SENDING, ids, names)
    sending = {row[0]: (delivery_of(row[:-1]), row[-1]) for row in map(tuple, rows)}
    endpoints = await find(connection, book, {d.endpoint_id for d, _ in sending.values()})
    return Rows(sending, endpoints, {name: health_of(text) for name, text in healths})
