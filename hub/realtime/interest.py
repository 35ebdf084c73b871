"""Interest: which channels this node hears of from the other nodes.

Those that somebody follows here, and for a while those that somebody did: who comes back in a
moment finds a warm ring.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

# How often a node looks which channels nobody follows: left are those found so twice.
SWEEP_S = 30.0

Tell = Callable[[str], None]


class Interest:
    """What this node follows.

    Args:
        follow: Has the other nodes' news of a channel come here.
        leave: Has them not come any more.

    Attributes:
        followers: How many clients follow a channel here.
    """

    def __init__(self, follow: Tell, leave: Tell) -> None:
        self.followers: Counter[str] = Counter()
        self._follow = follow
        self._leave = leave
        self._heard: set[str] = set()
        self._idle: frozenset[str] = frozenset()
        self._kept: set[str] = set()

    def begin(self, channel: str) -> None:
        """Somebody follows a channel."""
        self.followers[channel] += 1
        self.hear(channel)

    def end(self, channel: str) -> None:
        """Somebody does not any more."""
        self.followers[channel] -= 1
        if not self.followers[channel]:
            del self.followers[channel]

    def hear(self, channel: str) -> None:
        """Hear of a channel for a while, as if somebody had just stopped to follow it."""
        if channel in self._idle:
            self._idle -= {channel}
        if channel not in self._heard:
            self._heard.add(channel)
            self._follow(channel)

    def keep(self, channel: str) -> None:
        """Hear of a channel for good, whoever follows it."""
        self._kept.add(channel)
        self.hear(channel)

    def hears(self, channel: str) -> bool:
        """Say whether the news of a channel come here."""
        return channel in self._heard

    def sweep(self) -> None:
        """Leave the channels that nobody has followed since the last sweep."""
        idle = frozenset(self._heard - self.followers.keys() - self._kept)
        for channel in sorted(idle & self._idle):
            self._heard.discard(channel)
            self._leave(channel)
        self._idle = idle & self._heard


async def sweeping(interest: Interest) -> None:
    """Sweep, for ever."""
    while True:
        await asyncio.sleep(SWEEP_S)
        interest.sweep()
