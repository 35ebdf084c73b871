"""The ladder: what a client that does not keep up is told, and when it is closed."""

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from hub.errors import LogUnavailable, Overloaded
from hub.realtime.session import Session
from hub.realtime.subscription import RETRY_S
from support.realtime import (
    EPOCH,
    MAX_BEHIND_S,
    FakeNode,
    MemoryEvents,
    MemoryQueries,
    Pages,
    SlowSocket,
    command,
)

CAPACITY = 100
PAD = b'"' + b"x" * 300 + b'"'
CONFLATE = {"key": "job_id", "max_hz": 10}


def follow(node: FakeNode, socket: SlowSocket, **fields: Any) -> Session:
    """Let a client in that follows jobs."""
    _, session = node.connect(socket, [])
    session.receive(command(**{"type": "subscribe", "channel": "jobs", **fields}))
    for _ in range(3):
        socket.drain()
        node.settle()
    socket.take()
    return session


def wait(node: FakeNode, session: Session, seconds: float) -> None:
    """Let time pass for a client that answers pings."""
    node.fake_timers.advance(seconds)
    session.alive()


def fall_far_behind(node: FakeNode, session: Session) -> None:
    """Let a client of jobs miss more than memory holds, for long enough to be told."""
    for _ in range(10):
        node.publish("jobs", b'{"job_id":"a","pad":' + PAD + b"}")
        node.fake_timers.advance(0.2)
    wait(node, session, 2)


class FullQueries(MemoryQueries):
    """Has no snapshot to give as long as it is `full`."""

    full = True

    async def snapshot(self, channel: str, owner: str | None = None) -> Pages:
        """Refuse."""
        if self.full:
            raise Overloaded("too many are open")
        return await super().snapshot(channel, owner)


class TornQueries(MemoryQueries):
    """Has snapshots that cannot be read."""

    async def snapshot(self, channel: str, owner: str | None = None) -> Pages:
        """Return one without a page."""
        del owner
        return TornPages(EPOCH, self._log.heads[channel].offset, [])


class TornPages(Pages):
    """A snapshot that has been open for too long."""

    async def page(self, limit: int) -> tuple[Sequence[msgspec.Raw], bool]:
        """Refuse."""
        raise LogUnavailable(f"closed, {limit}")


