"""Presence: which nodes are this hub, as far as this one has heard of them.

Nothing is stored anywhere: every node says again and again how it is, and who has been silent for
too long is gone. So a node that was killed needs nobody to clean up after it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from hub.brokers.base import Live, Presence
from hub.clock import SECOND_US, Clock

SAY_EVERY_S = 2.0
# Three words may be lost; with the second or two that one may be on its way, within 10 s.
FORGET_AFTER_S = 7.5
# Begins the name of a process that has no clients: `hub work`.
WORKER = "work-"


class Heard(NamedTuple):
    """What a node said last, and when this one heard it."""

    live: Live
    at_us: int


class Nodes:
    """This node and the others.

    Args:
        log_id: Names the log that makes them one hub.
        own: Name of this node.
        live: Tells how this node is.
        tell: Tells the others.
        clock: Measures their silence.

    Attributes:
        own: Name of this node.
        live: Tells how this node is.
    """

    def __init__(
        self,
        log_id: str,
        own: str,
        *,
        live: Callable[[], Live],
        tell: Callable[[Presence], None],
        clock: Clock,
    ) -> None:
        self.own = own
        self.live = live
        self._log_id = log_id
        self._tell = tell
        self._clock = clock
        self._heard: dict[str, Heard] = {}
        self._left = False

    def present(self) -> dict[str, Live]:
        """Return how every node is, by name: this one now, the others when last heard."""
        self._forget()
        others = {name: heard.live for name, heard in sorted(self._heard.items())}
        return {self.own: self.live(), **others}

    def serving(self) -> set[str]:
        """Return the names of the other nodes that have clients."""
        return {name for name in self.present() if not name.startswith(WORKER)} - {self.own}

    def meet(self, presence: Presence) -> None:
        """Note what a node says; one that is new here is answered, so that it knows this one."""
        if presence.node == self.own:
            return
        self._forget()
        known = self._heard.pop(presence.node, None)
        if presence.live is None:
            return
        self._heard[presence.node] = Heard(presence.live, self._clock.now_us())
        if known is None:
            self.say()

    def say(self) -> None:
        """Tell the others how this node is, unless it has said farewell."""
        if not self._left:
            self._tell(Presence(self._log_id, self.own, self.live()))

    def leave(self) -> None:
        """Say farewell: the others forget this node at once."""
        self._left = True
        self._tell(Presence(self._log_id, self.own, None))

    async def run(self) -> None:
        """Say how this node is, for ever."""
        while True:
            self.say()
            await asyncio.sleep(SAY_EVERY_S)

    def _forget(self) -> None:
        now_us = self._clock.now_us()
        self._heard = {
            name: heard
            for name, heard in self._heard.items()
            # Both ways: a clock that was set back must not keep the dead.
            if abs(now_us - heard.at_us) < FORGET_AFTER_S * SECOND_US
        }


def together(nodes: Iterable[Live]) -> Live:
    """Return the sums over nodes."""
    connections = queued_bytes = 0
    subscriptions: Counter[str] = Counter()
    for live in nodes:
        connections += live.connections
        queued_bytes += live.queued_bytes
        subscriptions.update(live.subscriptions)
    return Live(connections, dict(sorted(subscriptions.items())), queued_bytes)
