"""Hearing: how late the news of others come here."""

from typing import Any

from hub.brokers.base import News
from hub.hearing import Ears
from hub.model.event import Event
from support.realtime import FakeNode, MemoryEvents


def test_the_lag_is_that_of_the_others_news() -> None:
    """Its own come back too, and say nothing of the others; a clock that is ahead is no lag."""
    node = FakeNode(MemoryEvents())
    nobody: Any = None
    ears = Ears(node.fanout, nobody, nobody, nobody, node.clock)
    for name, late_us in (("n1", 9_000_000), ("n2", 250_000), ("n2", -1_000_000)):
        at_us = node.clock.now_us() - late_us
        event = Event("jobs", 1, "id-1", "job_update", at_us, "me", b"{}")
        ears.hear(News("log", name, [event]))

    assert (ears.lag.count, ears.lag.total) == (2, 0.25)
