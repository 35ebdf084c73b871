"""The log on SQLite; see `base.Log` and `base.Records` for what it promises."""

import sqlite3
from collections.abc import Sequence
from functools import partial

import msgspec

from hub.clock import Clock
from hub.model.channel import definition_of, definition_text
from hub.model.contract import Contract
from hub.model.event import Event
from hub.model.job import Job, JobEntry
from hub.model.unit import (
    Head,
    KeptAnswer,
    Loaded,
    Outcome,
    Ref,
    Row,
    Settled,
    Unit,
    existing,
    settle,
)
from hub.stores import contracts, events, finding, jobs, migrations
from hub.stores.base import ContractCount, EventQuery, JobQuery, LogState
from hub.stores.snapshot import Snapshots, SqliteSnapshot
from hub.stores.sqlite import DataFile, Threads, insert, transact
from hub.stores.sqlite_audit import SqliteAudit
from hub.stores.sqlite_credentials import SqliteCredentials, SqliteTickets
from hub.stores.sqlite_webhooks import SqliteWebhooks

# Rows written between two checkpoints: some 2 MiB of WAL, folded back in a few milliseconds.
CHECKPOINT_ROWS = 4_000

_HEADS = "SELECT name, head, at_us, oldest, definition FROM channels"
_INTO_CHANNELS = "channels (name, head, at_us, oldest)"
_INTO_ANSWERS = "answers (scope, body_hash, status, body, at_us)"
_MOVE_HEAD = "ON CONFLICT (name) DO UPDATE SET head = excluded.head, at_us = excluded.at_us"
# One row with everything that a group may look at: see `sqlite.insert` for what a step costs.
# Joined, not `IN (SELECT ...)`: that makes a table in memory for each, 70 us a group.
_LOAD = (
    "SELECT (SELECT json_group_object(name, json_object("  # noqa: S608 joined of constants
    "'offset', head, 'at_us', at_us, 'oldest', oldest, 'definition', json(definition))) "
    "FROM json_each(?) AS wanted CROSS JOIN channels ON name = wanted.value), "
    f"({contracts.BY_ID}), ({jobs.BY_ID}), "
    "(SELECT json_group_array(json_array(scope, hex(body_hash), status, CAST(body AS TEXT), at_us))"
    " FROM json_each(?) AS wanted CROSS JOIN answers ON scope = wanted.value)"
)
_decode_heads = msgspec.json.Decoder(dict[str, Head]).decode
_decode_answers = msgspec.json.Decoder(list[tuple[str, str, int, str, int]]).decode
_encode = msgspec.json.Encoder().encode


