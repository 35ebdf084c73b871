"""Tasks: a node's background work, of which the world decides whose turn it is."""

import asyncio
from collections.abc import Awaitable, Coroutine, Generator
from random import Random
from typing import Any, cast

from hub.errors import LogUnavailable


class Turn:
    """Awaited by whoever waits for a disk: the work goes on at its next turn."""

    def __await__(self) -> Generator[None, None, None]:
        """Give the turn away once."""
        yield


_Task = tuple[Coroutine[Any, Any, None], "asyncio.Future[None] | None"]


class Tasks:
    """The work that was spawned and is not done; see `realtime.feed.Spawn`."""

    def __init__(self) -> None:
        self._tasks: list[_Task] = []

    def __len__(self) -> int:
        return len(self._tasks)

    def spawn(self, work: Awaitable[None]) -> None:
        """Let it wait for its first turn."""
        self._tasks.append((cast("Coroutine[Any, Any, None]", work), None))

    def step(self, random: Random) -> bool:
        """Give one of those that can go on its turn; say whether there was one."""
        ready = [at for at, (_, wait) in enumerate(self._tasks) if wait is None or wait.done()]
        if not ready:
            return False
        work, _ = self._tasks.pop(random.choice(ready))
        self._turn(work)
        return True

    def run(self) -> None:
        """Give each that can go on one turn, in order."""
        tasks, self._tasks = self._tasks, []
        for work, wait in tasks:
            if wait is None or wait.done():
                self._turn(work)
            else:
                self._tasks.append((work, wait))

    def close(self) -> None:
        """End all work where it stands, as a killed process does."""
        tasks, self._tasks = self._tasks, []
        for work, _ in tasks:
            work.close()

    def _turn(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            self._tasks.append((work, work.send(None)))
        except (StopIteration, LogUnavailable):
            # A log that cannot be read is one of the faults; the hub logs it and goes on.
            return
