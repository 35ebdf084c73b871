"""PostgreSQL over a network that breaks at the worst moment: when COMMIT was sent."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from hub.errors import LogUnavailable, Misconfigured, OutcomeUnknown
from hub.model.unit import Answered
from hub.stores.base import EventQuery
from hub.stores.migrations import Migration
from hub.stores.postgres import database as postgres_database, migrations
from hub.stores.postgres.database import Database
from hub.stores.postgres.log import PostgresLog
from support.clocks import FakeClock
from support.postgres_server import PostgresServer, postgres_server
from support.proxy import Proxy, proxy_to
from support.units import unit


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that answers."""
    with postgres_server() as server:
        yield server


@pytest.fixture
async def proxy(postgres: PostgresServer) -> AsyncIterator[Proxy]:
    """The network to it."""
    async with proxy_to(postgres.port) as between:
        yield between


@pytest.fixture
async def log(postgres: PostgresServer, proxy: Proxy) -> AsyncIterator[PostgresLog]:
    """An empty log behind that network."""
    url = postgres.database().replace(str(postgres.port), str(proxy.port))
    opened = PostgresLog(Database(url), FakeClock())
    await opened.open()
    yield opened
    await opened.close()


def once(proxy: Proxy, *, forward: bool, then_away: bool = False) -> None:
    """Cut the connection at the next COMMIT, before or after it has passed."""

    def judge(sent: bytes) -> tuple[bool, bool]:
        if b"COMMIT" not in sent:
            return True, False
        proxy.judge = lambda _sent: (True, False)
        if then_away:
            proxy.whole = False
        return forward, True

    proxy.judge = judge


async def ids(log: PostgresLog) -> list[str]:
    """Return the ids of the events that are there."""
    return [event.id for event in await log.events(EventQuery("contracts", 10, after=0))]


async def test_a_commit_whose_answer_was_lost_is_acknowledged(
    log: PostgresLog, proxy: Proxy
) -> None:
    """The event is there, so the caller is told so; nobody has to send it again."""
    once(proxy, forward=True)

    (outcome,) = await log.commit([unit("a")])

    assert isinstance(outcome, Answered)
    assert await ids(log) == [event.id for event in outcome.events]


async def test_a_commit_that_never_arrived_is_refused(log: PostgresLog, proxy: Proxy) -> None:
    """Nothing was kept, and the caller may send it again."""
    once(proxy, forward=False)

    with pytest.raises(LogUnavailable, match="PostgreSQL is away"):
        await log.commit([unit("a")])

    assert await ids(log) == []


async def test_a_commit_of_which_nothing_can_be_learned_is_unknown(
    log: PostgresLog, proxy: Proxy
) -> None:
    """Only a retry with the same key settles it."""
    once(proxy, forward=True, then_away=True)

    with pytest.raises(OutcomeUnknown):
        await log.commit([unit("a", key="k")])
    proxy.mend()
    (outcome,) = await log.commit([unit("a", key="k")])

    assert isinstance(outcome, Answered)
    assert outcome.replayed
    assert len(await ids(log)) == 1


async def test_a_connection_that_breaks_before_the_commit_costs_nothing(
    log: PostgresLog, proxy: Proxy
) -> None:
    """The group is run again on a new one."""
    await log.commit([unit("a")])
    proxy.cut()
    proxy.mend()

    await log.commit([unit("b")])

    assert len(await ids(log)) == 2


@pytest.mark.parametrize("freed", [True, False], ids=["and ends", "for too long"])
async def test_a_group_that_another_session_holds_up_is_tried_again(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, *, freed: bool
) -> None:
    """A node that hangs with its channels locked is no fault of who posts to another."""
    url, tries = postgres.database(), 0
    monkeypatch.setitem(postgres_database._SERVER, "lock_timeout", "20ms")
    log = PostgresLog(Database(url), FakeClock())
    await log.open()
    holder = await asyncpg.connect(url)
    hold = holder.transaction()
    await hold.start()
    await holder.execute("SELECT FROM channels FOR UPDATE")

    async def pause(_attempt: int) -> None:
        nonlocal tries
        tries += 1
        if freed and tries == 1:
            await hold.rollback()

    monkeypatch.setattr(postgres_database, "pause", pause)
    if freed:
        await log.commit([unit("a")])
    else:
        with pytest.raises(LogUnavailable, match="lock timeout"):
            await log.commit([unit("a")])
    await holder.close()

    assert len(await ids(log)) == int(freed)
    assert tries == (1 if freed else postgres_database.ATTEMPTS - 1)
    await log.close()


