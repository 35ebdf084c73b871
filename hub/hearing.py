"""Hearing: what a node does with what the others tell it."""

from hub.brokers.base import News, Presence
from hub.clock import SECOND_US, Clock
from hub.realtime.fanout import Fanout
from hub.services.heads import Heads
from hub.services.polls import TOPIC, Polls
from hub.services.presence import Nodes
from hub.telemetry.histogram import QUICK_S, Histogram


class Ears:
    """What this node does with what it hears; see `brokers.base.Listener`.

    Attributes:
        lag: From the time of the others' events, by their clocks, to when they are heard here.
    """

    def __init__(
        self, fanout: Fanout, heads: Heads, nodes: Nodes, polls: Polls, clock: Clock
    ) -> None:
        self.lag = Histogram(QUICK_S)
        self._polls = polls
        self._clock = clock
        self._fanout = fanout
        self._heads = heads
        self._nodes = nodes

    def hear(self, news: News) -> None:
        """Give it to this node's clients."""
        if not news.events:
            return  # a stranger's: there is nothing in it
        if news.events[0].channel.startswith(TOPIC):
            self._polls.hear(news.events[0])
            return
        if news.node != self._fanout.node:
            late_us = self._clock.now_us() - news.events[0].at_us
            self.lag.observe(max(0, late_us) / SECOND_US)
            self._fanout.watch.heard(news.events)
        self._fanout.hear(news)

    def meet(self, presence: Presence) -> None:
        """Note who is there."""
        self._nodes.meet(presence)

    def resumed(self) -> None:
        """Look into the log for what was said meanwhile."""
        self._heads.look_now()
