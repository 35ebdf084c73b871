"""The JavaScript client as a program of its own: what it hears comes as lines of JSON."""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent.parent / "clients/javascript"
PATIENCE_S = 60.0

Line = dict[str, Any]


def node() -> str:
    """Return Node's path, where it and the packages of the tests are installed."""
    found = shutil.which("node")
    assert found, "the tests need node: sh .ci/tools"
    assert (FOLDER / "node_modules/ws").is_dir(), "the tests need npm packages: sh .ci/packages"
    return found


class Listener:
    """A program that listens.

    Attributes:
        lines: All that it has said.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.lines: list[Line] = []
        self._process = process
        self._said = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    def of(self, kind: str) -> list[Line]:
        """Return what it has said of a kind."""
        return [line for line in self.lines if line["type"] == kind]

    def offsets(self, channel: str = "contracts") -> list[int]:
        """Return the offsets of the events that it has heard, in order."""
        events = [line["event"] for line in self.of("event")]
        return [event["offset"] for event in events if event["channel"] == channel]

    def states(self) -> list[tuple[str, str]]:
        """Return the client's states and their reasons."""
        return [(line["state"], line["reason"]) for line in self.of("client")]

    async def until(self, holds: Callable[["Listener"], object]) -> None:
        """Wait until something holds of what it has said."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._said:
                await self._said.wait_for(lambda: holds(self) or self._reading.done())
        except TimeoutError:
            raise AssertionError(f"not in {PATIENCE_S:g} s: {self.lines[-10:]}") from None
        assert holds(self), self.lines[-10:]

    def tell(self, line: str) -> None:
        """Write a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def end(self) -> None:
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._reading
        await self._process.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for text in self._process.stdout:
            async with self._said:
                self.lines.append(json.loads(text))
                self._said.notify_all()
        async with self._said:
            self._said.notify_all()


@contextlib.asynccontextmanager
async def listening(url: str, *subscriptions: Line, **more: Any) -> AsyncIterator[Listener]:
    """Listen to a hub; `more` is what `test/support/listen.js` knows besides."""
    asked = json.dumps({"url": url, "subscriptions": subscriptions, **more})
    process = await asyncio.create_subprocess_exec(
        node(),
        "test/support/listen.js",
        asked,
        cwd=FOLDER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16 * 1024 * 1024,
    )
    listener = Listener(process)
    try:
        yield listener
    finally:
        await listener.end()