async def test_a_snapshot_whose_server_goes_away_says_so(log: PostgresLog, proxy: Proxy) -> None:
    """The client is told, and may ask again."""
    await log.commit([unit("a")])
    snapshot = await log.snapshot("contracts")
    proxy.cut()

    with pytest.raises(LogUnavailable):
        await snapshot.page(5)
    with pytest.raises(LogUnavailable):
        await log.snapshot("contracts")

    await snapshot.close()


async def test_reads_wait_for_a_server_that_comes_back(
    log: PostgresLog, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And say so when it does not."""
    waits: list[int] = []

    async def mend_at_the_second(attempt: int) -> None:
        waits.append(attempt)
        if attempt == 1:
            proxy.mend()

    monkeypatch.setattr(postgres_database, "pause", mend_at_the_second)
    proxy.cut()

    assert await ids(log) == []

    assert waits == [0, 1]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits of requests that end what takes longer than a second."""
    monkeypatch.setitem(postgres_database._SERVER, "statement_timeout", "1s")
    monkeypatch.setitem(postgres_database._SERVER, "lock_timeout", "1s")
    monkeypatch.setitem(postgres_database._OPTIONS, "command_timeout", 1.0)


def bring_along(monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    """Let the hub bring one more migration."""
    known = [*migrations.known(), Migration(9999, "9999_later", sql)]
    monkeypatch.setattr(migrations, "known", lambda: known)


@pytest.mark.usefixtures("hurried")
async def test_a_migration_may_take_its_time(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No limit of a request ends it, nor the waiting of a node that starts meanwhile."""
    url = postgres.database()
    bring_along(monkeypatch, "SELECT pg_sleep(1.5)")
    one, two = (PostgresLog(Database(url), FakeClock()) for _ in range(2))

    applied = await asyncio.gather(one.migrate(), two.migrate())

    assert sorted(map(len, applied)) == [0, len(migrations.known())]
    for log in (one, two):
        await log.close()


@pytest.mark.usefixtures("hurried")
async def test_a_migration_does_not_queue_behind_a_dump(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every update would queue behind it; it fails with a line, and leaves nothing."""
    url = postgres.database()
    old = PostgresLog(Database(url), FakeClock())
    await old.open()
    bring_along(monkeypatch, "ALTER TABLE events ADD COLUMN later TEXT")
    new = PostgresLog(Database(url), FakeClock())
    dump = await asyncpg.connect(url)

    async with dump.transaction():
        await dump.fetch("SELECT 1 FROM events")
        with pytest.raises(Misconfigured, match="9999_later needs a table that another session"):
            await new.migrate()

    assert await new.migrate() == ["9999_later"]
    await dump.close()
    for log in (old, new):
        await log.close()


async def test_a_changed_migration_is_refused(postgres: PostgresServer) -> None:
    """The database is not what the code believes."""
    url = postgres.database()
    log = PostgresLog(Database(url), FakeClock())
    await log.open()
    await log._database.use(lambda c: c.execute("UPDATE migrations SET checksum = 'x'"))

    with pytest.raises(Misconfigured, match="was changed after it had been applied"):
        await log.open()

    await log.close()


class LeakyPool:
    """A pool whose connections break on their way back."""

    def __init__(self, pool: Any) -> None:
        self.acquire, self.close, self._release = pool.acquire, pool.close, pool.release

    async def release(self, connection: object) -> None:
        """Take it back, and fail."""
        await self._release(connection)
        raise ConnectionResetError


async def test_a_connection_that_breaks_on_its_way_back_doubles_nothing(log: PostgresLog) -> None:
    """The group is committed; it must not be run again for the sake of the pool."""
    log._database._pool = LeakyPool(log._database._pool)

    await log.commit([unit("a")])

    assert len(await ids(log)) == 1
