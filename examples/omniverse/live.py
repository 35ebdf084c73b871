"""A stage that follows the hub."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from examples.omniverse.pace import Pending
from examples.omniverse.scene import Scene
from hub_client import Event, Listener, MCPClient, State

CHANNEL = "contracts"
AHEAD = 10_000
"""Events that may wait for a frame; behind that the hub waits, and then sends what is newest."""


class LiveStage:
    """Events in at any time, shown once a frame. For one thread: the one that owns the stage."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._world = scene.world()
        self._pending = Pending()

    def __len__(self) -> int:
        """Return how many contracts are shown."""
        return sum(1 for _ in self._world)

    @property
    def position(self) -> str | None:
        """Where to listen from: everything before it is in the stage."""
        return self.scene.position

    def add(self, event: Event) -> None:
        """Take the next event; it is not shown before `process_up_to`."""
        self._pending.add(event)

    def process_up_to(self, server_time: datetime | None = None) -> list[Event]:
        """Show the events whose timestamp, the hub's clock, is not later; with None all.

        Returns:
            The events that are in the stage now and were not before.
        """
        due = self._pending.due(server_time)
        self.scene.apply(self._world.take(due))
        return due


class Reader(threading.Thread):
    """Listens on a thread of its own, so that a frame never waits for the network."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(name="hub-reader", daemon=True)
        self._listener = listener
        self._events: queue.Queue[tuple[Event, float]] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._error: Exception | None = None

    def run(self) -> None:
        """Read until `stop`, or until the hub does not want us back."""
        try:
            for event in self._listener:
                self._put(event, time.monotonic())
        except Exception as error:  # noqa: BLE001 it is raised where the events are taken
            self._error = error

    def take(self) -> Iterator[tuple[Event, float]]:
        """Yield what has come, each with the second (monotonic) at which it came.

        Raises:
            HubError: The hub does not want us back; after the last event.
        """
        failed = self._error
        while True:
            try:
                yield self._events.get_nowait()
            except queue.Empty:
                break
        if failed is not None:
            raise failed

    def stop(self) -> None:
        """End the thread; what was not taken is listened to the next time."""
        self._stopped.set()
        self._listener.close()
        self.join()

    def _put(self, event: Event, arrived_s: float) -> None:
        while not self._stopped.is_set():
            try:
                self._events.put((event, arrived_s), timeout=0.1)
            except queue.Full:
                continue
            return


def follow(
    client: MCPClient, live: LiveStage, on_state: Callable[[State], object] | None = None
) -> Reader:
    """Begin to read what the stage does not have: all of it, or what came since it was saved.

    What was missed and is gone is made up for by a snapshot.
    """
    listener = client.listen(
        CHANNEL, since=live.position, snapshot=True, on_gap="snapshot", on_state=on_state
    )
    reader = Reader(listener)
    reader.start()
    return reader
