"""Hearing: what a node does with what the others tell it."""

from hub.brokers.base import News, Presence
from hub.realtime.fanout import Fanout
from hub.services.heads import Heads
from hub.services.presence import Nodes


class Ears:
    """What this node does with what it hears; see `brokers.base.Listener`."""

    def __init__(self, fanout: Fanout, heads: Heads, nodes: Nodes) -> None:
        self._fanout = fanout
        self._heads = heads
        self._nodes = nodes

    def hear(self, news: News) -> None:
        """Give it to this node's clients."""
        self._fanout.hear(news)

    def meet(self, presence: Presence) -> None:
        """Note who is there."""
        self._nodes.meet(presence)

    def resumed(self) -> None:
        """Look into the log for what was said meanwhile."""
        self._heads.look_now()
