"""The log on PostgreSQL; see `base.Log` and `base.Records` for what it promises.

A group takes three round trips between BEGIN and COMMIT: lock its channels in the order of their
names, lock and read its rows, write everything. Locks of several nodes so never cross; where they
do all the same, or the way to the server breaks, the group is run again.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from hub.clock import Clock
from hub.errors import LogUnavailable, OutcomeUnknown
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
from hub.stores import contracts, finding, jobs
from hub.stores.base import ContractCount, EventQuery, JobQuery, LogState
from hub.stores.postgres import migrations, statements as sql
from hub.stores.postgres.audit import PostgresAudit
from hub.stores.postgres.credentials import PostgresCredentials, PostgresTickets
from hub.stores.postgres.database import LOST, Connection, Database, unavailable
from hub.stores.postgres.rows import defined, event_of, head_of, stored
from hub.stores.postgres.snapshot import PostgresSnapshot, Snapshots
from hub.stores.postgres.webhooks import PostgresWebhooks

T = TypeVar("T")

_decode_answers = msgspec.json.Decoder(list[tuple[str, str, int, str, int]]).decode


class PostgresLog:
    """The log and its rows in one database, written by any number of nodes.

    Args:
        database: The way to it.
        clock: The wall time.
        migrate: Whether `open` may apply what is pending.
    """

    def __init__(self, database: Database, clock: Clock, *, migrate: bool = True) -> None:
        self._database = database
        self._migrate = migrate
        self._clock = clock
        self._snapshots = Snapshots(database)
        self.credentials = PostgresCredentials(database)
        self.tickets = PostgresTickets(database)
        self.audit = PostgresAudit(database)
        self.webhooks = PostgresWebhooks(database, clock)

    async def open(self) -> None:
        """Connect, and apply what is pending.

        Raises:
            Misconfigured: No server, a refusal, or a schema that is not what this hub needs.
        """
        await self.migrate(apply=self._migrate)

    async def migrate(self, *, apply: bool = True) -> list[str]:
        """Do the same; return the names of what was applied."""
        await self._database.open()
        now_us = self._clock.now_us()
        return await self._database.use(lambda c: migrations.bring(c, now_us, apply=apply))

    async def close(self) -> None:
        """Let all connections go."""
        await self._snapshots.close()
        await self._database.close()

    async def commit(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """Decide and write a group in one transaction."""
        try:
            return (await self._database.again(lambda c: self._commit(c, units))).outcomes
        except _Unsure as unsure:
            return await self._make_sure(unsure)

    async def state(self) -> LogState:
        """Return epoch and heads as last committed."""
        return await self._database.again(_state)

    async def events(self, query: EventQuery) -> Sequence[Event]:
        """Return a page of history, oldest first."""
        text, values = sql.select_events(query)
        rows = await self._database.again(lambda c: c.fetch(text, *values))
        return [event_of(row) for row in rows]

    async def event(self, event_id: str) -> Event | None:
        """Return the event of this id, or None."""
        wanted = finding.wanted(event_id)
        if wanted is None:
            return None
        row = await self._database.again(lambda c: c.fetchrow(finding.POSTGRES, *wanted))
        return None if row is None else event_of(row)

    async def offset_before(self, channel: str, at_us: int) -> int:
        """Return the newest offset whose event is older than the time."""
        return await self._database.again(lambda c: _offset_before(c, channel, at_us))

    async def prune(self, channel: str, *, below: int, limit: int) -> Head:
        """Forget at most `limit` events under `below`."""
        return await self._write(lambda c: _prune(c, channel, below, limit))

    async def forget_answers(self, before_us: int, limit: int) -> int:
        """Forget at most `limit` idempotent answers older than the time."""
        return await self._write(lambda c: _forget_answers(c, before_us, limit))

    async def snapshot(self, channel: str, owner: str | None = None) -> PostgresSnapshot:
        """Open the state of a channel at one offset."""
        return await self._snapshots.open(channel, owner)

    async def probe(self) -> None:
        """Commit a change that changes nothing: it goes to the disk like any other."""
        await self._write(lambda c: c.execute("UPDATE log SET epoch = epoch"))

    async def job(self, job_id: str) -> Job | None:
        """Return the job, or None."""
        row = await self._database.again(lambda c: c.fetchrow(sql.JOB, job_id))
        return None if row is None else jobs.from_row(tuple(row))

    async def jobs(self, query: JobQuery) -> Sequence[Job]:
        """Return a page of jobs, newest first."""
        text, values = sql.select_jobs(query)
        rows = await self._database.again(lambda c: c.fetch(text, *values))
        return [jobs.from_row(tuple(row)) for row in rows]

    async def job_entries(self, job_id: str) -> Sequence[JobEntry]:
        """Return the job's own history, oldest first."""
        rows = await self._database.again(lambda c: c.fetch(sql.ENTRIES, job_id))
        return [JobEntry(*row) for row in rows]

    async def contract_counts(self) -> Sequence[ContractCount]:
        """Return how many contracts there are by location and status."""
        rows = await self._database.again(lambda c: c.fetch(sql.COUNTS))
        return [ContractCount(*row) for row in rows]

    async def new_epoch(self, word: str) -> None:
        """Make every position that was handed out before untrusted."""
        await self._write(lambda c: c.execute("UPDATE log SET epoch = $1", word))

    async def _commit(self, connection: Connection, units: Sequence[Unit]) -> Settled:
        transaction = connection.transaction()
        await transaction.start()
        try:
            loaded = await _load(connection, units)
            settled = settle(units, loaded, self._clock.now_us())
            if not any(
                (
                    settled.events,
                    settled.rows,
                    settled.entries,
                    settled.answers,
                    settled.definitions,
                )
            ):
                await transaction.rollback()
                return settled
            await connection.execute(sql.STORE, *stored(settled))
            if settled.definitions:
                await connection.execute(sql.DEFINE, *defined(settled))
        except BaseException:
            if not connection.is_closed():
                await transaction.rollback()
            raise
        try:
            await transaction.commit()
        except LOST as error:
            raise _Unsure(settled, error) from error
        return settled

    async def _make_sure(self, unsure: "_Unsure") -> Sequence[Outcome]:
        """Find out whether a group is there whose COMMIT was not answered.

        Its channels are locked until its end is decided; who gets them sees what became of it.

        Raises:
            LogUnavailable: It is not; nothing was kept.
            OutcomeUnknown: That cannot be told.
        """
        events = unsure.settled.events
        if events:
            try:
                kept = await self._database.again(lambda c: _is_kept(c, events[-1]))
            except LogUnavailable:
                pass
            else:
                if kept:
                    return unsure.settled.outcomes
                raise unavailable(unsure.error) from unsure
        raise OutcomeUnknown(f"PostgreSQL went away at the commit: {unsure.error}") from unsure

    async def _write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run work that may be run twice, in a transaction of its own."""

        async def transact(connection: Connection) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self._database.again(transact)


class _Unsure(Exception):
    """COMMIT was sent and not answered."""

    def __init__(self, settled: Settled, error: BaseException) -> None:
        super().__init__(str(error))
        self.settled = settled
        self.error = error


async def _load(connection: Connection, units: Sequence[Unit]) -> Loaded:
    names = sorted({channel for unit in units for channel in unit.channels})
    rows = await connection.fetch(sql.LOCK_CHANNELS, names)
    if len(rows) < len(names):
        await connection.execute(sql.MAKE_CHANNELS, names)
        rows = await connection.fetch(sql.LOCK_CHANNELS, names)
    heads = dict(map(head_of, rows))
    refs = {ref for unit in units for ref in unit.refs}
    wanted = (
        [id_ for kind, id_ in refs if kind == "contract"],
        [id_ for kind, id_ in refs if kind == "job"],
        [unit.key.scope for unit in units if unit.key is not None],
    )
    if not any(wanted):
        return Loaded({}, heads, {})
    contracts_there, jobs_there, answers = await connection.fetchrow(sql.LOAD, *wanted)
    found: dict[Ref, Row] = {}
    for contract in contracts.decode(contracts_there or "[]"):
        found["contract", contract.contract_id] = contract
    for job in jobs.decode(jobs_there or "[]"):
        found["job", job.job_id] = job
    kept = [
        KeptAnswer(scope, bytes.fromhex(body_hash), status, bytes.fromhex(body), at_us)
        for scope, body_hash, status, body, at_us in _decode_answers(answers or "[]")
    ]
    return Loaded(found, heads, {answer.scope: answer for answer in kept})


async def _state(connection: Connection) -> LogState:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        log_id, epoch = await connection.fetchrow(sql.LOG)
        rows = await connection.fetch(sql.HEADS)
    return LogState(log_id, epoch, existing(dict(map(head_of, rows))))


async def _is_kept(connection: Connection, event: Event) -> bool:
    async with connection.transaction():
        await connection.fetch(sql.LOCK_CHANNELS, [event.channel])
        found: str | None = await connection.fetchval(sql.HAS_EVENT, event.channel, event.offset)
        return found == event.id


async def _offset_before(connection: Connection, channel: str, at_us: int) -> int:
    """Halve the channel: times never fall with the offset, so no index is needed."""
    low, high = await connection.fetchrow(sql.ENDS, channel) or (0, 0)
    while low < high:
        middle = (low + high + 1) // 2
        found = await connection.fetchval(sql.TIME_OF, channel, middle)
        if found is None or found < at_us:
            low = middle
        else:
            high = middle - 1
    return int(low)


async def _prune(connection: Connection, channel: str, below: int, limit: int) -> Head:
    rows = await connection.fetch(sql.LOCK_CHANNELS, [channel])
    head = head_of(rows[0])[1] if rows else Head()
    oldest = min(below, head.oldest + limit, head.offset + 1)
    if oldest > head.oldest:
        await connection.execute(sql.PRUNE, channel, oldest)
        await connection.execute(sql.MOVE_OLDEST, channel, oldest)
        head.oldest = oldest
    return head


async def _forget_answers(connection: Connection, before_us: int, limit: int) -> int:
    said: str = await connection.execute(sql.FORGET_ANSWERS, before_us, limit)
    return int(said.rpartition(" ")[2])
