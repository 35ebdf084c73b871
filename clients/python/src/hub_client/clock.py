"""Time and chance, so that a test can replace them."""

import asyncio
import contextlib
import random
import threading
import time


class Clock:
    """What both clients ask of time."""

    def now(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970, to read an HTTP date against."""
        return time.time()

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""
        return random.random()  # noqa: S311 - spreads retries, guards no secret


class ThreadClock(Clock):
    """The clock of `MCPClient`."""

    def pause(self, seconds: float, stop: threading.Event) -> None:
        """Wait, at most until `stop` is set."""
        stop.wait(seconds)


class LoopClock(Clock):
    """The clock of `AsyncMCPClient`."""

    async def pause(self, seconds: float, stop: asyncio.Event) -> None:
        """Wait, at most until `stop` is set."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
