"""Views: filtered, conflated and packed subscriptions, live and as cursors, on one node."""

import json
from typing import Any

import msgspec
import pytest

from hub.model.event import Event
from hub.realtime.connection import Connection
from hub.realtime.feed import MAX_BATCH_BYTES
from hub.realtime.formats import MSGPACK
from hub.realtime.frames import Batch
from hub.realtime.session import Session
from support.realtime import FakeNode, MemoryEvents, SlowSocket, command

BY_CITY = {"city": ["Pune", "Mumbai"]}


class Writes(SlowSocket):
    """A socket that remembers what was written together."""

    def __init__(self, capacity: int = 1 << 30) -> None:
        super().__init__(capacity)
        self.batches: list[Batch] = []

    def write(self, batch: Batch) -> None:
        """Note the batch."""
        self.batches.append(batch)
        super().write(batch)


def follow(node: FakeNode, socket: SlowSocket, **fields: Any) -> Session:
    """Let a client in that follows jobs."""
    _, session = node.connect(socket, [])
    session.receive(command(type="subscribe", channel="jobs", **fields))
    node.settle()
    return session


def update(node: FakeNode, city: str, key: str = "k", status: str = "RUNNING") -> int:
    """Commit an event."""
    data = json.dumps({"city": city, "key": key, "status": status}).encode()
    return node.publish("jobs", data).offset


def try_out(node: FakeNode, city: str, key: str = "k") -> None:
    """Let a test event come."""
    data = json.dumps({"city": city, "key": key}).encode()
    node.fanout.deliver([Event("jobs", 0, "id", "job_update", 1, "me", data)])


def seen(socket: SlowSocket) -> list[tuple[int, int]]:
    """Return offset and prev of the events that came."""
    return [(e["offset"], e["prev"]) for e in socket.take() if e["type"] == "job_update"]


def test_a_filter_jumps_and_says_what_came_before() -> None:
    """The first after the subscribe names the head at which the filter began."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    update(node, "Delhi")
    node.settle()
    follow(node, socket, where=BY_CITY)

    for city in ("Delhi", "Pune", "Delhi", "Mumbai"):
        update(node, city)
        node.settle()

    assert seen(socket) == [(3, 1), (5, 3)]


def test_clients_of_one_filter_share_the_frame() -> None:
    """Whoever wrote it down how."""
    node, sockets = FakeNode(MemoryEvents()), [Writes(), Writes()]
    for socket, where in zip(sockets, ({"city": "Pune"}, {"city": ["Pune"]}), strict=True):
        follow(node, socket, where=where)
        socket.batches.clear()

    update(node, "Pune")
    node.settle()

    assert sockets[0].batches[0] is sockets[1].batches[0]


def test_a_filtered_replay_goes_on_without_a_seam() -> None:
    """Every frame's prev is one that the client has had, from the replay into the live ones."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    live = SlowSocket()
    follow(node, live, where=BY_CITY)
    for at in range(40):
        update(node, "Pune" if at % 5 == 0 else "Delhi")
    node.settle()

    follow(node, socket, where=BY_CITY, since="e1:3")
    update(node, "Pune")
    node.settle()

    replayed = seen(socket)
    assert replayed == [(at, max(3, at - 5)) for at in range(6, 42, 5)]
    assert seen(live)[-1] == (41, 36)


def test_a_client_that_joins_a_filter_from_further_back_is_not_told_of_a_gap() -> None:
    """The filter began at the head of another client; nothing matched since."""
    node, first, second = FakeNode(MemoryEvents()), SlowSocket(), SlowSocket()
    for city in ("Pune", "Delhi", "Delhi"):
        update(node, city)
    node.settle()
    follow(node, first, where=BY_CITY)

    follow(node, second, where=BY_CITY, since="e1:0")
    update(node, "Pune")
    node.settle()

    assert seen(second) == [(1, 0), (4, 1)]
    assert seen(first)[0][1] <= 3


def test_a_snapshot_is_filtered_too() -> None:
    """As the events after it are."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket, snapshot=True, where={"item": [2]})

    pages = [frame["items"] for frame in socket.take() if frame["type"] == "snapshot"]

    assert pages == [[], [{"item": 2}]]


def test_conflation_sends_at_once_and_then_so_often_at_most() -> None:
    """An idle channel is not slowed down; a busy one is thinned to the newest of each entity."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket, conflate={"key": "key", "max_hz": 10})

    update(node, "Pune", "a")
    node.fake_timers.tick()
    at_once = seen(socket)
    for key in ("a", "b", "a"):
        update(node, "Pune", key)
        node.fake_timers.tick()
    early = seen(socket)
    node.fake_timers.advance(0.11)
    later = seen(socket)

    assert (at_once, early, later) == ([(1, 0)], [], [(3, 1), (4, 3)])


