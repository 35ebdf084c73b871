"""The SQLite file: what it promises at the edge of the disk."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import LogUnavailable, Misconfigured, OutcomeUnknown
from hub.stores import migrations
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile, Threads, insert, transact
from support.clocks import FakeClock


def pragma(connection: sqlite3.Connection, name: str) -> object:
    """Return a setting of the connection."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


class TornConnection(sqlite3.Connection):
    """A connection whose disk fails when `fails` is about to be executed."""

    fails = ""

    def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Fail at the marked statement."""
        if self.fails and sql.startswith(self.fails):
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)  # type: ignore[arg-type]


@pytest.fixture
def torn() -> TornConnection:
    """A database in memory whose disk a test can break."""
    connection = sqlite3.connect(":memory:", isolation_level=None, factory=TornConnection)
    connection.execute("CREATE TABLE t (n)")
    return connection


def test_the_writer_syncs_every_commit(tmp_path: Path) -> None:
    """WAL with synchronous=FULL (2): a commit returns when it is on the disk."""
    file = DataFile(tmp_path / "hub.db")

    assert pragma(file.writer, "journal_mode") == "wal"
    assert pragma(file.writer, "synchronous") == 2
    assert pragma(file.writer, "wal_autocheckpoint") == 0
    assert pragma(file.writer, "mmap_size") == 0
    file.close()


def test_readers_cannot_write_nor_checkpoint(tmp_path: Path) -> None:
    """Only the writer does."""
    file = DataFile(tmp_path / "hub.db")
    reader = file.connect()

    assert pragma(reader, "query_only") == 1
    assert pragma(reader, "wal_autocheckpoint") == 0
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("CREATE TABLE t (n)")
    reader.close()
    file.close()


def test_a_second_hub_is_kept_off_the_file(tmp_path: Path) -> None:
    """One line with cause and remedy; after the first has gone the file is free."""
    first = DataFile(tmp_path / "hub.db")

    with pytest.raises(Misconfigured, match=r"another hub holds .* set DATABASE_URL"):
        DataFile(tmp_path / "hub.db")

    first.close()
    DataFile(tmp_path / "hub.db").close()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """Below a regular file no folder can be; this holds for root too."""
    (tmp_path / "file").write_text("")

    with pytest.raises(Misconfigured, match="cannot write to the folder"):
        DataFile(tmp_path / "file" / "var" / "hub.db")


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    """Whatever lies there is not touched."""
    path = tmp_path / "hub.db"
    path.write_text("this is a letter, not a database" * 100)

    with pytest.raises(Misconfigured, match="cannot open the data file"):
        DataFile(path)

    assert path.read_text().startswith("this is a letter")


def test_a_close_folds_the_log_into_the_file(tmp_path: Path) -> None:
    """A stopped hub leaves one file to copy."""
    file = DataFile(tmp_path / "hub.db")
    file.writer.execute("CREATE TABLE t (n)")

    file.close()

    assert not (tmp_path / "hub.db-wal").exists()


def test_a_disk_that_fails_before_the_commit_keeps_nothing(torn: TornConnection) -> None:
    """The caller may simply try again."""
    torn.fails = "INSERT"

    with pytest.raises(LogUnavailable):
        transact(torn, lambda db: db.execute("INSERT INTO t VALUES (1)"))

    torn.fails = ""
    assert torn.execute("SELECT count(*) FROM t").fetchone()[0] == 0
    assert not torn.in_transaction


def test_a_disk_that_fails_at_the_commit_is_an_unknown_outcome(torn: TornConnection) -> None:
    """Nobody can tell whether it is there; the retry with the same key settles it."""
    torn.fails = "COMMIT"

    with pytest.raises(OutcomeUnknown):
        transact(torn, lambda db: db.execute("INSERT INTO t VALUES (1)"))

    assert not torn.in_transaction


def test_any_other_fault_undoes_the_transaction_and_is_passed_on(torn: TornConnection) -> None:
    """The publisher then runs the group one by one."""
    with pytest.raises(ZeroDivisionError):
        transact(torn, lambda _db: 1 / 0)

    assert not torn.in_transaction


class Reader:
    """Work that counts how often it is done."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, db: sqlite3.Connection) -> int:
        """Return the number of rows."""
        self.times += 1
        count: int = db.execute("SELECT count(*) FROM t").fetchone()[0]
        return count


@pytest.fixture
def threads(tmp_path: Path) -> Iterator[Threads]:
    """The threads of a file with one table."""
    file = DataFile(tmp_path / "hub.db")
    file.writer.execute("CREATE TABLE t (n)")
    threads = Threads(file)
    yield threads
    threads.close()
    file.close()


