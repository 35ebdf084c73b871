"""The inquiry: a node that comes later asks for what it has not heard."""

from collections.abc import Sequence
from functools import partial

from hub.brokers.base import News
from hub.model.channel import Definition
from hub.model.event import Event
from hub.model.unit import Head
from hub.realtime.fanout import Fanout
from hub.realtime.inquiry import Inquiry
from hub.realtime.interest import Interest
from hub.realtime.pages import PAGE_BYTES
from support.clocks import FakeTimers

VOLATILE = {"moves": Head(definition=Definition(durable=False))}


class Nodes:
    """Nodes that hear each other at once, unless the test says otherwise."""

    def __init__(self) -> None:
        self.timers = FakeTimers()
        self.fanouts: dict[str, Fanout] = {}
        self.said: list[Sequence[Event]] = []
        self.deaf: set[str] = set()

    def start(self, name: str) -> Fanout:
        """Let a node come that knows the channel."""
        inquiry = Inquiry(partial(self._announce, name), self.timers)
        node = self.fanouts[name] = Fanout(
            node=name,
            epoch="e",
            interest=Interest(_nothing, _nothing),
            timers=self.timers,
            read_log=_no_events,
            spawn=lambda _work: None,
            inquiry=inquiry,
        )
        node.learn(VOLATILE)
        return node

    def remembered(self, name: str) -> list[str]:
        """Return the keys that a node knows."""
        latest = self.fanouts[name].volatile["moves"].latest
        return [entry.event.key for entry in latest.after(0, latest.newest, 1 << 30)]

    def _announce(self, name: str, events: Sequence[Event]) -> None:
        self.said.append(events)
        for other in self.fanouts.keys() - self.deaf:
            self.fanouts[other].hear(News("log", name, events))


def moved(key: str, at_us: int, data: bytes = b"{}") -> Event:
    """Return an event."""
    return Event("moves", 0, f"id-{at_us}", "moved", at_us, "me", data, key, volatile=True)


def test_a_node_that_comes_later_knows_what_the_others_know() -> None:
    """By a question and an answer in pages; what it has heard meanwhile stays the latest."""
    nodes = Nodes()
    one = nodes.start("one")
    one.deliver([moved(f"k{n}", n, b"x" * (PAGE_BYTES // 2)) for n in range(1, 6)])
    nodes.timers.advance(5)
    nodes.said.clear()

    two = nodes.start("two")
    two.deliver([moved("k1", 9)])
    nodes.timers.advance(5)

    assert sorted(nodes.remembered("two")) == ["k1", "k2", "k3", "k4", "k5"]
    assert max(len(events) for events in nodes.said) == 2
    newest = two.volatile["moves"].latest.after(0, 1 << 30, 1 << 30)
    assert [e.event.at_us for e in newest if e.event.key == "k1"] == [9]


def test_a_node_that_did_not_hear_the_first_answer_asks_again() -> None:
    """Its way to the others may open a moment later."""
    nodes = Nodes()
    nodes.start("one").deliver([moved("a", 1)])
    nodes.deaf.add("two")

    nodes.start("two")
    nodes.timers.advance(0.5)
    nodes.deaf.clear()
    nodes.timers.advance(1)

    assert nodes.remembered("two") == ["a"]


def test_nodes_that_ask_together_get_one_answer() -> None:
    """It is heard by all; and who remembers nothing says nothing."""
    nodes = Nodes()
    nodes.start("one").deliver([moved("a", 1)])
    nodes.timers.advance(5)
    nodes.said.clear()

    for name in ("two", "three"):
        nodes.start(name)
    nodes.timers.advance(0.5)

    answers = [events for events in nodes.said if events[0].type == "moved"]
    assert sum(len(events) for events in answers if events[0].key == "a") == 1
    assert (nodes.remembered("two"), nodes.remembered("three")) == (["a"], ["a"])


def test_an_event_that_is_told_again_is_not_written_again() -> None:
    """Clients have it: an answer is heard by nodes that did not ask, too."""
    nodes = Nodes()
    nodes.start("one").deliver([moved("a", 1)])
    two = nodes.start("two")
    nodes.timers.advance(5)
    before = two.volatile["moves"].flushed

    nodes.start("three")
    nodes.timers.advance(5)

    assert two.volatile["moves"].flushed == before == 1
    assert nodes.remembered("three") == ["a"]


async def _no_events(channel: str, after: int, limit: int) -> Sequence[Event]:
    assert channel
    assert after >= 0
    assert limit
    return []


def _nothing(channel: str) -> None:
    assert channel
