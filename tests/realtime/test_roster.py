"""The roster of one node: in order whatever the clock does, bounded whatever clients ask for."""

from typing import Any

import pytest

from hub.errors import Disconnected, HubError
from hub.model.roster import MAX_SUBSCRIPTIONS, Query
from hub.realtime import filters
from hub.realtime.connection import Connection
from hub.realtime.connections import Connections
from hub.realtime.roster import Roster, entry_of
from hub.realtime.view import View
from support.clocks import FakeClock
from support.principals import principal


class Session:
    """Rules of a connection, as far as it is ended."""

    def __init__(self, connection: Connection) -> None:
        self.ended = False
        self.failures: list[HubError] = []
        self._connection = connection

    def end(self, failure: HubError) -> None:
        """End it."""
        self.ended = True
        self.failures.append(failure)

    def recheck(self) -> None:
        """Nothing is followed."""


class Followed:
    """A channel that somebody follows."""

    offset, behind, mode = 5, 0, "live"

    def __init__(self, view: View) -> None:
        self.view = view


def joined(connections: Connections, client_id: str, name: str = "anna") -> Session:
    """Connect somebody."""
    sink: Any = type("Sink", (), {"buffered": lambda _self: 7})()
    connection = Connection(client_id, sink, principal=principal(name, "viewer"))
    session = Session(connection)
    connections.add(connection, session)
    return session


def test_pages_follow_each_other_whatever_the_clock_does() -> None:
    """It was set back between two connections: the later one is still the newer."""
    clock = FakeClock()
    connections = Connections(clock)
    for client_id, step_us in (("c", 0), ("a", -5_000_000), ("d", 0), ("b", 9)):
        clock.now += step_us
        joined(connections, client_id)
    roster = Roster(connections)

    first = roster.part(Query(3))
    second = roster.part(Query(3, before=first.entries[-1].place))

    assert [entry.client_id for entry in first.entries] == ["b", "d", "a"]
    assert [entry.client_id for entry in second.entries] == ["c"]
    assert (first.more, second.more, second.matching) == (True, False, 4)


def test_a_connection_that_says_later_who_it_is_stays_where_it_was() -> None:
    """It is one connection, with one beginning."""
    clock = FakeClock()
    connections = Connections(clock)
    joined(connections, "first")
    (connection,) = connections.open()
    began_us = connection.opened_us
    clock.now += 5
    connections.add(connection, Session(connection))

    assert connection.opened_us == began_us


def test_one_is_closed_once_and_the_others_stay() -> None:
    """Who is being closed already hears no second reason."""
    connections = Connections(FakeClock())
    gone, stays = joined(connections, "gone"), joined(connections, "stays")
    roster, failure = Roster(connections), Disconnected("go")

    closed = [roster.close("gone", failure), roster.close("gone", failure)]

    assert [entry and entry.client_id for entry in closed] == ["gone", "gone"]
    assert (gone.failures, stays.failures) == ([failure], [])
    assert roster.close("nobody", failure) is None


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        pytest.param({"n": [*range(50)]}, {"n": [*range(10)]}, id="many values"),
        pytest.param({"n": ["x" * 500]}, {"n": ["x" * 80]}, id="a long value"),
        pytest.param({"y" * 500: [True]}, {"y" * 80: [True]}, id="a long name"),
    ],
)
def test_of_a_filter_a_bounded_part_is_told(where: Any, shown: Any) -> None:
    """It goes through the broker, and onto a screen."""
    connections = Connections(FakeClock())
    joined(connections, "one")
    (connection,) = connections.open()
    view: Any = Followed(View(where=filters.parse(where)))
    connection.subscriptions["jobs"] = view

    (followed,) = entry_of(connection).followed

    assert followed.where is not None
    assert {name: len(values) for name, values in followed.where.items()} == {
        name: len(values) for name, values in shown.items()
    }
    assert all(len(str(value)) <= 80 for values in followed.where.values() for value in values)


def test_what_rights_have_added_to_a_filter_is_not_told() -> None:
    """Nobody has asked for it; a filter of nothing else is none."""
    connections = Connections(FakeClock())
    joined(connections, "one")
    (connection,) = connections.open()
    bare: Any = Followed(View(where=filters.owned(None, "anna")))
    asked: Any = Followed(View(where=filters.owned(filters.parse({"status": "DONE"}), "anna")))
    connection.subscriptions |= {"jobs": bare, "tasks": asked}

    told = {one.channel: one.where for one in entry_of(connection).followed}

    assert told == {"jobs": None, "tasks": {"status": ["DONE"]}}


def test_so_many_subscriptions_are_told() -> None:
    """And how many there are."""
    connections = Connections(FakeClock())
    joined(connections, "one")
    (connection,) = connections.open()
    for number in range(MAX_SUBSCRIPTIONS + 9):
        follows: Any = Followed(View())
        connection.subscriptions[f"c{number:03d}"] = follows

    entry = entry_of(connection)

    assert (len(entry.followed), entry.channels) == (MAX_SUBSCRIPTIONS, MAX_SUBSCRIPTIONS + 9)
