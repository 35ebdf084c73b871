"""A real hub for tests: in this process on a free port, or as a process of its own."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hub.app import Node, create
from hub.settings import Settings
from hub.transports.server import serve
from support.leaks import LEAKS

CONTRACT = {
    "contract_id": "c-1",
    "location": "Mumbai",
    "status": "active",
    "timestamp": "2024-01-01T12:00:00",
}


class RunningHub(NamedTuple):
    """A hub that answers."""

    url: str
    ws: str
    node: Node


@contextlib.asynccontextmanager
async def running_hub(folder: Path, **overrides: Any) -> AsyncIterator[RunningHub]:
    """Serve a hub under uvicorn in this loop; `overrides` are fields of `Settings`."""
    LEAKS.note_settings({name.upper(): str(value) for name, value in overrides.items()})
    settings = Settings(**{"database_url": f"sqlite:///{folder}/hub.db", **overrides})
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    node = create(settings)
    server = serve(node, drain_s=1)
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.005)
    try:
        yield RunningHub(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/ws", node)
    finally:
        server.should_exit = True
        await task


class HubProcess:
    """`hub serve` as a process; may be killed and started again on the same data and port."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str] | None = None, *, module: str = "hub"
    ) -> None:
        self.folder = folder
        self.port = 0
        self._module = module
        self._environ = dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address of its REST API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """Return the address of its WebSocket."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait for the line that says that it answers."""
        environ = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{self.folder}/hub.db",
            "PORT": str(self.port),
            **self._environ,
        }
        LEAKS.note_settings(self._environ)
        LEAKS.read(self.folder / "hub.log")
        with (self.folder / "hub.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, "serve", "-o", "json"],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, (self.folder / "hub.log").read_text()[-2000:]
        self.port = json.loads(line)["port"]

    def died(self) -> int:
        """Wait until it has ended by itself; return the exit code."""
        assert self._process is not None
        code = self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Send SIGTERM; return the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        code = process.wait(20)
        if process.stdout is not None:
            process.stdout.close()
        return code


@contextlib.contextmanager
def hub_process(folder: Path, **environ: str) -> Iterator[HubProcess]:
    """Run `hub serve` for the length of a test."""
    process = HubProcess(folder, environ)
    process.start()
    try:
        yield process
    finally:
        if process._process is not None:
            process.stop()
