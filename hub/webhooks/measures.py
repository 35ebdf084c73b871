"""Measures: the numbers of the webhooks that a process makes and sends."""

from typing import NamedTuple

from hub.model.alert_rule import Level, Share
from hub.webhooks.behind import Behind
from hub.webhooks.census import Census
from hub.webhooks.dispatcher import Dispatcher
from hub.webhooks.tallies import Tallies


class Measures(NamedTuple):
    """Where the numbers are; all are zero in a process that leaves sending to others."""

    tallies: Tallies
    dispatcher: Dispatcher
    census: Census
    behind: Behind

    def failures(self, _now_s: float) -> Share:
        """Return how many attempts failed, of how many."""
        return Share(self.tallies.failed, self.tallies.made)

    def answers(self, _now_s: float) -> Share:
        """Return how many seconds receivers took, for how many attempts."""
        return Share(self.tallies.seconds.total, self.tallies.made)

    def lag(self, _now_s: float) -> Level:
        """Return of how many events of a channel no deliveries were made yet."""
        return Level(max(self.dispatcher.lag.events, self.behind.events))
