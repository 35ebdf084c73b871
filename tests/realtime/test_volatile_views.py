"""Views of volatile channels: filters, conflation and MessagePack, where nothing has an offset."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from hub.realtime.connection import Connection
from hub.realtime.feed import MAX_BATCH_BYTES
from hub.realtime.formats import MSGPACK
from hub.realtime.frames import Batch
from hub.realtime.pages import PAGE_BYTES
from hub.realtime.session import Session
from hub.realtime.view import PLAIN
from support.realtime import SlowSocket, command
from support.scene import Scene, fill, places

ONLY_A = {"key": "a"}
SELDOM = {"key": "key", "max_hz": 10}


class Writes(SlowSocket):
    """A socket that also keeps what was written as one."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []

    def write(self, batch: Batch) -> None:
        """Note the batch."""
        self.batches.append(batch)
        super().write(batch)


class Packed(Writes):
    """A socket whose client reads MessagePack; `frames` are what it says."""

    def write(self, batch: Batch) -> None:
        """Take frames, all binary."""
        assert all(frame.binary for frame in batch.frames)
        self.batches.append(batch)
        self.frames += [msgspec.msgpack.decode(frame.payload) for frame in batch.frames]


def sit_packed(node: Scene, socket: Packed, **fields: Any) -> None:
    """Let a client in that follows the channel in MessagePack."""
    connection = socket.connection = Connection("c1", socket, MSGPACK)
    session = Session(connection, node, [])
    session.receive(msgspec.msgpack.encode({"type": "subscribe", "channel": "moves", **fields}))
    node.settle()


def move_all(node: Scene, keys: str) -> None:
    """Move one thing after the other, each in a tick of its own."""
    for key in keys:
        node.move(key)
        node.fake_timers.tick()


def test_a_filter_lets_through_what_it_names() -> None:
    """As it is for all others: no offset, so nothing that came before."""
    node, all_of_it, some = Scene(), Writes(), Writes()
    node.sit(all_of_it)
    node.sit(some, where=ONLY_A)
    for socket in (all_of_it, some):
        socket.take()

    node.move("b")
    event = node.move("a")
    node.settle()

    assert some.frames == [
        {
            "type": "moved", "channel": "moves", "id": event.id,
            "timestamp": "1970-01-01T00:00:00.000002Z", "data": {"key": "a", "at": 2},
        }
    ]  # fmt: skip
    assert all_of_it.batches[-1].frames[1] is some.batches[-1].frames[0]


def test_clients_of_one_filter_share_the_buffer() -> None:
    """It is judged and made once, live and where they catch up."""
    node, sockets = Scene(), [Writes(), Writes()]
    for socket in sockets:
        node.sit(socket, where=ONLY_A)

    move_all(node, "ab")
    live = [socket.batches[-1] for socket in sockets]
    for socket in sockets:
        fill(socket)
    move_all(node, "ab")
    for socket in sockets:
        socket.drain()
    node.settle()

    assert live[0] is live[1]
    assert sockets[0].batches[-1] is sockets[1].batches[-1]
    assert [places(socket) for socket in sockets] == [[("a", 1), ("a", 3)]] * 2