def test_what_has_ended_does_not_wait() -> None:
    """It is sent at once, behind what waits below it."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket, conflate={"key": "key", "max_hz": 1})
    for key, status in (("a", "RUNNING"), ("a", "RUNNING"), ("b", "RUNNING"), ("a", "DONE")):
        update(node, "Pune", key, status)
        node.fake_timers.tick()

    assert [offset for offset, _ in seen(socket)] == [1, 3, 4]


def test_a_heartbeat_says_no_position_above_what_waits() -> None:
    """Who resumes there must get what was not sent."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    session = follow(node, socket, conflate={"key": "key", "max_hz": 1})
    for key in ("a", "b", "a"):
        update(node, "Pune", key)
        node.fake_timers.tick()
    socket.take()

    session.receive(command(type="heartbeat"))

    (beat,) = socket.take()
    assert beat["positions"] == {"jobs": 1}


def test_a_test_that_waits_holds_no_position_back() -> None:
    """It has no offset; who stalls behind it gets nothing for a second time."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    session = follow(node, socket, conflate={"key": "key", "max_hz": 1})
    for _ in range(2):
        update(node, "Pune", "a")
        node.fake_timers.advance(2)
    update(node, "Pune", "a")
    node.fake_timers.tick()
    socket.take()
    try_out(node, "Pune", "a")
    node.fake_timers.tick()

    update(node, "Pune", "a")
    node.fake_timers.tick()
    session.receive(command(type="heartbeat"))

    (beat,) = socket.take()
    assert beat["positions"] == {"jobs": 3}


def test_an_event_names_the_one_before_it_over_a_test_between_them() -> None:
    """A test comes last in its tick, and has no offset to name."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket, where=BY_CITY)
    update(node, "Pune")
    try_out(node, "Pune")
    node.settle()
    socket.take()

    update(node, "Pune")
    node.settle()

    assert seen(socket) == [(2, 1)]


def test_a_client_that_joins_while_something_waits_gets_nothing_twice() -> None:
    """What waits for the others it has had in its replay."""
    node, first, second = FakeNode(MemoryEvents()), SlowSocket(), SlowSocket()
    conflate = {"key": "key", "max_hz": 10}
    follow(node, first, conflate=conflate)
    for key in ("a", "b", "c"):
        update(node, "Pune", key)
        node.fake_timers.tick()

    _, session = node.connect(second, [])
    session.receive(command(type="subscribe", channel="jobs", since="e1:0", conflate=conflate))
    node.fake_timers.tick()
    update(node, "Pune", "b")
    node.fake_timers.advance(0.3)

    assert [offset for offset, _ in seen(second)] == [1, 2, 3, 4]
    assert [offset for offset, _ in seen(first)] == [1, 3, 4]


