"""Presence: who is there is who has spoken lately."""

from collections.abc import Sequence

import pytest

from hub.brokers.base import Live, Presence
from hub.services.presence import FORGET_AFTER_S, SAY_EVERY_S, Nodes, together
from support.clocks import FakeClock

OTHER = Live(2, {"jobs": 2}, 7)


class Seat:
    """A node, what it said, and its clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.live = Live(1, {"contracts": 1}, 0)
        self.said: list[Presence] = []
        self.nodes = Nodes(
            "log", "a", live=lambda: self.live, tell=self.said.append, clock=self.clock
        )

    def hear(self, node: str, live: Live | None = OTHER) -> None:
        """Hear a node."""
        self.nodes.meet(Presence("log", node, live))

    def names(self) -> Sequence[str]:
        """Return who is there."""
        return list(self.nodes.present())


@pytest.fixture
def seat() -> Seat:
    """A node that has met nobody."""
    return Seat()


def test_alone_a_node_is_the_whole_hub(seat: Seat) -> None:
    """It needs no broker to know itself, and it is as it is now."""
    seat.live = Live(4, {"jobs": 4}, 9)

    assert seat.nodes.present() == {"a": seat.live}


def test_a_node_is_as_it_said_last(seat: Seat) -> None:
    """The newest word replaces the one before."""
    seat.hear("b", Live(9, {"jobs": 9}, 9))
    seat.hear("b")

    assert seat.nodes.present() == {"a": seat.live, "b": OTHER}


def test_a_silent_node_is_forgotten(seat: Seat) -> None:
    """Some words may be lost; then it counts as dead, within ten seconds with time to spare."""
    seat.hear("b")
    seat.hear("c")

    seat.clock.advance(3 * SAY_EVERY_S)
    seat.hear("c")
    after_lost_words = seat.names()
    seat.clock.advance(FORGET_AFTER_S - 3 * SAY_EVERY_S)

    assert after_lost_words == ["a", "b", "c"]
    assert seat.names() == ["a", "c"]
    assert FORGET_AFTER_S + SAY_EVERY_S < 10


def test_a_clock_that_is_set_back_keeps_no_dead(seat: Seat) -> None:
    """The host's clock may jump; who lives is heard again in a moment."""
    seat.hear("b")

    seat.clock.advance(-3600)
    at_once = seat.names()
    seat.hear("b")

    assert (at_once, seat.names()) == (["a"], ["a", "b"])


def test_a_farewell_is_believed_at_once(seat: Seat) -> None:
    """Who stops properly is not waited for."""
    seat.hear("b")

    seat.hear("b", None)

    assert seat.names() == ["a"]


def test_a_farewell_of_nobody_changes_nothing(seat: Seat) -> None:
    """And nobody is answered who has just left."""
    seat.hear("b", None)

    assert (seat.names(), seat.said) == (["a"], [])


def test_a_new_node_is_answered_once(seat: Seat) -> None:
    """It knows all nodes at once, and two nodes do not answer each other for ever."""
    for _ in range(3):
        seat.hear("b")

    assert seat.said == [Presence("log", "a", seat.live)]


def test_a_node_that_was_forgotten_is_new(seat: Seat) -> None:
    """After an outage everybody knows everybody at the first word."""
    seat.hear("b")
    seat.clock.advance(FORGET_AFTER_S)

    seat.hear("b")

    assert len(seat.said) == 2


def test_a_node_does_not_meet_itself(seat: Seat) -> None:
    """Its own word comes back through the broker and says nothing new."""
    seat.hear("a", Live(100, {}, 0))

    assert (seat.nodes.present(), seat.said) == ({"a": seat.live}, [])


def test_who_has_left_says_nothing_more(seat: Seat) -> None:
    """A word behind the farewell would bring a node back that is gone."""
    seat.nodes.leave()

    seat.nodes.say()
    seat.hear("b")

    assert seat.said == [Presence("log", "a", None)]


def test_sums_are_over_all_nodes() -> None:
    """Channels of one node only are there too, in the order of their names."""
    sums = together([Live(1, {"jobs": 1}, 5), Live(2, {"alerts": 1, "jobs": 2}, 6)])

    assert sums == Live(3, {"alerts": 1, "jobs": 3}, 11)
    assert list(sums.subscriptions) == ["alerts", "jobs"]


def test_none_together_are_nothing() -> None:
    """The sum of no nodes is zero."""
    assert together([]) == Live(0, {}, 0)
