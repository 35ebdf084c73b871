"""The broker of one process: nodes that share it hear each other at once."""

from collections.abc import Callable

from hub.brokers.base import News


class MemoryBroker:
    """Hands news to the listeners of the same process; see `base.Broker`."""

    def __init__(self) -> None:
        self._listeners: list[tuple[str, Callable[[News], None]]] = []

    def announce(self, news: News) -> None:
        """Tell every listener of that log."""
        for log_id, receive in tuple(self._listeners):
            if log_id == news.log_id:
                receive(news)

    def listen(self, log_id: str, receive: Callable[[News], None]) -> Callable[[], None]:
        """Call `receive` for news of this log; return how to stop that."""
        listener = (log_id, receive)
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    async def close(self) -> None:
        """Forget the listeners."""
        self._listeners.clear()
