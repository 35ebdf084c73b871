"""The broker of one process: nodes that share it hear each other at once."""

from collections.abc import Callable, Sequence

from hub.brokers.base import Health, Listener, News, Presence, by_channel


class MemoryBroker:
    """Hands news to the listeners of the same process; see `base.Broker`."""

    def __init__(self) -> None:
        self._listeners: list[tuple[str, Listener]] = []
        self._followed: set[tuple[str, str]] = set()

    def announce(self, news: News) -> None:
        """Tell every listener of that log what is followed of it."""
        for told in by_channel(news):
            if (told.log_id, told.events[0].channel) in self._followed:
                for listener in self._of(told.log_id):
                    listener.hear(told)

    def greet(self, presence: Presence) -> None:
        """Tell every listener of that log."""
        for listener in self._of(presence.log_id):
            listener.meet(presence)

    async def listen(self, log_id: str, listener: Listener) -> Callable[[], None]:
        """Give the listener the nodes of this log and its followed news."""
        entry = (log_id, listener)
        self._listeners.append(entry)
        listener.resumed()

        def stop() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return stop

    def follow(self, log_id: str, channel: str) -> None:
        """Let the listeners of this log hear the news of a channel."""
        self._followed.add((log_id, channel))
        for listener in self._of(log_id):
            listener.resumed()

    def leave(self, log_id: str, channel: str) -> None:
        """Let them hear no more of a channel."""
        self._followed.discard((log_id, channel))

    def health(self) -> Health:
        """Nothing stands between the nodes."""
        return Health(reaches=True, dropped=0)

    async def close(self) -> None:
        """Forget the listeners."""
        self._listeners.clear()

    def _of(self, log_id: str) -> Sequence[Listener]:
        return [listener for name, listener in self._listeners if name == log_id]
