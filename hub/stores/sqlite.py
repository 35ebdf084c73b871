"""SQLite as the embedded default: one writer on one thread, readers that only read.

The writer alone commits and checkpoints. WAL with synchronous=FULL: a commit returns when
its pages are on the disk. A lock file keeps hubs off the same data that share no broker: their
clients would not hear each other's events. Local disks only; WAL needs shared memory between
the processes.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar, cast

from hub.errors import LogUnavailable, Misconfigured, OutcomeUnknown
from hub.stores.turns import Turns, take_lock

T = TypeVar("T")
# What to do with the writer, and who waits for it on which loop; None: nobody.
_Job = tuple[Callable[[sqlite3.Connection], Any], asyncio.AbstractEventLoop | None, Any]

READERS = 2
# Rows of one INSERT. Each number of rows is a prepared statement of its own, kept in the
# connection's cache: five tables by sixty-four sizes.
_MAX_ROWS = 64
_STATEMENTS = 400
_WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA mmap_size = 0",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA busy_timeout = 5000",
)
_READER_PRAGMAS = (
    "PRAGMA query_only = ON",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA mmap_size = 0",
    "PRAGMA cache_size = -16384",
    "PRAGMA busy_timeout = 5000",
)
# Answers to looks that are kept.
_LOOKS = 64


class DataFile:
    """A database file that this process holds, from open to close.

    Args:
        path: Where it is; it and its folder are made where they are not there.
        shared: Other processes may hold it too, all of them sharing it; writers take turns.
        visiting: A hub may hold it, and need not share it: for a few short transactions about what
            no hub remembers, SQLite's own locks are enough.

    Attributes:
        turns: Who writes or checkpoints takes one; free where the file is not shared.

    Raises:
        Misconfigured: Another hub holds the file, or it cannot be opened or written.
    """

    def __init__(self, path: Path, *, shared: bool = False, visiting: bool = False) -> None:
        self.path = path
        self._lock = None if visiting else take_lock(path, shared=shared)
        # Those who share it wait for each other at these locks, and so must a visitor.
        taken = visiting and path.with_name(f"{path.name}.door").exists()
        self.turns = Turns(path, needed=shared or taken)
        with self.turns:
            self.writer = _connect(path, _WRITER_PRAGMAS)

    def connect(self) -> sqlite3.Connection:
        """Open one more connection that can only read."""
        return _connect(self.path, _READER_PRAGMAS)

    def close(self) -> None:
        """Fold the WAL into the file, unless that is another's, and let it go."""
        with self.turns:
            if self._lock is not None:
                self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.writer.close()
        self.turns.close()
        if self._lock is not None:
            os.close(self._lock)


class Threads:
    """The threads that touch the file: one that writes, a few that read.

    SQLite blocks, and its statements let other threads run meanwhile; so none of it is done
    on the event loop.
    """

    def __init__(self, file: DataFile) -> None:
        self._file = file
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._writing = threading.Thread(target=self._write_all, name="hub-writer", daemon=True)
        self._writing.start()
        self._reading = ThreadPoolExecutor(READERS, "hub-reader")
        self._local = threading.local()
        # Tells whether somebody has written; never waits for a lock.
        self._watch = file.connect()
        self._watch.execute("PRAGMA busy_timeout = 0")
        self._opened: list[sqlite3.Connection] = [self._watch]
        self._looked: dict[Hashable, tuple[int, Any]] = {}

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the writer thread, after what was given before it."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put((work, loop, done))
        return await done

    def later(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Run `work` on the writer thread after what was given before it; nobody waits."""
        self._jobs.put((work, None, None))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on a reader thread, with that thread's own connection.

        Raises:
            LogUnavailable: SQLite could not read.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._reading, lambda: work(self._reader()))
        except sqlite3.OperationalError as error:
            raise LogUnavailable(f"the log cannot be read: {error}") from error

    async def look(self, key: Hashable, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` reads; what it read before, if nobody has written since.

        For what is asked again and again, by few: a node at rest looked into the file eleven times
        a second, a half of its processor time. To ask the WAL's index costs 4 us, a hand-over to
        a reader and back some 300.

        Args:
            key: Names this work with its values; what was read last is kept for it.
            work: Depends on nothing but the file; nobody changes what it returns.

        Raises:
            LogUnavailable: SQLite could not read.
        """
        before = self._version()
        version, found = self._looked.get(key, (None, None))
        if before is None or version != before:
            found = await self.read(work)
            if before is not None:
                self._keep(key, before, found)
        return cast("T", found)

    def _keep(self, key: Hashable, version: int, found: object) -> None:
        if len(self._looked) >= _LOOKS:
            self._looked.clear()
        self._looked[key] = (version, found)

    def _version(self) -> int | None:
        """Return a number that changes with each commit, of any process; None: not known now."""
        try:
            version: int = self._watch.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.OperationalError:
            return None
        return version

    def close(self) -> None:
        """Wait for what is running and close the readers."""
        self._jobs.put(None)
        self._writing.join()
        self._reading.shutdown()
        for connection in self._opened:
            connection.close()

    def _write_all(self) -> None:
        """Run jobs in order, for ever: an executor's hand-over costs 55 us of CPU, this 22."""
        while (job := self._jobs.get()) is not None:
            work, loop, done = job
            result, failure = None, None
            try:
                with self._file.turns:
                    result = work(self._file.writer)
            except Exception as error:  # noqa: BLE001 handed to whoever waits for the job
                failure = error
            if loop is not None:
                loop.call_soon_threadsafe(_settle, done, result, failure)

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._file.connect()
            self._opened.append(connection)
        return connection


def _settle(done: Any, result: object, failure: Exception | None) -> None:
    if done.done():
        return  # nobody waits any more
    if failure is None:
        done.set_result(result)
    else:
        done.set_exception(failure)


def transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` in one write transaction, on disk when this returns, undone when it raises.

    Raises:
        LogUnavailable: The disk is full, the file is locked or broken; nothing was kept.
        OutcomeUnknown: COMMIT itself failed. A crash now could still bring the group back,
            for its pages may have reached the WAL.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = work(connection)
    except sqlite3.OperationalError as error:
        _roll_back(connection)
        raise LogUnavailable(f"the log cannot be written: {error}") from error
    except BaseException:
        _roll_back(connection)
        raise
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        _roll_back(connection)
        raise OutcomeUnknown(f"the disk failed at the commit: {error}") from error
    return result


def insert(
    connection: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]], then: str = ""
) -> None:
    """Insert rows, as many a statement as there are.

    Each step of SQLite gives up Python's lock and must get it back from the event loop; with one
    step a row that cost as much as the writing itself (docs/performance.md).

    Args:
        connection: In a transaction.
        into: Name of the table, and of its columns: a later hub may have added some.
        rows: All of one length.
        then: Clause after the values: ON CONFLICT ...
    """
    for start in range(0, len(rows), _MAX_ROWS):
        part = rows[start : start + _MAX_ROWS]
        marks = f"({','.join('?' * len(part[0]))})"
        values = list(chain.from_iterable(part))
        all_marks = ",".join([marks] * len(part))
        connection.execute(f"INSERT INTO {into} VALUES {all_marks} {then}", values)  # noqa: S608 own words


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _connect(path: Path, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS
        )
        for pragma in pragmas:
            connection.execute(pragma).fetchall()
    except sqlite3.Error as error:
        raise Misconfigured(
            f"cannot open the data file {path}: {error}; "
            "set DATABASE_URL to a file this user may write, on a local disk"
        ) from error
    return connection