class SqliteLog:
    """The log and its rows in one SQLite file."""

    def __init__(self, file: DataFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._threads = Threads(file)
        self.audit = SqliteAudit(self._threads)
        self._snapshots = Snapshots(file)
        self.credentials = SqliteCredentials(self._threads)
        self.tickets = SqliteTickets(self._threads)
        self.webhooks = SqliteWebhooks(self._threads, clock, self._fold)
        self._unfolded = 0

    def migrate(self) -> list[str]:
        """Apply what is pending, before anything else runs; return the names.

        Raises:
            Misconfigured: See `migrations.pending`.
        """
        with self._file.turns:
            todo = self.pending()
            for migration in todo:
                migrations.apply(self._file.writer, migration, self._clock.now_us())
        return [migration.name for migration in todo]

    def pending(self) -> list[migrations.Migration]:
        """Return the migrations that this database still lacks."""
        return migrations.pending(self._file.writer, migrations.known())

    async def open(self) -> None:
        """Nothing is left to do: the file was opened when this was made."""

    async def close(self) -> None:
        """Finish what runs, fold the WAL and let the file go."""
        await self._snapshots.close()
        self._threads.close()
        self._file.close()

    async def commit(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """Decide and write a group in one transaction."""
        settled = await self._threads.write(
            partial(transact, work=partial(_commit, units=units, now_us=self._clock.now_us()))
        )
        self._fold(len(settled.events) + len(settled.rows) + len(settled.entries))
        return settled.outcomes

    async def state(self) -> LogState:
        """Return epoch and heads as last committed."""
        return await self._threads.look("state", _state)

    async def events(self, query: EventQuery) -> Sequence[Event]:
        """Return a page of history, oldest first."""
        return await self._threads.read(partial(events.read, query=query))

    async def event(self, event_id: str) -> Event | None:
        """Return the event of this id, or None."""
        wanted = finding.wanted(event_id)
        if wanted is None:
            return None
        row = await self._threads.read(lambda db: db.execute(finding.SQLITE, wanted).fetchone())
        return None if row is None else events.from_row(row)

    async def offset_before(self, channel: str, at_us: int) -> int:
        """Return the newest offset whose event is older than the time."""
        return await self._threads.read(partial(_offset_before, channel=channel, at_us=at_us))

    async def prune(self, channel: str, *, below: int, limit: int) -> Head:
        """Forget at most `limit` events under `below`."""
        work = partial(_prune, channel=channel, below=below, limit=limit)
        head = await self._threads.write(partial(transact, work=work))
        self._fold(limit)
        return head

    async def forget_answers(self, before_us: int, limit: int) -> int:
        """Forget at most `limit` idempotent answers older than the time."""
        work = partial(_forget_answers, before_us=before_us, limit=limit)
        return await self._threads.write(partial(transact, work=work))

    async def snapshot(self, channel: str, owner: str | None = None) -> SqliteSnapshot:
        """Open the state of a channel at one offset."""
        return await self._snapshots.open(channel, owner)

    async def probe(self) -> None:
        """Commit a change that changes nothing: it goes to the disk like any other.

        A row that is set to what it is would dirty no page, and the commit would be empty; the
        header's `user_version`, which nothing here uses, is written whatever its value.
        """
        work = partial(transact, work=lambda db: db.execute("PRAGMA user_version = 0"))
        await self._threads.write(work)
        self._fold(1)

    async def job(self, job_id: str) -> Job | None:
        """Return the job, or None."""
        found = await self._threads.read(partial(_jobs_by_id, ids=[job_id]))
        return found[0] if found else None

    async def jobs(self, query: JobQuery) -> Sequence[Job]:
        """Return a page of jobs, newest first."""
        sql, values = jobs.select(query)
        rows = await self._threads.read(lambda db: db.execute(sql, values).fetchall())
        return [jobs.from_row(row) for row in rows]

    async def job_entries(self, job_id: str) -> Sequence[JobEntry]:
        """Return the job's own history, oldest first."""
        rows = await self._threads.read(lambda db: db.execute(jobs.ENTRIES, (job_id,)).fetchall())
        return [jobs.entry_from_row(row) for row in rows]

    async def contract_counts(self) -> Sequence[ContractCount]:
        """Return how many contracts there are by location and status."""
        rows = await self._threads.read(lambda db: db.execute(contracts.COUNTS).fetchall())
        return [ContractCount(*row) for row in rows]

    async def new_epoch(self, word: str) -> None:
        """Make every position that was handed out before untrusted."""
        await self._threads.write(
            partial(transact, work=lambda db: db.execute("UPDATE log SET epoch = ?", (word,)))
        )

    def _fold(self, rows: int) -> None:
        """Checkpoint now and then, never between a commit and its answer."""
        self._unfolded += rows
        if self._unfolded >= CHECKPOINT_ROWS:
            self._unfolded = 0
            self._threads.later(_checkpoint)


def _commit(db: sqlite3.Connection, units: Sequence[Unit], now_us: int) -> Settled:
    settled = settle(units, _load(db, units), now_us)
    _store(db, settled)
    return settled


def _load(db: sqlite3.Connection, units: Sequence[Unit]) -> Loaded:
    refs = {ref for unit in units for ref in unit.refs}
    wanted = (
        list({channel for unit in units for channel in unit.channels}),
        [id_ for kind, id_ in refs if kind == "contract"],
        [id_ for kind, id_ in refs if kind == "job"],
        [unit.key.scope for unit in units if unit.key is not None],
    )
    row = db.execute(_LOAD, [_encode(ids).decode() for ids in wanted]).fetchone()
    heads, contracts_there, jobs_there, answers = row
    rows: dict[Ref, Row] = {}
    for contract in contracts.decode(contracts_there):
        rows["contract", contract.contract_id] = contract
    for job in jobs.decode(jobs_there):
        rows["job", job.job_id] = job
    kept = [
        KeptAnswer(scope, bytes.fromhex(body_hash), status, body.encode(), at_us)
        for scope, body_hash, status, body, at_us in _decode_answers(answers)
    ]
    return Loaded(rows, _decode_heads(heads), {answer.scope: answer for answer in kept})


def _jobs_by_id(db: sqlite3.Connection, ids: Sequence[str]) -> list[Job]:
    found: str = db.execute(jobs.BY_ID, (_encode(ids).decode(),)).fetchone()[0]
    return jobs.decode(found)


def _heads(db: sqlite3.Connection) -> dict[str, Head]:
    return {
        name: Head(head, at_us, oldest, definition_of(definition))
        for name, head, at_us, oldest, definition in db.execute(_HEADS)
    }


def _store(db: sqlite3.Connection, settled: Settled) -> None:
    rows = settled.rows.values()
    changed = [row for row in rows if isinstance(row, Contract)]
    insert(db, contracts.INTO, changed, contracts.REPLACE)
    insert(db, jobs.INTO, [jobs.to_row(row) for row in rows if isinstance(row, Job)], jobs.REPLACE)
    insert(db, jobs.INTO_ENTRIES, settled.entries)
    insert(db, *events.rows(settled.events))
    heads = [(name, head.offset, head.at_us, head.oldest) for name, head in settled.heads.items()]
    insert(db, _INTO_CHANNELS, heads, _MOVE_HEAD)
    insert(db, _INTO_ANSWERS, settled.answers)
    for name, definition in settled.definitions:
        values = (definition_text(definition), name)
        db.execute("UPDATE channels SET definition = ? WHERE name = ?", values)


def _state(db: sqlite3.Connection) -> LogState:
    db.execute("BEGIN")
    try:
        log_id, epoch = db.execute("SELECT id, epoch FROM log").fetchone()
        return LogState(log_id, epoch, existing(_heads(db)))
    finally:
        db.execute("ROLLBACK")


def _offset_before(db: sqlite3.Connection, channel: str, at_us: int) -> int:
    """Halve the channel: times never fall with the offset, so no index is needed."""
    low, high = db.execute(
        "SELECT oldest - 1, head FROM channels WHERE name = ?", (channel,)
    ).fetchone() or (0, 0)
    while low < high:
        middle = (low + high + 1) // 2
        row = db.execute(
            'SELECT at_us FROM events WHERE channel = ? AND "offset" = ?', (channel, middle)
        ).fetchone()
        if row is None or row[0] < at_us:
            low = middle
        else:
            high = middle - 1
    return int(low)


def _prune(db: sqlite3.Connection, channel: str, below: int, limit: int) -> Head:
    head = _heads(db).get(channel, Head())
    oldest = min(below, head.oldest + limit, head.offset + 1)
    if oldest > head.oldest:
        db.execute('DELETE FROM events WHERE channel = ? AND "offset" < ?', (channel, oldest))
        db.execute("UPDATE channels SET oldest = ? WHERE name = ?", (oldest, channel))
        head.oldest = oldest
    return head


def _forget_answers(db: sqlite3.Connection, before_us: int, limit: int) -> int:
    return db.execute(
        "DELETE FROM answers WHERE rowid IN (SELECT rowid FROM "
        "(SELECT rowid, at_us FROM answers ORDER BY rowid LIMIT ?) WHERE at_us < ?)",
        (limit, before_us),
    ).rowcount


def _checkpoint(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
