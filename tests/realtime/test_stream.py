"""The stream: one client that only listens, from its address on."""

from collections.abc import Iterator, Mapping

import pytest

from hub.errors import Draining, HubError
from hub.realtime.commands import Since, Subscribe
from hub.realtime.connection import Connection
from hub.realtime.stream import Stream
from support.realtime import EPOCH, MAX_BEHIND_S, FakeNode, MemoryEvents, SlowSocket

HISTORY = Subscribe(channel="jobs", history=2)
SNAPSHOT = Subscribe(channel="jobs", snapshot=True)


class Room:
    """A node with one stream."""

    def __init__(self) -> None:
        self.log = MemoryEvents()
        self.node = FakeNode(self.log)
        self.socket = SlowSocket()
        self.ended: list[HubError] = []
        self.stream: Stream
        self.connection: Connection

    def begin(self, *commands: Subscribe, anew: Mapping[str, Subscribe] | None = None) -> None:
        """Let a client in."""
        self.connection = self.socket.connection = Connection("c1", self.socket)
        self.stream = Stream(self.connection, self.node, commands, anew or {}, self.ended.append)

    def told(self) -> list[tuple[str, int | None]]:
        """Return type and offset of what it was told since the last call."""
        self.node.settle()
        return [(frame["type"], frame.get("offset")) for frame in self.socket.take()]


@pytest.fixture
def room() -> Iterator[Room]:
    """A node whose log has four jobs' events; afterwards nothing is left."""
    found = Room()
    for _ in range(4):
        found.node.publish()
    found.node.settle()
    yield found
    found.stream.lost()
    found.node.work.close()
    assert found.node.fake_timers.pending == 0
    assert not found.node.fanout.interest.followers


def since(offset: int, epoch: str = EPOCH) -> Subscribe:
    """Return the command of who returns."""
    return Subscribe(channel="jobs", since=Since(epoch, offset))


def test_it_is_welcomed_and_begins_every_channel(room: Room) -> None:
    """In one tick, so the first bytes hold all of it."""
    room.begin(Subscribe(channel="jobs"), Subscribe(channel="contracts"))

    assert [frame["type"] for frame in room.socket.frames] == ["welcome", *["subscribed"] * 2]
    assert [frame.get("offset") for frame in room.socket.take()] == [None, 4, 0]
    room.node.publish()
    assert room.told() == [("job_update", 5)]


def test_who_returns_gets_what_it_missed(room: Room) -> None:
    """After its position, then what is new; nothing begins anew."""
    room.begin(since(2), anew={"jobs": HISTORY})
    room.node.publish()

    told = [("welcome", None), ("subscribed", 2), *(("job_update", n) for n in (3, 4, 5))]
    assert room.told() == told


@pytest.mark.parametrize(
    ("anew", "told"),
    [
        pytest.param(None, [], id="from now on"),
        pytest.param(
            HISTORY, [("subscribed", 2), ("job_update", 3), ("job_update", 4)], id="by history"
        ),
        pytest.param(
            SNAPSHOT, [("subscribed", 4), ("snapshot", None), ("snapshot", None)], id="by snapshot"
        ),
    ],
)
@pytest.mark.parametrize("epoch", [EPOCH, "other"], ids=["expired", "of another log"])
def test_what_cannot_be_resumed_is_said_and_begins_anew(
    room: Room, anew: Subscribe | None, told: list[tuple[str, int | None]], epoch: str
) -> None:
    """First the loss, then the channel as the address has it, then what is new."""
    room.log.prune("jobs", 3)
    room.node.fanout.pruned("jobs", 3)

    room.begin(since(1, epoch), anew={} if anew is None else {"jobs": anew})

    assert room.told() == [("welcome", None), ("subscribed", 4), *told]
    room.node.publish()
    assert room.told() == [("job_update", 5)]


def test_a_position_ahead_of_this_node_is_looked_up_and_refused_alike(room: Room) -> None:
    """The log is asked first; what it does not have either is another log's."""
    room.begin(since(9), Subscribe(channel="contracts"), anew={"jobs": SNAPSHOT})

    found = room.told()

    assert found[1] == ("subscribed", 4)
    assert sorted(found[2:]) == sorted(
        [("subscribed", 4), ("subscribed", 0), ("snapshot", None), ("snapshot", None)]
    )


def test_heartbeats_say_where_it_stands(room: Room) -> None:
    """One each 25 s, as long as it reads; a ping needs no answer."""
    room.begin(Subscribe(channel="jobs", where={"status": "none"}))
    room.node.publish()
    room.told()

    room.node.fake_timers.advance(100)

    beats = room.socket.take()
    assert [(beat["type"], beat["positions"]) for beat in beats] == [("heartbeat", {"jobs": 5})] * 4
    assert room.ended == []


def fill(room: Room) -> None:
    """Follow, and leave the socket full."""
    room.begin(SNAPSHOT)
    room.connection.pause()


def test_who_takes_nothing_for_long_is_ended(room: Room) -> None:
    """Also before it follows anything: no pong tells of it, and it would stay for ever."""
    fill(room)
    for _ in range(16):
        room.node.fake_timers.advance(MAX_BEHIND_S / 4)

    assert [failure.code for failure in room.ended] == ["slow_consumer"]
    assert room.node.ladder.steps == {"closed": 1}


def test_who_reads_slowly_stays(room: Room) -> None:
    """Something was taken between two looks, however full it is at each."""
    fill(room)
    for _ in range(12):
        room.node.fake_timers.advance(MAX_BEHIND_S / 4)
        room.socket.drain()
        room.stream.say_heartbeat()
        room.connection.pause()
        room.stream.say_heartbeat()

    assert room.ended == []


def test_it_ends_once_with_its_reason(room: Room) -> None:
    """Nothing is told after it, whoever ends it again."""
    room.begin(Subscribe(channel="jobs"))
    room.told()
    reason = Draining("stopping")

    room.stream.end(reason)
    room.stream.end(Draining("again"))
    room.node.publish()

    assert room.stream.ended
    assert room.ended == [reason]
    assert room.told() == []


def test_who_is_gone_is_told_no_end(room: Room) -> None:
    """A drain may reach a stream whose client has just left."""
    room.begin(Subscribe(channel="jobs"))

    room.stream.lost()
    room.stream.end(Draining("stopping"))

    assert room.ended == []


def test_a_channel_that_there_is_not_ends_it(room: Room) -> None:
    """A stream without one of its channels would look whole."""
    room.begin(Subscribe(channel="nowhere"), Subscribe(channel="jobs"))
    room.node.settle()

    assert [failure.code for failure in room.ended] == ["channel_not_found"]
    assert room.told() == [("welcome", None)]


def test_a_fault_of_ours_ends_it_without_details(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a snapshot, which runs in the background: the fault is logged there."""

    async def broken(_channel: str, _owner: str | None) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(room.node.queries, "snapshot", broken)
    room.begin(SNAPSHOT)

    with pytest.raises(ZeroDivisionError):
        room.node.settle()

    assert [failure.code for failure in room.ended] == ["internal"]
    assert "secret" not in room.ended[0].detail
