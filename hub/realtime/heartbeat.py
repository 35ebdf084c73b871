"""Heartbeats: one timer a node, whatever the number of its clients.

Clients that are due within 1/1024 of the interval (24 ms of 25 s) share a beat. No beat is crowded:
10,000 that come back together after a restart are spread over half an interval, and stay so.
"""

from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from hub.clock import Timer, Timers

STEPS = 1_024
# About half a millisecond of work; small beats find all caches cold.
CROWD = 32


class Client(Protocol):
    """Who is to hear that the hub is there, and to say that it is."""

    # The ping that it has not answered; 0 when none. The client clears it.
    awaited: int
    beat: "Beat | None"

    def say_heartbeat(self) -> None:
        """Send a heartbeat and a ping."""
        ...

    def miss_pong(self) -> None:
        """It has not answered in time."""
        ...


class Beat:
    """Clients that hear a heartbeat in the same tick."""

    __slots__ = ("clients", "due_s")

    def __init__(self, due_s: float) -> None:
        self.due_s = due_s
        self.clients: dict[Client, None] = {}

    def take(self, client: Client) -> None:
        """Add a client."""
        client.beat = self
        self.clients[client] = None


class Heartbeats:
    """When each client of a node hears from it, and is to answer.

    Args:
        timers: The loop's.

    Attributes:
        every_s: Seconds between two heartbeats of a client.
        pong_s: Seconds that a client has to answer.
    """

    def __init__(self, timers: Timers, every_s: float, pong_s: float) -> None:
        self.every_s = every_s
        self.pong_s = pong_s
        self._timers = timers
        self._step_s = every_s / STEPS
        self._beats: list[tuple[float, int, Beat]] = []
        # Where those who come now are put: in time, and when that is crowded, before it.
        self._front = self._back = Beat(float("-inf"))
        self._count = 0
        self._order = count(1)
        self._timer: Timer | None = None
        self._waits: dict[int, Timer] = {}

    def __len__(self) -> int:
        return self._count

    def join(self, client: Client) -> None:
        """Let a client hear its first heartbeat after one interval; in a crowd earlier."""
        due_s = self._timers.time() + self.every_s
        if self._front.due_s <= due_s - self._step_s:
            self._front = self._add(due_s)
        if len(self._front.clients) < CROWD:
            self._front.take(client)
        else:
            self._earlier(due_s).take(client)
        self._count += 1

    def _earlier(self, due_s: float) -> Beat:
        """Return a beat before the one that is crowded: back to half an interval, then again.

        Never after it: clients give up a hub that is late.
        """
        # A beat that has sounded, or was merged, is before this.
        first_s = due_s - self.every_s / 2
        if self._back.due_s < first_s:
            self._back = self._add(due_s - self._step_s)
        elif len(self._back.clients) >= CROWD:
            self._back = self._add(self._back.due_s - self._step_s)
        return self._back

    def leave(self, client: Client) -> None:
        """Forget a client; harmless when it has left."""
        if client.beat is None:
            return
        del client.beat.clients[client]
        client.beat = None
        self._count -= 1
        if not self._count:
            self._stop()

    def _add(self, due_s: float) -> Beat:
        beat = Beat(due_s)
        self._push(beat)
        return beat

    def _push(self, beat: Beat) -> None:
        heappush(self._beats, (beat.due_s, next(self._order), beat))
        if self._beats[0][2] is beat:
            self._wake()

    def _wake(self) -> None:
        """Set the timer for the next beat."""
        if self._timer is not None:
            self._timer.cancel()
        delay_s = max(0.0, self._beats[0][0] - self._timers.time())
        self._timer = self._timers.call_later(delay_s, self._on_beat)

    def _on_beat(self) -> None:
        self._timer = None
        _, _, beat = heappop(self._beats)
        self._merge(beat)
        if beat.clients:
            behind_s = max(0.0, self._timers.time() - beat.due_s)
            # A host that slept goes on in the old order, and does not make up for its silence.
            beat.due_s += self.every_s * (1 + behind_s // self.every_s)
            self._push(beat)
        if self._beats and self._timer is None:
            self._wake()
        self._tell(beat)

    def _merge(self, beat: Beat) -> None:
        """Join small beats that are due next to each other, or one a client would remain."""
        while self._beats and self._beats[0][0] < beat.due_s + self._step_s:
            following = self._beats[0][2]
            if len(beat.clients) + len(following.clients) > CROWD:
                return
            heappop(self._beats)
            for client in following.clients:
                beat.take(client)

    def _tell(self, beat: Beat) -> None:
        number = next(self._order)
        asked = [client for client in beat.clients if not client.awaited]
        faults = []
        for client in tuple(beat.clients):
            if client.beat is not beat:
                continue  # one before it took it along
            # Before the ping: a sink may count it as answered at once.
            client.awaited = client.awaited or number
            try:
                client.say_heartbeat()
            except Exception as fault:  # noqa: BLE001 raised when all have heard theirs
                faults.append(fault)
        if asked and self._count:
            timer = self._timers.call_later(self.pong_s, self._on_pongs, number, asked)
            self._waits[number] = timer
        if faults:
            raise faults[0]

    def _on_pongs(self, number: int, asked: list[Client]) -> None:
        del self._waits[number]
        for client in asked:
            if client.awaited == number and client.beat is not None:
                client.miss_pong()

    def _stop(self) -> None:
        for timer in (self._timer, *self._waits.values()):
            if timer is not None:
                timer.cancel()
        self._timer = None
        self._waits.clear()
        self._beats.clear()
        self._front = self._back = Beat(float("-inf"))
