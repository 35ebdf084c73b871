"""The drain: how a node that stops sends its clients away.

All at once they would come back at once, to the node that is left or to this one's next start.
So they are sent in batches, and each is told its own time to wait. `schedule` decides that and
is pure; `Drain` does it, and is what everybody asks whether the node is going away.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple, Protocol

from hub.errors import Draining, HubError

# So small that nobody notices it, so large that a few thousand clients need not wait long.
BATCH = 50
PAUSE_S = 0.1
# Of the time that a stop may take. The rest is for the closing handshakes, requests and the log.
PACED_SHARE = 0.5
# Time for a start that follows this stop at once, or for a balancer to look elsewhere.
SHORTEST_WAIT_S = 0.5
# Clients a second that may come back. One costs a node 0.1 ms, and what it missed ten times that.
RETURNS_PER_S = 500
SPREAD_S = (1.0, 30.0)


class Batch(NamedTuple):
    """Clients that are sent away in one tick.

    Attributes:
        after_s: Seconds since the batch before it.
        retry_after_ms: What each is told to wait; as many as there are clients.
    """

    after_s: float
    retry_after_ms: Sequence[int]


class Leaving(Protocol):
    """Who is sent away: the session of a socket, or of a stream."""

    @property
    def ended(self) -> bool:
        """Whether it is gone already."""
        ...

    def end(self, failure: HubError) -> None:
        """End it, and say why and when to come back."""
        ...


def schedule(clients: int, seconds: float, chance: Random) -> Sequence[Batch]:
    """Return the batches in which clients are sent away.

    Over half of `seconds` at most, and evenly; few clients take less. Those of a batch are told
    to come back evenly over the same spread, so in no second more come than in another.

    Args:
        clients: How many there are.
        seconds: That the whole stop may take.
        chance: Deals the times out within a batch.
    """
    most = 1 + int(seconds * PACED_SHARE / PAUSE_S)
    count = min(-(-clients // BATCH), most)
    ends = [clients * number // count for number in range(count + 1)] if count else []
    return [
        Batch(PAUSE_S if start else 0.0, _waits(end - start, spread_s(clients), chance))
        for start, end in pairwise(ends)
    ]


def spread_s(clients: int) -> float:
    """Return the seconds over which so many clients should come back."""
    shortest, longest = SPREAD_S
    return min(longest, max(shortest, clients / RETURNS_PER_S))


def _waits(clients: int, spread: float, chance: Random) -> Sequence[int]:
    """Return one wait a client in milliseconds: one in each slot of the spread, in any order."""
    slot_s = spread / clients
    waits = [
        round(1000 * (SHORTEST_WAIT_S + slot_s * (number + chance.random())))
        for number in range(clients)
    ]
    chance.shuffle(waits)
    return waits


class Drain:
    """The drain of one node.

    Args:
        present: Returns who is here.
        chance: Spreads the times.
        pause: Waits for some seconds.

    Attributes:
        begun: The node is going away: nobody is let in any more.
    """

    def __init__(
        self,
        present: Callable[[], Collection[Leaving]],
        chance: Random,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.begun = False
        self._present = present
        self._chance = chance
        self._pause = pause
        self._spread_s = SPREAD_S[0]
        self._began_s = 0.0

    def begin(self) -> int:
        """Let nobody in any more; return how many are to be sent away."""
        if not self.begun:
            self._began_s = time.monotonic()
        self.begun = True
        clients = self.left()
        self._spread_s = spread_s(clients)
        return clients

    async def run(self, seconds: float) -> None:
        """Send everybody away, in batches over at most half of `seconds`; 0 means at once."""
        self.begin()
        leaving = [client for client in self._present() if not client.ended]
        clients = iter(leaving)
        for batch in schedule(len(leaving), seconds, self._chance):
            if batch.after_s:
                await self._pause(batch.after_s)
            for wait_ms, client in zip(batch.retry_after_ms, clients, strict=False):
                self._send_away(client, wait_ms)
        # Who had been let in before, but was welcomed only now.
        for client in tuple(self._present()):
            self._send_away(client, self._wait_ms())

    def left(self) -> int:
        """Return how many are still here: who was sent away has to take its leave."""
        return len(self._present())

    def rest_s(self, seconds: float) -> float:
        """Return how many are left of the seconds that the whole stop may take."""
        took_s = time.monotonic() - self._began_s if self.begun else 0.0
        return max(0.0, seconds - took_s)

    def refusal(self) -> Draining:
        """Return what somebody is told who comes now."""
        return Draining(
            "expected a hub that stays, got one that is stopping", retry_after_ms=self._wait_ms()
        )

    def _send_away(self, client: Leaving, wait_ms: int) -> None:
        if not client.ended:
            client.end(Draining("the hub is stopping", retry_after_ms=wait_ms))

    def _wait_ms(self) -> int:
        return round(1000 * (SHORTEST_WAIT_S + self._spread_s * self._chance.random()))
