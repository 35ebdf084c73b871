"""The servers that are measured, each a process of its own."""

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent


class Served:
    """A process that answers."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self._pid = process.pid

    def cpu_s(self) -> float:
        """Return the processor time that it has used."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def echo() -> Iterator[Served]:
    """The bare starlette echo."""
    with other("echo.py") as served:
        yield served


@contextlib.contextmanager
def other(name: str) -> Iterator[Served]:
    """A program of this folder that takes its port."""
    port = _free_port()
    with _process([sys.executable, str(HERE / name), str(port)], port, {}) as served:
        yield served


@contextlib.contextmanager
def hub(folder: Path, **settings: str) -> Iterator[Served]:
    """`hub serve` as people run it: durable, with its middleware and its log lines."""
    port = _free_port()
    environ = {"PORT": str(port), "DATABASE_URL": f"sqlite:///{folder}/hub.db", **settings}
    with _process([sys.executable, "-m", "hub", "serve"], port, environ) as served:
        yield served


def fill(folder: Path, events: int) -> None:
    """Put so many events into the stopped hub's log, as if they had been posted."""
    with contextlib.closing(sqlite3.connect(folder / "hub.db")) as database:
        (head,) = database.execute("SELECT head FROM channels WHERE name='contracts'").fetchone()
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT ? + 1 UNION ALL SELECT i + 1 FROM n WHERE i < ? + ?) "
            'INSERT INTO events (channel, "offset", id, type, at_us, owner, "key", tag, data) '
            "SELECT 'contracts', i, printf('id-%032d', i), 'contract_update', "
            "(SELECT max(at_us) FROM channels) , 'anonymous', printf('c-%d', i % 1000), 'Mumbai', "
            """CAST(printf('{"contract_id":"c-%d","location":"Mumbai","status":"active","""
            """"timestamp":"2024-01-01T12:00:00"}', i % 1000) AS BLOB) FROM n""",
            (head, head, events),
        )
        database.execute("UPDATE channels SET head = head + ? WHERE name = 'contracts'", (events,))
        database.commit()


@contextlib.contextmanager
def _process(command: list[str], port: int, environ: dict[str, str]) -> Iterator[Served]:
    process = subprocess.Popen(
        command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(process, port)
        yield Served(process, port)
    finally:
        process.terminate()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    # An answer, of whatever kind: a socket that takes connections is not yet a server.
    for _ in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health"):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        if process.poll() is not None:
            break
    raise RuntimeError(f"the server on port {port} does not answer")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
