"""`hub serve --workers`: several processes behind one port."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.commands import finish, run, start
from support.metrics import numbers
from support.redis_server import RedisServer, redis_server
from support.running import CONTRACT

PATIENCE_S = 20.0


class Served:
    """A supervisor and its workers."""

    def __init__(self, process: "subprocess.Popen[str]", told: dict[str, Any]) -> None:
        self.process = process
        self.url: str = told["url"]

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis that answers."""
    with redis_server() as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, redis: RedisServer) -> Served:
    """Two workers that answer."""
    database = f"sqlite:///{tmp_path}/hub.db"
    args = ("serve", "--workers", "2", "-o", "json")
    process = start(*args, PORT="0", DATABASE_URL=database, REDIS_URL=redis.url)
    assert process.stdout is not None
    return Served(process, json.loads(process.stdout.readline()))


def until(holds: Callable[[], bool]) -> None:
    """Wait for what other processes do."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Say whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def nodes_of(url: str) -> set[str]:
    """Ask on many connections; return the nodes that answered."""
    return {name for _ in range(20) for name in httpx.get(f"{url}ws/status").json()["nodes"]}


def test_workers_share_a_port_and_a_log(served: Served) -> None:
    """Clients are shared out among them; whoever takes an update, its offset is the next."""
    offsets = [httpx.post(f"{served.url}update", json=CONTRACT).json()["offset"] for _ in range(10)]

    assert offsets == list(range(1, 11))
    assert len(nodes_of(served.url)) == 2
    served.process.terminate()
    assert finish(served.process).code == 0


def test_one_scrape_tells_the_numbers_of_all_workers(served: Served) -> None:
    """Whichever of them answers; each number says of which worker it is."""
    for _ in range(10):
        httpx.post(f"{served.url}update", json=CONTRACT)

    scrapes = [numbers(httpx.get(f"{served.url}metrics").text) for _ in range(10)]

    for told in scrapes:
        assert [told[f"hub_workers {name}"] for name in "01"] == [1, 1]
        assert sum(told[f"hub_events_in_total contracts {name}"] for name in "01") == 10
    served.process.terminate()
    finished = finish(served.process)
    assert finished.code == 0
    assert "other workers cannot tell" not in finished.err


def test_a_worker_that_died_is_started_again(served: Served) -> None:
    """Who connects meanwhile waits; nothing that was acknowledged is lost."""
    first, second = served.pids()
    httpx.post(f"{served.url}update", json=CONTRACT)

    os.kill(first, signal.SIGKILL)
    offset = httpx.post(f"{served.url}update", json=CONTRACT, timeout=PATIENCE_S).json()["offset"]
    until(lambda: len(served.pids()) == 2 and first not in served.pids())

    assert offset == 2
    assert second in served.pids()
    served.process.terminate()
    finished = finish(served.process)
    assert finished.code == 0
    assert "a worker ended" in finished.err


def test_workers_end_with_the_one_that_looks_after_them(served: Served) -> None:
    """A killed supervisor leaves nobody on the port."""
    workers = served.pids()

    served.process.kill()

    until(lambda: all(is_gone(pid) for pid in workers))
    finish(served.process)


def test_workers_without_a_broker_are_refused(tmp_path: Path) -> None:
    """They would not hear each other; one line says what to set."""
    finished = run("serve", "--workers", "2", PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/h.db")

    assert finished.code == 2
    assert "set REDIS_URL" in finished.err
    assert finished.err.count("\n") == 1


def test_a_start_that_cannot_be_is_told_once(tmp_path: Path, redis: RedisServer) -> None:
    """Not once a worker; the exit code is that of a wrong configuration."""
    (tmp_path / "file").write_text("")
    database = f"sqlite:///{tmp_path}/file/hub.db"

    finished = run("serve", "--workers", "3", PORT="0", DATABASE_URL=database, REDIS_URL=redis.url)

    assert finished.code == 2
    assert finished.err.count("cannot write to the folder") == 1


def test_a_taken_port_is_told(redis: RedisServer, tmp_path: Path) -> None:
    """Workers share a port among themselves, and with nobody else."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        database = f"sqlite:///{tmp_path}/hub.db"

        finished = run(
            "serve", "--workers", "2", PORT=port, DATABASE_URL=database, REDIS_URL=redis.url
        )

    assert finished.code == 2
    assert f"port {port} on 127.0.0.1 is taken" in finished.err
