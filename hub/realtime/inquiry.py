"""The inquiry: a node that begins to hear a volatile channel asks the others what they remember.

The state is in no log. A node that has just started, or heard of the channel a moment after its
first events, would else show its clients a part of it until everything has moved.
"""

from collections.abc import Callable, Sequence

from hub.clock import Timers
from hub.model.event import Event
from hub.realtime.latest import Latest
from hub.realtime.pages import PAGE_BYTES

# A type that no event can have.
QUESTION = "?"
# Asked twice: the first time the way to this node may not be open yet.
ASK_AFTER_S = (0.05, 1.0)
# Nodes that learn of a channel together ask together: one answer serves them all.
ANSWER_AFTER_S = 0.02


class Inquiry:
    """Asks, and answers.

    Args:
        announce: Tells the other nodes.
        timers: Let questions and answers wait.
    """

    def __init__(self, announce: Callable[[Sequence[Event]], None], timers: Timers) -> None:
        self._announce = announce
        self._timers = timers
        self._answering: set[str] = set()

    def ask(self, channel: str) -> None:
        """Ask the other nodes in a moment what they remember of a channel."""
        question = Event(channel, 0, "", QUESTION, 0, "", b"", volatile=True)
        for after_s in ASK_AFTER_S:
            self._timers.call_later(after_s, self._announce, [question])

    def answer(self, channel: str, latest: Latest) -> None:
        """Tell the other nodes in a moment what this one remembers, if anything."""
        if len(latest) and channel not in self._answering:
            self._answering.add(channel)
            self._timers.call_later(ANSWER_AFTER_S, self._tell, channel, latest, 0)

    def _tell(self, channel: str, latest: Latest, after: int) -> None:
        """Tell a page, and the next in the next tick; who knows an event already passes it over."""
        entries = latest.after(after, latest.newest, PAGE_BYTES)
        if not entries:
            self._answering.discard(channel)
            return
        self._announce([entry.event for entry in entries])
        self._timers.call_soon(self._tell, channel, latest, entries[-1].number)
