"""A Redis of our own for tests: on a free port, killed, stopped and restarted at will."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE_S = 10.0


class RedisServer:
    """`redis-server` as a process; keeps nothing on disk."""

    def __init__(self, binary: str, config: Path | None = None) -> None:
        self._binary = binary
        self._config = config
        # A cluster's node and a replica write files where they stand.
        self._folder = tempfile.TemporaryDirectory(prefix="hub-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        """Start it and wait until it answers; with a file as a sentinel, else as a server."""
        fixed = ("--save", "", "--appendonly", "no", "--daemonize", "no")
        kind = [*fixed, *options] if self._config is None else ["--sentinel"]
        file = [] if self._config is None else [str(self._config)]
        where = ("--port", str(self.port), "--bind", "127.0.0.1")
        self._process = subprocess.Popen(
            [self._binary, *file, *where, *kind], stdout=subprocess.DEVNULL, cwd=self._folder.name
        )
        until = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended"
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(0.01)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as a crash does; harmless when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ask(self, command: str) -> str:
        """Send an inline command and return the first line of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(4096).decode().partition("\r\n")[0]

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("PING").startswith(("+PONG", "-NOAUTH"))
        return False


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def redis_server(*options: str, config: Path | None = None) -> Iterator[RedisServer]:
    """Run a Redis; skip the test where there is none, but never in CI.

    Args:
        options: Settings of the server.
        config: Of a sentinel; it is run as one then.
    """
    binary = shutil.which("redis-server")
    if binary is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("no redis-server: apt-get install redis-server")
    server = RedisServer(binary, config)
    server.start(*options)
    try:
        yield server
    finally:
        server.kill()
        server._folder.cleanup()


@contextlib.contextmanager
def redis_cluster() -> Iterator[RedisServer]:
    """Run a cluster of one node that holds every slot."""
    # By default the nodes talk on the port plus 10,000, which may be none.
    with redis_server("--cluster-enabled", "yes", "--cluster-port", str(free_port())) as server:
        server.ask("CLUSTER ADDSLOTSRANGE 0 16383")
        until = time.monotonic() + PATIENCE_S
        while not server.ask("GET x").startswith("$"):
            assert time.monotonic() < until, "the cluster does not come up"
            time.sleep(0.02)
        yield server