def test_a_conflated_replay_is_conflated_too() -> None:
    """Who comes back to a thousand updates of one entity gets one."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    for _ in range(6):
        update(node, "Pune", "a")

    follow(node, socket, since="e1:1", conflate={"key": "key", "max_hz": 10})

    assert seen(socket) == [(6, 1)]


def test_nobody_is_left_in_a_view_that_nobody_has() -> None:
    """Timers and groups go with the last client."""
    node = FakeNode(MemoryEvents())
    sessions = [
        follow(node, SlowSocket(), where=BY_CITY),
        follow(node, SlowSocket(), where=BY_CITY, conflate={"key": "key"}),
        follow(node, SlowSocket(), conflate={"key": "key", "max_hz": 1}),
    ]
    for _ in range(2):
        update(node, "Pune")
        node.fake_timers.tick()

    for session in sessions:
        session.lost()

    assert node.fake_timers.pending == 0
    assert not node.fanout.feeds["jobs"].live


def test_messagepack_says_the_same_objects() -> None:
    """In binary frames, replies and events alike; commands are read so too."""
    node, socket = FakeNode(MemoryEvents()), PackedSocket()
    connection = socket.connection = Connection("c1", socket, MSGPACK)
    session = Session(connection, node, ["jobs"])
    session.receive(msgspec.msgpack.encode({"type": "ping", "id": 5}))
    update(node, "Pune")
    node.settle()
    follow_filtered = {"type": "subscribe", "channel": "jobs", "where": BY_CITY, "since": "e1:0"}
    session.receive(msgspec.msgpack.encode(follow_filtered))
    node.settle()

    welcome, pong, event, subscribed, again = socket.packed
    assert (welcome["type"], pong["reply_to"]) == ("welcome", 5)
    assert event["data"] == {"city": "Pune", "key": "k", "status": "RUNNING"}
    assert subscribed["type"] == "subscribed"
    assert again == {**event, "prev": 0}


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"\xc1", id="no MessagePack"),
        pytest.param(b"{}", id="text, and more behind a number"),
        pytest.param(msgspec.msgpack.encode([1]), id="no map"),
        pytest.param(b"\x81\x01\x02\xff", id="bytes behind the map"),
        pytest.param(b"\xd6\xff" + b"\xff" * 4, id="a time"),
        pytest.param(b"\x91" * 5_000, id="nested deep"),
    ],
)
def test_a_packed_frame_that_is_no_map_ends_the_connection(payload: bytes) -> None:
    """With 4500, as text that is no JSON object does."""
    node, socket = FakeNode(MemoryEvents()), PackedSocket()
    connection = socket.connection = Connection("c1", socket, MSGPACK)
    session = Session(connection, node, [])

    session.receive(payload)

    assert socket.closed is not None
    assert socket.closed[0] == 4500


class PackedSocket(SlowSocket):
    """A socket whose client reads MessagePack."""

    def __init__(self) -> None:
        super().__init__()
        self.packed: list[dict[str, Any]] = []

    def write(self, batch: Batch) -> None:
        """Take frames, all binary."""
        assert all(frame.binary and frame.wire[0] == 0x82 for frame in batch.frames)
        self.packed += [msgspec.msgpack.decode(frame.payload) for frame in batch.frames]


def test_who_follows_several_channels_is_written_to_once_a_tick() -> None:
    """One buffer for all who have the same ones."""
    node, sockets, other = FakeNode(MemoryEvents()), [Writes(), Writes()], Writes()
    for socket in sockets:
        node.connect(socket, ["jobs", "contracts"])
        socket.batches.clear()
    node.connect(other, ["jobs"])
    other.batches.clear()

    for channel in ("jobs", "contracts", "jobs"):
        node.publish(channel)
    node.fake_timers.tick()

    assert [len(socket.batches) for socket in (*sockets, other)] == [1, 1, 1]
    assert sockets[0].batches[0] is sockets[1].batches[0]
    assert len(sockets[0].batches[0].frames) == 3
    assert len(other.batches[0].frames) == 2


def test_a_socket_that_fills_up_loses_nothing_of_another_channel() -> None:
    """What a tick has for it is written as one, or read later."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket(capacity=100)
    node.connect(socket, ["jobs", "contracts"])
    socket.drain()
    got: dict[str, list[int]] = {"jobs": [], "contracts": []}

    for _ in range(5):
        for channel in ("jobs", "contracts"):
            node.publish(channel, b'"' + b"x" * 100 + b'"')
        node.settle()
    for _ in range(30):
        for frame in socket.take():
            if "offset" in frame:
                got[frame["channel"]].append(frame["offset"])
        socket.drain()
        node.settle()

    assert got == {"jobs": [1, 2, 3, 4, 5], "contracts": [1, 2, 3, 4, 5]}


def test_more_than_a_buffer_takes_is_pulled_in_pages() -> None:
    """By filtered clients too, whose frames still name one before that they have had."""
    node = FakeNode(MemoryEvents(), ring_frames=1_000)
    plain, filtered = Writes(), Writes()
    follow(node, plain)
    follow(node, filtered, where={"x": [1]})
    data = b'{"x":1,"pad":"' + b"x" * 2_000 + b'"}'
    for socket in (plain, filtered):
        socket.take()
        socket.batches.clear()

    for _ in range(300):
        node.publish("jobs", data)
    node.settle()

    assert [f["offset"] for f in plain.take()] == [*range(1, 301)]
    assert seen(filtered) == [(at, at - 1) for at in range(1, 301)]
    for socket in (plain, filtered):
        assert max(len(batch.wire) for batch in socket.batches) <= MAX_BATCH_BYTES + 8_000
