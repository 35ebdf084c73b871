"""Volatile channels: every event while a client reads, the latest of each key when it did not."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from hub.brokers.base import News
from hub.realtime.pages import PAGE_BYTES
from hub.realtime.view import PLAIN
from support.realtime import EPOCH, FakeNode, MemoryEvents, SlowSocket, command
from support.scene import VOLATILE, Scene, fill, places


def test_a_client_that_reads_gets_every_event() -> None:
    """Also two of one key in one tick; a frame has neither an offset nor a mark."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket)
    subscribed = socket.take()[-1]

    event = node.move("a")
    node.move("a")
    node.settle()

    first, second = socket.take()
    assert first == {
        "type": "moved", "channel": "moves", "id": event.id,
        "timestamp": "1970-01-01T00:00:00.000001Z", "data": {"key": "a", "at": 1},
    }  # fmt: skip
    assert second["data"]["at"] == 2
    assert (subscribed["offset"], subscribed["head"], subscribed["epoch"]) == (0, 0, EPOCH)


def test_a_socket_that_is_full_gets_the_latest_of_each_key_when_it_has_drained() -> None:
    """Nothing waits for it meanwhile; afterwards it gets what comes, as before."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket)
    node.move("a")
    node.settle()
    socket.take()

    fill(socket)
    for key in "bcbcbc":
        node.move(key)
        node.settle()
    meanwhile = places(socket)
    socket.drain()
    node.settle()
    caught_up = places(socket)
    node.move("a")
    node.settle()

    assert meanwhile == []
    assert caught_up == [("b", 6), ("c", 7)]
    assert places(socket) == [("a", 8)]


def test_what_comes_while_a_client_catches_up_is_neither_lost_nor_doubled() -> None:
    """An event that was not flushed yet when the socket drained."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket)
    fill(socket)
    node.move("a")
    node.settle()
    node.move("b")
    socket.take()

    socket.drain()
    node.settle()

    assert places(socket) == [("a", 1), ("b", 2)]


def test_a_client_catches_up_by_pages_as_its_socket_drains() -> None:
    """However much state there is, a socket holds a page of it."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket)
    fill(socket)
    socket.capacity = 1
    for number in range(20):
        node.move(f"k{number}", data=b'{"key":"k","at":%d}' % number + b" " * 30_000)
    node.settle()
    socket.take()
    seen = []
    for _ in range(10):
        socket.drain()
        node.settle()
        seen += places(socket)

    assert [at for _, at in seen] == list(range(20))
    assert socket.most_buffered < 2 * PAGE_BYTES


def test_clients_that_stopped_at_one_place_share_a_buffer() -> None:
    """A storm of them costs one joining."""
    node = Scene()
    sockets = [SlowSocket() for _ in range(3)]
    for socket in sockets:
        node.sit(socket)
        fill(socket)
    node.move("a")
    node.settle()

    page = node.fanout.volatile["moves"].after(0).page(PLAIN, 0)

    assert node.fanout.volatile["moves"].after(0).page(PLAIN, 0) is page
    for socket in sockets:
        socket.drain()
    assert [places(socket) for socket in sockets] == [[("a", 1)]] * 3
    node.move("a")
    node.settle()
    assert node.fanout.volatile["moves"].after(0).page(PLAIN, 0) is not page


def test_pages_for_others_are_few() -> None:
    """Clients that stopped at a thousand places do not fill the memory."""
    node = Scene()
    for number in range(100):
        node.move(f"k{number}")
        node.settle()
    feed = node.fanout.volatile["moves"]

    for number in range(90):
        feed.after(number)

    assert len(feed._places) <= 16


def test_a_snapshot_is_the_present_state_and_then_what_follows() -> None:
    """One item a key; what changed before the first page comes in it."""
    node, socket = Scene(), SlowSocket()
    for key in "aba":
        node.move(key)
    node.settle()

    node.sit(socket, snapshot=True, id=7)
    node.move("b")
    node.settle()

    _, subscribed, snapshot, moved = socket.take()
    assert (subscribed["reply_to"], subscribed["reason"]) == (7, None)
    assert snapshot["items"] == [{"key": "b", "at": 2}, {"key": "a", "at": 3}]
    assert snapshot["more"] is False
    assert moved["data"] == {"key": "b", "at": 4}


async def test_what_changes_while_a_snapshot_is_read_follows_it() -> None:
    """Its pages come as the socket drains; nothing falls between them and the live events."""
    node, socket = Scene(), SlowSocket()
    for key in "abcd":
        node.move(key, data=b'{"key":"d","at":0}' + b" " * 40_000)
    node.settle()

    _, session = node.connect(socket, [])
    socket.capacity = 1
    session.receive(command(type="subscribe", channel="moves", snapshot=True))
    node.settle()
    node.move("d")
    node.settle()
    for _ in range(10):
        socket.drain()
        node.settle()

    frames = socket.take()
    pages = [frame for frame in frames if frame["type"] == "snapshot"]
    assert [len(page["items"]) for page in pages] == [2, 1]
    assert [page["more"] for page in pages] == [True, False]
    assert [frame["data"]["at"] for frame in frames if frame["type"] == "moved"] == [5]


def test_the_snapshot_of_a_channel_without_events_is_one_empty_page() -> None:
    """So that a client knows that it has everything."""
    node, socket = Scene(), SlowSocket()

    node.sit(socket, snapshot=True)

    snapshot = socket.take()[-1]
    assert (snapshot["type"], snapshot["items"], snapshot["more"]) == ("snapshot", [], False)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({}, None, id="from now"),
        pytest.param({"history": 0}, None, id="no history"),
        pytest.param({"history": 5}, "volatile", id="history"),
        pytest.param({"since": f"{EPOCH}:0"}, "volatile", id="since"),
        pytest.param({"since": "another:7"}, "volatile", id="since another epoch"),
    ],
)
def test_who_asks_for_what_was_is_told_that_it_is_not_kept(
    fields: dict[str, Any], reason: str | None
) -> None:
    """And follows from now on, as after every refused recovery."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket, **fields)
    subscribed = socket.take()[-1]

    node.move("a")
    node.settle()

    assert (subscribed["recovered"], subscribed["reason"]) == (False, reason)
    assert places(socket) == [("a", 1)]


