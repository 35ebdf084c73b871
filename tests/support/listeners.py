"""Listeners that remember, for tests of brokers."""

import asyncio
from collections.abc import Callable, Sequence

from hub.brokers.base import News, Presence

PATIENCE_S = 10.0


class Listening:
    """Remembers the news that it heard and the nodes that it met."""

    def __init__(self) -> None:
        self.news: list[News] = []
        self.met: list[Presence] = []
        self.resumptions = 0
        self._changed = asyncio.Event()

    def hear(self, news: News) -> None:
        """Take news."""
        self.news.append(news)
        self._changed.set()

    def meet(self, presence: Presence) -> None:
        """Take a node's word of itself."""
        self.met.append(presence)
        self._changed.set()

    def resumed(self) -> None:
        """Count the beginnings."""
        self.resumptions += 1
        self._changed.set()

    async def heard(self, count: int) -> Sequence[News]:
        """Wait until so many news have come, and return them."""
        await self._until(lambda: len(self.news) >= count)
        return self.news

    async def greeted(self, count: int) -> Sequence[Presence]:
        """Wait until so many words of nodes have come, and return them."""
        await self._until(lambda: len(self.met) >= count)
        return self.met

    async def resumed_again(self, count: int) -> None:
        """Wait until listening has begun so many times."""
        await self._until(lambda: self.resumptions >= count)

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()
