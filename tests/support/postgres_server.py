"""A PostgreSQL of our own for tests: on a free port, an empty database a test."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

PATIENCE_S = 30.0
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


class PostgresServer:
    """A `postgres` process that trusts this machine; its files go with it."""

    def __init__(self, binaries: Path, folder: Path, *options: str) -> None:
        self._binaries = binaries
        self._options = ("listen_addresses=127.0.0.1", "max_connections=60", *options)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        # It refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    def make(self) -> None:
        """Make its files."""
        if os.geteuid() == 0:
            shutil.chown(self._folder, self._user)
        subprocess.run(
            [
                *(self._binaries / "initdb", "--pgdata", self._folder / "data"),
                *("--auth", "trust", "--username", "hub", "--no-sync", "--encoding", "UTF8"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._user,
            cwd=self._folder,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = self._launch(log)
        until = time.monotonic() + PATIENCE_S
        while self.run("SELECT 1", check=False) != 0:
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "postgres does not answer"
            time.sleep(0.05)

    def _launch(self, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        words = [word for option in self._options for word in ("-c", option)]
        return subprocess.Popen(
            [
                *(self._binaries / "postgres", "-D", self._folder / "data", "-p", str(self.port)),
                *("-k", self._folder),
                *words,
            ],
            stderr=log,
            user=self._user,
            cwd=self._folder,
        )

    def stop(self) -> None:
        """End it at once: connections break, what was committed is on disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE_S)
            self._process = None

    def run(self, statement: str, *, check: bool = True) -> int:
        """Run a statement as the administrator; return psql's exit code."""
        return subprocess.run(
            [
                *(self._binaries / "psql", "-h", "127.0.0.1", "-p", str(self.port)),
                *("-U", "hub", "-d", "postgres", "-qAt", "-c", statement),
            ],
            check=check,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ).returncode

    def database(self) -> str:
        """Make an empty database and return its address."""
        self._databases += 1
        self.run(f"CREATE DATABASE d{self._databases}")
        return f"postgresql://hub@127.0.0.1:{self.port}/d{self._databases}"


@contextlib.contextmanager
def postgres_server(*options: str) -> Iterator[PostgresServer]:
    """Run a PostgreSQL; skip the test where there is none, but never in CI.

    Args:
        options: Settings of the server; without any it does not wait for the disk.
    """
    if not _FOLDERS:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("no PostgreSQL server: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-"))
    server = PostgresServer(_FOLDERS[0], folder, *(options or ("fsync=off",)))
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