def test_a_channel_may_be_asked_for_in_the_address() -> None:
    """Beside others; nobody stands anywhere in it."""
    node, socket = Scene(), SlowSocket()
    _, session = node.connect(socket, ["moves", "jobs"])

    node.move("a")
    node.publish()
    session.receive(command(type="heartbeat"))
    node.settle()

    welcome, beat, *events = socket.take()
    assert welcome["positions"] == {"jobs": 0, "moves": 0}
    assert beat["positions"]["moves"] == 0
    assert {event["type"] for event in events} == {"moved", "job_update"}


def test_a_history_command_is_answered_as_the_history_says() -> None:
    """A volatile channel is not an unknown one."""
    node, socket = Scene(), SlowSocket()
    node.log.heads["moves"] = VOLATILE
    node.log._events["moves"] = {}
    session = node.sit(socket)
    socket.take()

    session.receive(command(type="get_history", channel="moves", id=3))
    node.settle()

    history = socket.take()[-1]
    assert (history["reply_to"], history["offset"], history["events"]) == (3, 0, [])


def test_who_has_left_gets_nothing() -> None:
    """Neither live nor from a page that was still to come."""
    node, socket = Scene(), SlowSocket()
    session = node.sit(socket)
    fill(socket)
    node.move("a")
    node.settle()
    socket.drain()
    session.receive(command(type="unsubscribe", channel="moves"))
    socket.take()

    node.move("b")
    node.settle()

    assert places(socket) == []
    assert node.fanout.volatile["moves"].live == []
    assert "moves" not in node.fanout.interest.followers


def test_the_news_come_although_nobody_follows() -> None:
    """The state is nowhere else: the first client that comes must find it."""
    node, socket = Scene(), SlowSocket()
    for _ in range(3):
        node.fanout.interest.sweep()
    assert "moves" in node.followed

    node.fanout.hear(News("log", "n2", [node.moved("a")]))
    node.settle()
    node.sit(socket, snapshot=True)

    assert socket.take()[-1]["items"] == [{"key": "a", "at": 1}]


def test_an_event_may_come_before_the_log_has_told_of_its_channel() -> None:
    """Another node has just made it; the event says itself what it is."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()

    node.fanout.deliver([Scene().moved("a")])
    node.settle()
    node.connect(socket, ["moves"])

    assert socket.take()[0]["positions"] == {"moves": 0}
    assert "moves" not in node.fanout.feeds


def test_a_channel_that_only_the_log_knows_is_looked_up() -> None:
    """A client may be faster than this node's look at the heads."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    node.log.heads["moves"] = VOLATILE
    _, session = node.connect(socket, [])

    session.receive(command(type="subscribe", channel="moves", snapshot=True))
    node.settle()

    assert [frame["type"] for frame in socket.take()] == ["welcome", "subscribed", "snapshot"]


@given(st.lists(st.sampled_from(["move a", "move b", "move c", "fill", "drain", "tick"])))
def test_whatever_happens_a_client_ends_with_the_latest_of_each_key(acts: list[str]) -> None:
    """And what it is told of one key never goes back in time."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket)
    newest: dict[str, int] = {}
    for act in [*acts, "drain", "tick"]:
        verb, _, key = act.partition(" ")
        if verb == "move":
            node.move(key)
            newest[key] = node.now
        elif verb == "fill":
            fill(socket)
        elif verb == "drain":
            socket.drain()
        else:
            node.settle()

    told = places(socket)
    assert dict(told) == newest
    for key in newest:
        ats = [at for k, at in told if k == key]
        assert ats == sorted(set(ats))