async def test_what_nobody_has_changed_is_not_read_again(threads: Threads) -> None:
    """Who looks every second costs a reader nothing while nothing happens."""
    work = Reader()

    found = [await threads.look("t", work) for _ in range(3)]

    assert (found, work.times) == ([0, 0, 0], 1)


@pytest.mark.parametrize("whose", ["ours", "another process'"])
async def test_a_look_sees_every_commit_before_it(
    tmp_path: Path, threads: Threads, whose: str
) -> None:
    """Whoever has made it."""
    work = Reader()
    other = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    found = [await threads.look("t", work)]

    for _ in range(3):
        if whose == "ours":
            await threads.write(lambda db: db.execute("INSERT INTO t VALUES (1)"))
        else:
            other.execute("INSERT INTO t VALUES (1)")
        found.append(await threads.look("t", work))
    other.close()

    assert found == [0, 1, 2, 3]


async def test_what_is_written_while_a_look_reads_is_seen_by_the_next(threads: Threads) -> None:
    """The number of the commit is noted before the reading, never after it."""

    def read_slowly(db: sqlite3.Connection) -> int:
        count: int = db.execute("SELECT count(*) FROM t").fetchone()[0]
        threads._file.writer.execute("INSERT INTO t VALUES (1)")
        return count

    assert [await threads.look("t", read_slowly), await threads.look("t", Reader())] == [0, 1]


async def test_looks_of_different_keys_are_kept_apart_and_not_for_ever(threads: Threads) -> None:
    """Keys have values in them, which a stranger may choose."""
    works = [Reader() for _ in range(200)]

    for number, work in enumerate(works):
        await threads.look(number, work)

    assert [work.times for work in works] == [1] * 200
    assert len(threads._looked) <= 64


async def test_a_look_reads_when_nobody_can_say_whether_somebody_wrote(threads: Threads) -> None:
    """The file is locked for a moment, by another process that mends it, say."""
    work = Reader()
    threads._watch = sqlite3.connect(":memory:", factory=TornConnection)
    threads._watch.fails = "PRAGMA"

    await threads.look("t", work)
    await threads.look("t", work)

    assert work.times == 2
    threads._watch.close()


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 130])
def test_rows_are_inserted_whatever_their_number(torn: TornConnection, count: int) -> None:
    """In chunks of one statement each."""
    insert(torn, "t", [(n,) for n in range(count)])

    assert [row[0] for row in torn.execute("SELECT n FROM t")] == list(range(count))


def test_migrations_are_applied_once(tmp_path: Path) -> None:
    """A second start has nothing to do."""
    log = SqliteLog(DataFile(tmp_path / "hub.db"), FakeClock())

    assert log.migrate() == [migration.name for migration in migrations.known()]
    assert log.migrate() == []


def test_a_changed_migration_is_refused_by_name(tmp_path: Path) -> None:
    """The database is then not what the code believes."""
    file = DataFile(tmp_path / "hub.db")
    first = migrations.Migration(1, "0001_log", "CREATE TABLE a (n);")
    migrations.apply(file.writer, first, 1)

    with pytest.raises(Misconfigured, match="0001_log was changed"):
        migrations.pending(file.writer, [first._replace(sql="CREATE TABLE b (n);")])
    file.close()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """An old hub must not write what a new one made."""
    file = DataFile(tmp_path / "hub.db")
    migrations.apply(file.writer, migrations.Migration(9000, "9000_x", "CREATE TABLE a (n);"), 1)

    with pytest.raises(Misconfigured, match="the database has migration 9000"):
        migrations.pending(file.writer, migrations.known())
    file.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    """One transaction a file, also for its first statements."""
    file = DataFile(tmp_path / "hub.db")
    broken = migrations.Migration(1, "0001_x", "CREATE TABLE a (n);\nCREATE TABLE a (n);")

    with pytest.raises(sqlite3.OperationalError):
        migrations.apply(file.writer, broken, 1)

    assert file.writer.execute("SELECT name FROM sqlite_master").fetchall() == []
    file.close()


async def test_a_probe_is_written_to_the_disk(tmp_path: Path) -> None:
    """Whoever is told that the log can be written was told by a write."""
    log = SqliteLog(DataFile(tmp_path / "hub.db"), FakeClock())
    log.migrate()
    wal = tmp_path / "hub.db-wal"
    before = wal.stat().st_size

    await log.probe()

    assert wal.stat().st_size > before
    await log.close()
