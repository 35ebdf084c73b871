"""What every broker promises; `tests/contracts/test_broker.py` holds the adapters to it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from hub.model.event import Event


class News(NamedTuple):
    """What one commit appended, in order.

    Attributes:
        log_id: Names the log; a node of another log must not listen.
        node: Who says it; a node ignores its own news.
        events: The events, of one or several channels.
    """

    log_id: str
    node: str
    events: Sequence[Event]


class Health(NamedTuple):
    """How the way through the broker is.

    Attributes:
        reaches: What this node announces comes back to it, as far as it can tell.
        dropped: News that were not announced, since the start.
    """

    reaches: bool
    dropped: int


class Listener(Protocol):
    """Who hears the news."""

    def hear(self, news: News) -> None:
        """Take news, on the event loop."""
        ...

    def resumed(self) -> None:
        """Listening begins, perhaps again: what was said before may have been missed."""
        ...


class Broker(Protocol):
    """Tells every node of a log what was committed: at most once, possibly late or never.

    A reader that misses news finds it in the log by offset, so nothing here may ever delay an
    acknowledgement.
    """

    def announce(self, news: News) -> None:
        """Tell the other nodes. Returns at once and never raises."""
        ...

    async def listen(self, log_id: str, listener: Listener) -> Callable[[], None]:
        """Give the listener the news of this log; return how to stop that.

        On return it hears, or the broker is away and it will hear as soon as that is back.
        """
        ...

    def health(self) -> Health:
        """Say how the way through the broker is."""
        ...

    async def close(self) -> None:
        """Stop listening and announcing."""
        ...