def test_a_slow_client_of_a_filter_gets_the_latest_of_what_it_names() -> None:
    """What it does not name is passed over, however much that is."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket, where={"key": ["a", "c"]})
    fill(socket)
    move_all(node, "abcabb")
    socket.take()

    socket.drain()
    node.settle()
    move_all(node, "ba")

    assert places(socket) == [("c", 3), ("a", 4), ("a", 8)]


@pytest.mark.parametrize(
    ("where", "items"),
    [
        pytest.param(ONLY_A, [{"key": "a", "at": 3}], id="a field of its data"),
        pytest.param({"type": "moved"}, [{"key": "b", "at": 2}, {"key": "a", "at": 3}], id="type"),
        pytest.param({"type": "gone"}, [], id="another type"),
    ],
)
def test_a_snapshot_is_judged_as_its_events_are(
    where: dict[str, Any], items: list[dict[str, Any]]
) -> None:
    """By the same words, also by those that only the event has."""
    node, socket = Scene(), SlowSocket()
    move_all(node, "aba")

    node.sit(socket, snapshot=True, where=where)

    assert socket.take()[-1]["items"] == items


def test_messagepack_is_made_once_a_format() -> None:
    """Live events, what was missed, and the snapshot, in binary frames."""
    node, plain, packed = Scene(), SlowSocket(), [Packed(), Packed()]
    move_all(node, "a")
    node.sit(plain)
    for socket in packed:
        sit_packed(node, socket, snapshot=True)
    told = packed[0].take()

    move_all(node, "b")
    live = [socket.batches[-1] for socket in packed]
    for socket in packed:
        fill(socket)
    move_all(node, "bc")
    for socket in packed:
        socket.drain()
    node.settle()

    assert [frame["type"] for frame in told] == ["welcome", "subscribed", "snapshot"]
    assert told[-1]["items"] == [{"key": "a", "at": 1}]
    assert live[0] is live[1]
    assert packed[0].batches[-1] is packed[1].batches[-1]
    assert places(packed[0]) == [("b", 2), ("b", 3), ("c", 4)]
    assert places(plain) == [("b", 2), ("b", 3), ("c", 4)]


def test_conflation_sends_so_often_at_most() -> None:
    """At once when nothing was sent for a while; then the newest of each entity, together."""
    node, socket = Scene(), Writes()
    node.sit(socket, conflate=SELDOM)

    move_all(node, "a")
    at_once = places(socket)
    move_all(node, "abab")
    early = places(socket)
    node.fake_timers.advance(0.11)

    assert (at_once, early) == ([("a", 1)], [])
    assert places(socket) == [("a", 4), ("b", 5)]


def test_a_conflated_client_whose_socket_fills_up_gets_what_waited() -> None:
    """What waits for the others is lost neither, nor told twice."""
    node, slow, other = Scene(), SlowSocket(), SlowSocket()
    for socket in (slow, other):
        node.sit(socket, conflate=SELDOM)
    move_all(node, "cab")

    fill(slow)
    node.fake_timers.advance(0.11)
    slow.drain()
    node.settle()

    assert places(slow) == [("c", 1), ("a", 2), ("b", 3)]
    assert places(other) == [("c", 1), ("a", 2), ("b", 3)]


def test_who_comes_while_something_waits_for_others_gets_nothing_twice() -> None:
    """It had the newest in its snapshot; its turn comes with the next that changes."""
    node, first, second = Scene(), SlowSocket(), SlowSocket()
    node.sit(first, conflate=SELDOM)
    move_all(node, "aab")

    _, session = node.connect(second, [])
    session.receive(command(type="subscribe", channel="moves", snapshot=True, conflate=SELDOM))
    node.work.run()
    node.settle()
    node.fake_timers.advance(0.11)
    move_all(node, "b")
    node.fake_timers.advance(0.11)

    (snapshot,) = [frame for frame in second.frames if frame["type"] == "snapshot"]
    assert snapshot["items"] == [{"key": "a", "at": 2}, {"key": "b", "at": 3}]
    assert places(second) == [("b", 4)]
    assert places(first) == [("a", 1), ("a", 2), ("b", 3), ("b", 4)]


def test_what_is_of_nobody_takes_nobodys_place() -> None:
    """Events without the entity that a client names are all told, in their order."""
    node, socket = Scene(), SlowSocket()
    node.sit(socket, conflate={"key": "thing", "max_hz": 10})

    move_all(node, "abab")
    node.fake_timers.advance(0.11)

    assert places(socket) == [("a", 1), ("b", 2), ("a", 3), ("b", 4)]


def test_events_of_volatile_and_durable_channels_are_one_write_a_tick() -> None:
    """One buffer for all who follow the same ones."""
    node, sockets = Scene(), [Writes(), Writes()]
    for socket in sockets:
        node.connect(socket, ["jobs", "moves"])
        socket.batches.clear()

    node.move("a")
    node.publish()
    node.move("b")
    node.fake_timers.tick()

    assert [len(socket.batches) for socket in sockets] == [1, 1]
    assert sockets[0].batches[0] is sockets[1].batches[0]
    assert len(sockets[0].batches[0].frames) == 3


def test_a_socket_that_fills_up_in_a_joined_write_gets_nothing_twice() -> None:
    """Of neither channel, whichever of them filled it."""
    node, socket = Scene(), SlowSocket(capacity=100)
    node.connect(socket, ["jobs", "moves"])
    socket.drain()
    told: list[tuple[str, int]] = []

    for _ in range(5):
        node.move("a")
        node.publish("jobs", b'"' + b"x" * 100 + b'"')
        node.settle()
        events = [frame for frame in socket.take() if "data" in frame]
        told += [(e["channel"], e["offset"] if "offset" in e else e["data"]["at"]) for e in events]
        socket.drain()
        node.settle()

    assert sorted(told) == [(name, at) for name in ("jobs", "moves") for at in range(1, 6)]


def test_more_than_a_buffer_takes_in_one_tick_is_told_as_the_latest() -> None:
    """By pages: a thousand sockets must not each hold all of a flood."""
    node, socket = Scene(), Writes()
    node.sit(socket)
    socket.batches.clear()

    for number in range(30):
        at = b'{"key":"%d","at":%d}' % (number % 10, number)
        node.move(f"k{number % 10}", data=at + b" " * (MAX_BATCH_BYTES // 20))
    node.settle()

    assert [at for _, at in places(socket)] == [*range(20, 30)]
    assert max(len(batch.wire) for batch in socket.batches) < 2 * PAGE_BYTES


def test_a_page_of_many_small_events_is_a_page() -> None:
    """Their frames are larger than their data."""
    node = Scene()
    for number in range(2_000):
        node.move(f"k{number}", data=b'{"key":"k","at":1}')
    node.settle()

    page = node.fanout.volatile["moves"].after(0).page(PLAIN, 0)

    assert page.batch is not None
    assert len(page.batch.wire) < 2 * PAGE_BYTES


def test_nobody_is_left_in_a_view_that_nobody_has() -> None:
    """Timers and groups go with the last client."""
    node = Scene()
    sessions = [
        node.sit(SlowSocket(), where=ONLY_A),
        node.sit(SlowSocket(), where=ONLY_A, conflate=SELDOM),
        node.sit(SlowSocket(), conflate=SELDOM),
    ]
    move_all(node, "aaa")

    for session in sessions:
        session.lost()
    node.settle()

    assert node.fake_timers.pending == 0
    assert not node.fanout.volatile["moves"].live


@given(st.lists(st.sampled_from(["move a", "move b", "move c", "fill", "drain", "tick", "wait"])))
def test_whatever_happens_each_view_ends_with_the_latest_that_it_names(acts: list[str]) -> None:
    """What a client is told of one key never goes back in time, nor comes twice."""
    node = Scene()
    views: dict[str, tuple[SlowSocket, str]] = {
        "filter": (SlowSocket(), "ab"),
        "conflation": (SlowSocket(), "abc"),
        "both": (SlowSocket(), "ab"),
    }
    where = {"key": ["a", "b"]}
    node.sit(views["filter"][0], where=where)
    node.sit(views["conflation"][0], conflate=SELDOM)
    node.sit(views["both"][0], where=where, conflate=SELDOM)
    newest: dict[str, int] = {}
    for act in [*acts, "drain", "wait"]:
        verb, _, key = act.partition(" ")
        if verb == "move":
            node.move(key)
            newest[key] = node.now
        elif verb == "tick":
            node.fake_timers.tick()
        elif verb == "wait":
            node.fake_timers.advance(0.25)
        else:
            for socket, _ in views.values():
                fill(socket) if verb == "fill" else socket.drain()

    for socket, keys in views.values():
        told = places(socket)
        assert dict(told) == {key: at for key, at in newest.items() if key in keys}
        for key in keys:
            ats = [at for k, at in told if k == key]
            assert ats == sorted(set(ats))
