"""The audit log, read beside a running hub as it was at one moment."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from hub.cli.reading import reading
from hub.errors import Misconfigured
from hub.model.audit import Record
from hub.model.audit_chain import Chain, is_seal
from hub.settings import Settings
from hub.stores.audit import AuditQuery, AuditReader, AuditState

PAGE = 1_000
# Below every number that a database can hold.
_BEGINNING = -(2**63)
_END = 2**62


class Verified(NamedTuple):
    """A log that was walked from its beginning to its end; `head` is the newest hash."""

    chain: Chain
    state: AuditState
    head: str


@contextlib.asynccontextmanager
async def audit_reader(settings: Settings) -> AsyncIterator[AuditReader]:
    """Open the audit log for reading: one snapshot, whatever is written meanwhile.

    Raises:
        Misconfigured: The database is not there, or has no audit log yet.
    """
    url = settings.postgres_url
    async with _file(settings) if url is None else _database(url) as reader:
        yield reader


async def walk(
    reader: AuditReader,
    keys: tuple[bytes, ...],
    head: str | None,
    reached: Callable[[int, int], None],
) -> Verified:
    """Judge the whole log, a batch at a time.

    Args:
        reader: Of one snapshot.
        keys: See `Chain`.
        head: See `Chain`.
        reached: Called with the newest record that was judged, and the newest that there is.
    """
    state = await reader.audit_state()
    chain = Chain(keys, forgotten=state.forgotten, head=head)
    batch = seen = _BEGINNING
    newest = ""
    while seals := await reader.seals(PAGE, after=batch):
        for seal in seals:
            records = await _between(reader, seen, seal.last_seq) if is_seal(seal) else []
            chain.take(seal, records)
            seen = max([seen, *(record.seq for record in records)])
            reached(chain.last_seq, state.last_seq)
        batch, newest = seals[-1].batch, seals[-1].hash
    while rest := await reader.records(AuditQuery(PAGE, after=seen)):
        chain.rest(rest)
        seen = rest[-1].seq
        reached(chain.last_seq, state.last_seq)
    chain.end(state.last_seq)
    return Verified(chain, state, newest)


async def _between(reader: AuditReader, after: int, last: int) -> list[Record]:
    """Return the records of a batch, and those that stand before it where none should."""
    found: list[Record] = []
    last = min(last, _END)
    while page := await reader.records(AuditQuery(PAGE, after=after, before=last + 1)):
        found += page
        after = page[-1].seq
    return found


@contextlib.asynccontextmanager
async def _file(settings: Settings) -> AsyncIterator[AuditReader]:
    from hub.stores.sqlite_audit import SqliteAuditReader

    with reading(settings.data_file) as connection:
        connection.execute("BEGIN")
        sql = "SELECT 1 FROM sqlite_master WHERE name = 'audit_state'"
        _demand(connection.execute(sql).fetchone())
        yield SqliteAuditReader(connection)


@contextlib.asynccontextmanager
async def _database(url: str) -> AsyncIterator[AuditReader]:
    from hub.stores.postgres.audit import PostgresAuditReader
    from hub.stores.postgres.database import Database

    database = Database(url)
    try:
        await database.open()
        connection = await database.connect()
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                _demand(await connection.fetchval("SELECT to_regclass('audit_state')"))
                yield PostgresAuditReader(connection)
        finally:
            await connection.close()
    finally:
        await database.close()


def _demand(found: object) -> None:
    if found is None:
        raise Misconfigured("expected a database with an audit log, found none: run `hub migrate`")
