"""Delays: how late events reach this node's sockets, measured once a flush."""

from collections.abc import Iterator

import pytest

from hub.model.event import Event
from hub.realtime.delays import Delays
from hub.telemetry.histogram import Histogram
from support.realtime import FakeNode, MemoryEvents, SlowSocket, command


class Timed:
    """A node whose delays are measured."""

    def __init__(self) -> None:
        self.node = FakeNode(MemoryEvents())
        self.delays = Delays(self.node.clock)
        self.node.fanout._delays = self.delays

    @property
    def seconds(self) -> Histogram:
        """Return what was measured."""
        return self.delays.seconds

    def event(self, offset: int, late_s: float, channel: str = "jobs") -> Event:
        """Return an event that was committed so long ago."""
        at_us = self.node.clock.now_us() - int(late_s * 1_000_000)
        return Event(channel, offset, f"id-{offset}", "job_update", at_us, "me", b"{}")

    def deliver(self, *events: Event) -> None:
        """Take events and write them."""
        self.node.fanout.deliver(events)
        self.node.settle()


@pytest.fixture
def timed() -> Iterator[Timed]:
    """One node."""
    timed = Timed()
    yield timed
    timed.node.work.close()


def test_an_event_is_as_late_as_its_flush(timed: Timed) -> None:
    """From the time that it carries to the end of the writes, once for all sockets."""
    for _ in range(3):
        timed.node.connect(SlowSocket(), ["jobs"])

    timed.deliver(timed.event(1, 0.004))

    assert timed.seconds.count == 1
    assert timed.seconds.total == pytest.approx(0.004)


def test_the_events_of_a_flush_are_as_late_as_the_oldest(timed: Timed) -> None:
    """What is told is never too good."""
    timed.node.connect(SlowSocket(), ["jobs"])

    timed.deliver(timed.event(1, 0.3), timed.event(2, 0.1), timed.event(3, 0.0))
    timed.deliver(timed.event(4, 0.0))

    assert timed.seconds.count == 4
    assert timed.seconds.total == pytest.approx(0.9)


def test_an_event_that_nobody_follows_reaches_no_socket(timed: Timed) -> None:
    """It is not measured, and not counted as written."""
    timed.node.connect(SlowSocket(), ["contracts"])

    timed.deliver(timed.event(1, 0.5))

    assert timed.seconds.count == 0
    assert timed.node.fanout.feeds["jobs"].written == 0


def test_a_clock_that_is_ahead_is_no_delay(timed: Timed) -> None:
    """Another node's event may come from the future; a sum that falls would break its rate."""
    timed.node.connect(SlowSocket(), ["jobs"])

    timed.deliver(timed.event(1, -5.0))

    assert (timed.seconds.count, timed.seconds.total) == (1, 0.0)


def test_each_client_counts_as_written_to(timed: Timed) -> None:
    """Live, and from the log where one has to catch up."""
    node = timed.node
    for _ in range(3):
        node.publish()
    node.settle()
    node.connect(SlowSocket(), ["jobs"])
    _, back = node.connect(SlowSocket(), [])
    back.receive(command(type="subscribe", channel="jobs", since={"epoch": "e1", "offset": 1}))
    node.settle()

    node.publish()
    node.settle()

    assert node.fanout.feeds["jobs"].written == 2 + 2
    assert node.fanout.recoveries == {"recovered": 1}


def test_a_position_of_another_epoch_counts_by_why_it_is_refused(timed: Timed) -> None:
    """So that a deployment that loses its log is seen at once."""
    _, back = timed.node.connect(SlowSocket(), [])

    back.receive(command(type="subscribe", channel="jobs", since={"epoch": "e0", "offset": 1}))
    timed.node.settle()

    assert timed.node.fanout.recoveries == {"epoch_changed": 1}


def test_a_hole_is_filled_by_late_news_or_read_from_the_log(timed: Timed) -> None:
    """Both are repairs; which one says whether news come late or not at all."""
    node = timed.node
    node.connect(SlowSocket(), ["jobs"])
    first, second, lost, last = [node.log.append("jobs") for _ in range(4)]
    feed = node.fanout.feeds["jobs"]

    node.fanout.deliver([second])
    node.fanout.deliver([first])
    filled = (feed.filled, feed.reread)
    node.fanout.deliver([last])
    node.fake_timers.advance(1.0)
    node.settle()

    assert filled == (1, 0)
    assert (feed.filled, feed.reread) == (1, 1)
    assert feed.flushed == last.offset == lost.offset + 1


def test_a_hole_that_nobody_would_have_seen_is_no_repair(timed: Timed) -> None:
    """A node jumps over what none of its clients follows."""
    node = timed.node
    node.log.append("jobs")

    node.fanout.catch_up(node.log.heads)
    node.settle()

    assert node.fanout.feeds["jobs"].reread == 0
