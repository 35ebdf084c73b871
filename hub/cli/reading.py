"""The data file, opened beside a running hub: only to read, and never made."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hub.errors import Misconfigured


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the data file for reading; a hub may run on it meanwhile.

    Raises:
        Misconfigured: It is not there, is no database, or cannot be read.
    """
    if not path.is_file():
        raise Misconfigured(
            f"expected a data file at {path}, found none: start the hub once, or set DATABASE_URL"
        )
    try:
        # Not mode=ro: after a crash the first reader has to recover the WAL.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
        with contextlib.closing(connection):
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield connection
    except sqlite3.Error as error:
        raise Misconfigured(
            f"cannot read the data file {path}: {error}; restore a backup, or set DATABASE_URL"
        ) from error
