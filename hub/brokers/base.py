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


class Broker(Protocol):
    """Tells every node of a log what was committed: at most once, possibly late or never.

    A reader that misses news finds it in the log by offset, so nothing here may ever delay an
    acknowledgement.
    """

    def announce(self, news: News) -> None:
        """Tell the other nodes. Returns at once and never raises."""
        ...

    def listen(self, log_id: str, receive: Callable[[News], None]) -> Callable[[], None]:
        """Call `receive` on the event loop for news of this log; return how to stop that."""
        ...

    async def close(self) -> None:
        """Stop listening and announcing."""
        ...