def lags(frames: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Return what was said of being behind."""
    return [(frame["behind"], frame["mode"]) for frame in frames if frame["type"] == "lag"]


def offsets(frames: list[dict[str, Any]]) -> list[int]:
    """Return the offsets of the events that came."""
    return [frame["offset"] for frame in frames if frame["type"] == "job_update"]


def test_a_client_that_is_behind_for_a_second_is_told_how_far() -> None:
    """Before the events that it has missed, and once more when it has them all."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    session = follow(node, socket)
    node.publish("jobs", PAD)
    node.settle()
    for _ in range(4):
        node.publish("jobs", PAD)
    wait(node, session, 1.1)

    socket.drain()
    node.settle()
    socket.drain()
    node.settle()
    frames = socket.take()

    assert lags(frames) == [(4, "lossless"), (0, "lossless")]
    assert offsets(frames) == [1, 2, 3, 4, 5]
    assert node.ladder.steps == {"lossless": 1}
    assert socket.closed is None


def test_a_socket_that_is_full_for_a_moment_is_not_spoken_of() -> None:
    """It happens with every burst."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    session = follow(node, socket)
    for _ in range(3):
        node.publish("jobs", PAD)
        node.settle()
        socket.drain()
        node.settle()
    wait(node, session, 5)

    frames = socket.take()

    assert lags(frames) == []
    assert offsets(frames) == [1, 2, 3]


def test_a_client_that_does_not_gain_is_closed() -> None:
    """With 4408: it may come back, and is not ahead of anybody until then."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    session = follow(node, socket)
    node.publish("jobs", PAD)
    node.settle()
    node.publish("jobs", PAD)
    for _ in range(7):
        wait(node, session, MAX_BEHIND_S / 6)

    assert socket.closed == (4408, '{"code":"slow_consumer"}')
    assert node.ladder.steps["closed"] == 1
    assert node.fake_timers.pending == 0


def test_who_replays_and_does_not_gain_is_told_and_closed() -> None:
    """It has never been live; it stays no longer than one that was."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    for _ in range(300):
        node.publish("jobs", PAD)
        node.settle()
    session = follow(node, socket, since="e1:0")
    before = socket.closed
    wait(node, session, 2)
    socket.drain()
    told = lags(socket.take())
    for _ in range(14):
        node.publish("jobs", PAD)
        wait(node, session, MAX_BEHIND_S / 6)

    assert before is None
    assert [mode for _, mode in told] == ["lossless"]
    assert socket.closed == (4408, '{"code":"slow_consumer"}')
    assert node.fake_timers.pending == 0


def test_a_client_that_gains_may_take_its_time() -> None:
    """As long as it is nearer to the others each time that it is looked at."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    session = follow(node, socket)
    for _ in range(5):
        node.publish("jobs", PAD)
        node.settle()
    before = node.fanout.feeds["jobs"].head

    wait(node, session, 2)
    socket.drain()
    node.settle()
    for _ in range(12):
        wait(node, session, MAX_BEHIND_S / 6)
        socket.drain()
        node.settle()

    assert before == 5
    assert socket.closed is None
    assert offsets(socket.take()) == [1, 2, 3, 4, 5]


def test_a_slow_client_that_retention_overtakes_is_closed() -> None:
    """Its own fault; a client that is only replaying is told of the gap and goes on."""
    node = FakeNode(MemoryEvents(), ring_frames=2)
    slow, replays = SlowSocket(CAPACITY), SlowSocket(CAPACITY)
    follow(node, slow)
    for _ in range(10):
        node.publish("jobs", PAD)
        node.settle()
    follow(node, replays, since="e1:2")
    node.fanout.pruned("jobs", 9)
    node.log.prune("jobs", 9)

    for socket in (slow, replays):
        socket.drain()
    node.settle()

    assert slow.closed is not None
    assert slow.closed[0] == 4408
    assert replays.closed is None


def test_a_socket_that_other_channels_fill_is_not_behind() -> None:
    """Nothing happens in this one; whoever reads nothing at all is ended by the ping."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    session = follow(node, socket)
    for _ in range(3):
        session.receive(command(type="ping", id="x" * 100))
    for _ in range(20):
        wait(node, session, MAX_BEHIND_S / 8)

    assert socket.closed is None
    assert lags(socket.take()) == []


@pytest.mark.parametrize("view", [{"where": {"job_id": ["a"]}}, {"conflate": CONFLATE}])
def test_a_stalled_client_resumes_in_its_view(view: dict[str, Any]) -> None:
    """Nothing that its view shows is lost, and nothing comes twice."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    follow(node, socket, **view)
    data = b'{"job_id":"a","pad":' + PAD + b"}"
    got: list[tuple[int, int]] = []

    for _ in range(6):
        node.publish("jobs", data)
        node.fake_timers.advance(0.03)
    for _ in range(6):
        got += [(f["offset"], f["prev"]) for f in socket.take() if f["type"] == "job_update"]
        socket.drain()
        node.fake_timers.advance(0.2)

    assert [offset for offset, _ in got] == sorted({offset for offset, _ in got})
    assert got[-1][0] == 6
    assert all(prev <= before for (before, _), (_, prev) in itertools.pairwise(got))


def test_a_client_that_waits_for_its_group_is_not_behind() -> None:
    """It has caught up; that its group is sent to seldom is what it has asked for."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    slowly = {"key": "job_id", "max_hz": 0.01}
    other = follow(node, SlowSocket(), conflate=slowly)
    session = follow(node, socket, conflate=slowly)
    for _ in range(2):
        node.publish("jobs", b'{"job_id":"a","pad":' + PAD + b"}")
        node.fake_timers.tick()
    wait(node, session, 2)
    socket.drain()
    node.settle()
    socket.drain()

    for _ in range(9):
        node.publish("jobs", b'{"job_id":"a"}')
        other.alive()
        wait(node, session, MAX_BEHIND_S / 6)

    assert socket.closed is None
    assert offsets(socket.take()) == [1, 2]


def test_a_client_that_begins_to_be_behind_gets_its_time() -> None:
    """That the socket was full of other things before does not count."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=100), SlowSocket(CAPACITY)
    session = follow(node, socket)
    for _ in range(3):
        session.receive(command(type="ping", id="x" * 100))
    for _ in range(6):
        wait(node, session, MAX_BEHIND_S / 6)

    node.publish("jobs", PAD)
    wait(node, session, MAX_BEHIND_S / 6)
    before = socket.closed
    for _ in range(7):
        wait(node, session, MAX_BEHIND_S / 6)

    assert before is None
    assert socket.closed is not None


async def test_a_conflated_client_far_behind_gets_a_fresh_snapshot() -> None:
    """Said by lag; then what a subscribe with snapshot gets, and that it has caught up."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=2), SlowSocket(CAPACITY)
    session = follow(node, socket, conflate=CONFLATE)
    for _ in range(10):
        node.publish("jobs", b'{"job_id":"a","pad":' + PAD + b"}")
        node.fake_timers.advance(0.2)
    wait(node, session, 2)

    for _ in range(4):
        socket.drain()
        node.settle()
    frames = socket.take()
    node.publish("jobs", b'{"job_id":"a"}')
    node.settle()

    kinds = [frame["type"] for frame in frames]
    assert [mode for _, mode in lags(frames)][-2:] == ["snapshot", "conflated"]
    assert kinds[-4:] == ["subscribed", "snapshot", "snapshot", "lag"]
    assert "reply_to" not in frames[-4]
    assert frames[-4]["offset"] == 10
    assert frames[-1]["behind"] == 0
    assert offsets(socket.take()) == [11]
    assert node.ladder.steps["snapshot"] == 1


def test_a_conflated_client_of_a_channel_without_entities_reads_the_log() -> None:
    """There is no snapshot of them."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=2), SlowSocket(CAPACITY)
    session = follow(node, socket, channel="tasks", conflate={"key": "k", "max_hz": 10})
    for _ in range(10):
        node.publish("tasks", b'{"k":1,"pad":' + PAD + b"}")
        node.fake_timers.advance(0.2)
    wait(node, session, 2)

    for _ in range(10):
        socket.drain()
        node.settle()
    frames = socket.take()

    assert "conflated" in [mode for _, mode in lags(frames)]
    assert [frame["offset"] for frame in frames if "data" in frame][-1] == 10


async def test_a_snapshot_that_cannot_be_had_now_is_had_later() -> None:
    """Nobody asked for it, so nobody would ask again; 16 may be open at a time."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=2), SlowSocket(CAPACITY)
    queries = node.queries = FullQueries(node.log)
    session = follow(node, socket, conflate=CONFLATE)
    fall_far_behind(node, session)
    for _ in range(4):
        socket.drain()
        node.settle()
    refused = [frame["type"] for frame in socket.take()]

    queries.full = False
    node.fake_timers.advance(RETRY_S)
    for _ in range(4):
        socket.drain()
        node.settle()
    kinds = [frame["type"] for frame in socket.take()]
    node.publish("jobs", b'{"job_id":"a"}')
    node.settle()

    assert {"error", "subscribed"}.isdisjoint(refused)
    assert kinds[-4:] == ["subscribed", "snapshot", "snapshot", "lag"]
    assert offsets(socket.take()) == [11]


async def test_a_snapshot_that_breaks_off_ends_the_connection() -> None:
    """A part of it was sent and nothing is followed: the client must begin anew, and may."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=2), SlowSocket(CAPACITY)
    node.queries = TornQueries(node.log)
    session = follow(node, socket, conflate=CONFLATE)
    fall_far_behind(node, session)

    for _ in range(4):
        socket.drain()
        node.settle()

    assert [frame["type"] for frame in socket.take()][-1] == "subscribed"
    assert socket.closed == (1011, '{"code":"log_unavailable"}')


async def test_a_client_that_left_while_its_snapshot_waited_gets_none() -> None:
    """What nobody wants any more is not begun."""
    node, socket = FakeNode(MemoryEvents(), ring_frames=2), SlowSocket(CAPACITY)
    session = follow(node, socket, conflate=CONFLATE)
    for _ in range(10):
        node.publish("jobs", b'{"job_id":"a","pad":' + PAD + b"}")
        node.fake_timers.advance(0.2)
    wait(node, session, 2)
    session.receive(command(type="unsubscribe", channel="jobs"))

    for _ in range(4):
        socket.drain()
        node.settle()

    assert "snapshot" not in [frame["type"] for frame in socket.take()]
