"""The broker of one process: nodes that share it hear each other at once."""

from collections.abc import Callable

from hub.brokers.base import Health, Listener, News, Presence


class MemoryBroker:
    """Hands news to the listeners of the same process; see `base.Broker`."""

    def __init__(self) -> None:
        self._listeners: list[tuple[str, Listener]] = []

    def announce(self, news: News) -> None:
        """Tell every listener of that log."""
        for log_id, listener in tuple(self._listeners):
            if log_id == news.log_id:
                listener.hear(news)

    def greet(self, presence: Presence) -> None:
        """Tell every listener of that log."""
        for log_id, listener in tuple(self._listeners):
            if log_id == presence.log_id:
                listener.meet(presence)

    async def listen(self, log_id: str, listener: Listener) -> Callable[[], None]:
        """Give the listener the news and nodes of this log; return how to stop that."""
        entry = (log_id, listener)
        self._listeners.append(entry)
        listener.resumed()

        def stop() -> None:
            if entry in self._listeners:
                self._listeners.remove(entry)

        return stop

    def health(self) -> Health:
        """Nothing stands between the nodes."""
        return Health(reaches=True, dropped=0)

    async def close(self) -> None:
        """Forget the listeners."""
        self._listeners.clear()
