"""What every store of the audit log promises (`hub.stores.audit`), run on each adapter."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg
import pytest

from hub.model.audit import FORGOTTEN, details_of
from hub.model.audit_chain import Fault, verify
from hub.stores.audit import AuditLog, AuditQuery, AuditState, due
from hub.stores.base import Store
from hub.stores.log import SqliteLog
from hub.stores.postgres.database import Database
from hub.stores.postgres.log import PostgresLog
from hub.stores.sqlite import DataFile
from support.clocks import START_US, FakeClock
from support.notes import KEY, a_note, sealing
from support.postgres_server import PostgresServer

EVER = START_US * 2
Open = Callable[[], Awaitable[Store]]
Run = Callable[[str], Awaitable[None]]


@pytest.fixture(params=["sqlite", "postgres"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[tuple[Open, Run]]:
    """Two doors to one empty database: a log of one more node, and statements past the hub."""
    opened: list[Store] = []
    if request.param == "sqlite":
        path = tmp_path / "hub.db"

        async def open_log() -> Store:
            log = SqliteLog(DataFile(path, shared=True), clock)
            log.migrate()
            opened.append(log)
            return log

        async def run(statement: str) -> None:
            with sqlite3.connect(path) as connection:
                connection.execute(statement)
            connection.close()

    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.database()

        async def open_log() -> Store:
            log = PostgresLog(Database(url), clock)
            await log.open()
            opened.append(log)
            return log

        async def run(statement: str) -> None:
            connection = await asyncpg.connect(url)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

    yield open_log, run
    for log in opened:
        await log.close()


async def read(audit: AuditLog, **fields: int | str) -> list[int]:
    """Return the numbers of the records that a query finds."""
    query = AuditQuery(1_000)._replace(**fields)  # type: ignore[arg-type]
    return [record.seq for record in await audit.records(query)]


async def seal_all(audit: AuditLog, limit: int = 1_000, at_us: int = START_US) -> int:
    """Seal what there is as a node of our own; return its token."""
    token = await audit.lease("me", START_US, EVER)
    assert token is not None
    while await audit.seal(token, limit, sealing(at_us)):
        pass
    return token


async def judge(audit: AuditLog) -> Sequence[Fault]:
    """Return what is wrong with the whole log."""
    state = await audit.audit_state()
    records = await audit.records(AuditQuery(10_000, after=0))
    seals = await audit.seals(10_000, after=0)
    return verify(records, seals, [KEY], last_seq=state.last_seq, forgotten=state.forgotten)


async def test_records_stand_in_the_order_in_which_they_came(log: Store) -> None:
    """Counted from 1 without holes, each as it was noted."""
    last = await log.audit.append([a_note("a"), a_note("b", details='{"x":"ä"}')])
    await log.audit.append([a_note("c", actor="", credential="", address="")])

    records = await log.audit.records(AuditQuery(10))
    assert last == 2
    assert [record.seq for record in records] == [1, 2, 3]
    assert [record[1:] for record in records] == [
        a_note("a"), a_note("b", details='{"x":"ä"}'),
        a_note("c", actor="", credential="", address=""),
    ]  # fmt: skip
    assert await log.audit.audit_state() == AuditState(3, 0, 0)


async def test_times_never_fall(log: Store) -> None:
    """A clock that is put back, or a note that waited, does not break the order of times."""
    await log.audit.append([a_note(at_us=START_US + 5), a_note(at_us=START_US)])
    await log.audit.append([a_note(at_us=START_US + 3)])

    times = [record.at_us for record in await log.audit.records(AuditQuery(10))]
    assert times == [START_US + 5] * 3


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({"limit": 2}, [5, 6], id="the last ones"),
        pytest.param({"limit": 2, "before": 5}, [3, 4], id="going down"),
        pytest.param({"limit": 2, "after": 1}, [2, 3], id="going up"),
        pytest.param({"after": 1, "before": 4}, [2, 3], id="between"),
        pytest.param({"action": "key.revoke"}, [2, 4, 6], id="one action"),
        pytest.param({"actor": "anna"}, [1, 4], id="one actor"),
        pytest.param({"action": "key.revoke", "actor": "anna"}, [4], id="both"),
        pytest.param({"since_us": START_US + 3}, [3, 4, 5, 6], id="since a time"),
        pytest.param({"until_us": START_US + 3}, [1, 2], id="until a time"),
        pytest.param({"since_us": START_US + 2, "until_us": START_US + 4}, [2, 3], id="an hour"),
        pytest.param({"since_us": EVER}, [], id="since the future"),
        pytest.param({"until_us": EVER, "limit": 1}, [6], id="until the future"),
    ],
)
async def test_records_are_found(
    log: Store, fields: dict[str, int | str], found: list[int]
) -> None:
    """By place, action, actor and time, together too; oldest first whichever way."""
    actions = ("channel.define", "key.revoke")
    await log.audit.append(
        [
            a_note(
                at_us=START_US + n,
                action=actions[n % 2 == 0],
                actor="bob" if n % 3 != 1 else "anna",
            )
            for n in range(1, 7)
        ]
    )

    assert await read(log.audit, **fields) == found


async def test_batches_are_sealed_in_order(log: Store) -> None:
    """Each seal begins where the last ended, holds so many at most, and names its hash."""
    await log.audit.append([a_note(str(n)) for n in range(5)])
    await seal_all(log.audit, limit=2)

    seals = await log.audit.seals(10)
    assert [(s.batch, s.first_seq, s.last_seq) for s in seals] == [(1, 1, 2), (2, 3, 4), (3, 5, 5)]
    assert [s.previous for s in seals] == ["", seals[0].hash, seals[1].hash]
    assert [s.batch for s in await log.audit.seals(1, before=3)] == [2]
    assert [s.batch for s in await log.audit.seals(1, after=1)] == [2]
    assert await log.audit.audit_state() == AuditState(5, 5, 0)
    assert await judge(log.audit) == []


async def test_the_right_to_seal_is_one_nodes(log: Store) -> None:
    """Who has it keeps and renews it; another gets it when it is over, under another token."""
    mine = await log.audit.lease("me", START_US, START_US + 30)

    assert await log.audit.lease("you", START_US + 29, EVER) is None
    assert await log.audit.lease("me", START_US + 29, START_US + 60) == mine
    yours = await log.audit.lease("you", START_US + 60, EVER)
    assert yours is not None
    assert yours != mine
    assert await log.audit.lease("me", START_US + 60, EVER) is None


async def test_the_right_can_be_given_back(log: Store) -> None:
    """A node that stops lets another one go on at once."""
    await log.audit.lease("me", START_US, EVER)
    await log.audit.lease("me", START_US, START_US)

    assert await log.audit.lease("you", START_US, EVER) is not None


async def test_who_has_lost_the_right_neither_seals_nor_forgets(log: Store) -> None:
    """A node that hung through its lease finds its token used up."""
    mine = await log.audit.lease("me", START_US, START_US + 30)
    assert mine is not None
    await log.audit.append([a_note()])
    await log.audit.seal(mine, 10, sealing())
    await log.audit.append([a_note()])
    await log.audit.lease("you", START_US + 30, EVER)

    assert await log.audit.seal(mine, 10, sealing()) is None
    assert await log.audit.forget(mine, EVER, a_note()) == 0
    assert await log.audit.audit_state() == AuditState(2, 1, 0)


async def test_there_is_one_chain_however_many_seal(place: tuple[Open, Run]) -> None:
    """Two nodes write and seal at once, both sure of the same right: nothing is sealed twice."""
    open_log, _ = place
    nodes = [(await open_log()).audit for _ in range(2)]
    token = await nodes[0].lease("me", START_US, EVER)
    assert token is not None

    async def work(audit: AuditLog, name: str) -> None:
        for n in range(10):
            await audit.append([a_note(f"{name}{n}"), a_note()])
            await audit.seal(token, 3, sealing(node=name))

    await asyncio.gather(*(work(audit, f"n{n % 2}") for n, audit in enumerate(nodes * 2)))

    await seal_all(nodes[1])
    assert await read(nodes[0]) == list(range(1, 81))
    assert await judge(nodes[0]) == []


async def test_what_fails_in_the_middle_leaves_nothing(log: Store) -> None:
    """A seal is there whole or not at all, and the next one follows the last that is there."""
    token = await log.audit.lease("me", START_US, EVER)
    assert token is not None
    await log.audit.append([a_note()])

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await log.audit.seal(token, 10, fail)  # type: ignore[arg-type]
    assert await log.audit.seals(10) == []
    await seal_all(log.audit)
    assert await judge(log.audit) == []


async def test_old_batches_are_forgotten_whole_and_the_chain_holds(log: Store) -> None:
    """Records go, seals stay; that they went is a record of its own."""
    await log.audit.append([a_note(str(n)) for n in range(4)])
    await seal_all(log.audit, limit=2, at_us=START_US)
    await log.audit.append([a_note("young")])
    token = await seal_all(log.audit, at_us=START_US + 10)

    removed = await log.audit.forget(token, START_US + 10, a_note(), KEY)
    again = await log.audit.forget(token, START_US + 10, a_note())

    (said,) = await log.audit.records(AuditQuery(1))
    assert (removed, again) == (4, 0)
    assert await read(log.audit) == [5, 6]
    details = details_of(said)
    assert (said.action, details.pop("hmac") != "") == (FORGOTTEN, True)
    assert details == {"through": 4, "records": 4}
    assert len(await log.audit.seals(10)) == 3
    assert await judge(log.audit) == []


async def test_what_is_not_sealed_is_not_forgotten(log: Store) -> None:
    """However old it is: nothing would say that it was there."""
    await log.audit.append([a_note(at_us=1)])
    token = await log.audit.lease("me", START_US, EVER)
    assert token is not None

    assert await log.audit.forget(token, EVER, a_note()) == 0
    assert await read(log.audit) == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET actor = 'eve' WHERE seq = 1",
        "DELETE FROM audit_records WHERE seq = 1",
        "DELETE FROM audit_records",
        "INSERT INTO audit_records SELECT * FROM audit_records WHERE seq = 1",
        "UPDATE audit_seals SET hash = 'x'",
        "DELETE FROM audit_seals",
        "INSERT INTO audit_seals SELECT * FROM audit_seals",
        "UPDATE audit_state SET forgotten = 2",
        "UPDATE audit_state SET forgotten = -1",
    ],
)
async def test_the_database_itself_refuses_to_change_records(
    place: tuple[Open, Run], statement: str
) -> None:
    """A slip of somebody who works on the database does not go through."""
    open_log, run = place
    audit = (await open_log()).audit
    await audit.append([a_note(str(n)) for n in range(3)])
    await seal_all(audit)

    with pytest.raises((sqlite3.IntegrityError, asyncpg.PostgresError), match=r"audit|UNIQUE|key"):
        await run(statement)
    assert await judge(audit) == []


async def test_replacing_is_refused_too(tmp_path: Path, clock: FakeClock) -> None:
    """SQLite's REPLACE removes rows without asking the triggers of DELETE."""
    log = SqliteLog(DataFile(tmp_path / "hub.db", shared=True), clock)
    log.migrate()
    await log.audit.append([a_note()])
    await seal_all(log.audit)

    for table in ("audit_records", "audit_seals"):
        with (
            sqlite3.connect(tmp_path / "hub.db") as connection,
            pytest.raises(sqlite3.IntegrityError, match="never replaced"),
        ):
            connection.execute(f"REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608 own words
        connection.close()
    await log.close()


async def test_postgresql_refuses_to_empty_the_tables(postgres: PostgresServer) -> None:
    """TRUNCATE asks no trigger of rows."""
    url = postgres.database()
    log = PostgresLog(Database(url), FakeClock())
    await log.open()
    await log.close()
    connection = await asyncpg.connect(url)

    for table in ("audit_records", "audit_seals"):
        with pytest.raises(asyncpg.RaiseError, match="only grows"):
            await connection.execute(f"TRUNCATE {table}")
    await connection.close()


@pytest.mark.parametrize(
    ("seals", "last"),
    [
        pytest.param([], None, id="none"),
        pytest.param([(1_000, 5)], 1_000, id="one batch, however large"),
        pytest.param([(1_000, 5), (1_001, 5)], 1_000, id="not one more behind a large one"),
        pytest.param([(10, 1), (500, 2), (501, 3)], 500, id="as many as make some hundred"),
        pytest.param([(10, 1), (20, 9), (30, 1)], 10, id="up to the first that is young"),
        pytest.param([(10, 9)], None, id="none is old"),
    ],
)
def test_little_is_forgotten_at_a_time(seals: list[tuple[int, int]], last: int | None) -> None:
    """Events wait for the same disk: a step of retention is milliseconds, not a second."""
    assert due(seals, 0, before_us=9) == last
