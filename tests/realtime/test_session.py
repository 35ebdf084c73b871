"""The session's rules that need a clock, a slow log or an odd moment."""

import msgspec
import pytest

from hub.errors import InvalidCommand, LogUnavailable
from hub.realtime import replies
from hub.realtime.formats import to_json
from support.realtime import FakeNode, MemoryEvents, SlowSocket, command


def kinds(socket: SlowSocket) -> list[str]:
    """Return the types of the frames that came."""
    return [frame["type"] for frame in socket.take()]


def test_an_idle_client_has_one_timer_and_no_work() -> None:
    """Nothing wakes the hub for it but its heartbeat."""
    node = FakeNode(MemoryEvents())

    node.connect(SlowSocket())

    assert node.fake_timers.pending == 1
    assert len(node.work) == 0


def test_a_heartbeat_says_where_the_client_stands_and_pings() -> None:
    """Every 25 seconds; an answer in time cancels the deadline."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    _, session = node.connect(socket, ["jobs"])
    node.publish()
    node.fake_timers.tick()
    socket.take()

    node.fake_timers.advance(25)
    session.alive()
    node.fake_timers.advance(24)

    (frame,) = socket.take()
    assert (frame["type"], frame["positions"]) == ("heartbeat", {"jobs": 1})
    assert socket.pings == 1
    assert socket.closed is None


def test_a_client_that_answers_no_ping_is_told_to_come_back() -> None:
    """Ten seconds after the ping, with 4410."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    node.connect(socket)

    node.fake_timers.advance(35.1)

    assert socket.closed == (4410, '{"code":"heartbeat_timeout"}')
    assert node.fake_timers.pending == 0


def test_a_lost_client_leaves_nothing_behind() -> None:
    """No timer, no listener."""
    node = FakeNode(MemoryEvents())
    _, session = node.connect(SlowSocket())

    session.lost()
    session.lost()

    assert node.fake_timers.pending == 0
    assert all(not feed.live for feed in node.fanout.feeds.values())


@pytest.mark.parametrize(
    ("since", "reason"),
    [
        pytest.param("e1:3", "expired", id="what follows is gone"),
        pytest.param("e0:9", "epoch_changed", id="the position is of another log"),
        pytest.param("e1:99", "epoch_changed", id="the log never had that offset"),
    ],
)
def test_a_position_that_cannot_be_resumed_is_refused_with_a_reason(
    since: str, reason: str
) -> None:
    """Nothing is replayed, and the client stands at the head."""
    log = MemoryEvents()
    for _ in range(9):
        log.append("jobs")
    log.prune("jobs", 6)
    node, socket = FakeNode(log), SlowSocket()
    _, session = node.connect(socket, [])
    socket.take()

    session.receive(command(type="subscribe", channel="jobs", since=since, id=7))
    node.settle()

    (frame,) = socket.take()
    assert (frame["recovered"], frame["reason"]) == (False, reason)
    assert (frame["offset"], frame["head"], frame["reply_to"]) == (9, 9, 7)


@pytest.mark.parametrize("since", ["e1:5", {"epoch": "e1", "offset": 5}])
def test_the_oldest_position_that_can_be_resumed_is_the_one_before_the_oldest_event(
    since: object,
) -> None:
    """Both forms of a position mean the same."""
    log = MemoryEvents()
    for _ in range(9):
        log.append("jobs")
    log.prune("jobs", 6)
    node, socket = FakeNode(log), SlowSocket()
    _, session = node.connect(socket, [])
    socket.take()

    session.receive(command(type="subscribe", channel="jobs", since=since))
    node.settle()

    frames = socket.take()
    assert frames[0]["recovered"] is True
    assert [frame["offset"] for frame in frames[1:]] == [6, 7, 8, 9]


async def test_a_snapshot_comes_before_what_follows_it() -> None:
    """Acknowledged at its offset, page by page as the socket drains, then the events after it."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket(capacity=100)
    _, session = node.connect(socket, [])
    node.publish()
    node.settle()
    socket.drain()
    socket.take()

    session.receive(command(type="subscribe", channel="jobs", snapshot=True))
    node.work.run()
    node.publish()
    for _ in range(10):
        node.settle()
        socket.drain()

    frames = socket.take()
    assert [frame["type"] for frame in frames] == [
        "subscribed",
        "snapshot",
        "snapshot",
        "job_update",
    ]
    assert [frame.get("more") for frame in frames[1:3]] == [True, False]
    assert (frames[0]["offset"], frames[3]["offset"]) == (1, 2)


def test_commands_behind_one_that_reads_the_log_wait_their_turn() -> None:
    """Answers come in the order of the commands."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    _, session = node.connect(socket, [])
    socket.take()

    session.receive(command(type="get_history", channel="jobs"))
    session.receive(command(type="ping"))
    session.receive(command(type="get_status"))
    assert kinds(socket) == []
    node.settle()

    assert kinds(socket) == ["history", "pong", "status"]


def test_a_client_that_floods_commands_is_not_read_for_a_while() -> None:
    """What waits is bounded; afterwards it is read again."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    _, session = node.connect(socket, [])
    socket.take()

    session.receive(command(type="get_status"))
    for _ in range(40):
        session.receive(command(type="ping"))
    paused = not socket.reading
    node.settle()

    assert (paused, socket.reading) == (True, True)
    assert len(kinds(socket)) == 41


async def test_a_client_that_leaves_during_a_snapshot_gets_nothing_more() -> None:
    """And nothing is left open."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket(capacity=10)
    _, session = node.connect(socket, [])
    session.receive(command(type="subscribe", channel="jobs", snapshot=True))
    node.work.run()

    session.lost()
    node.settle()

    assert len(node.work) == 0
    assert all(not feed.live for feed in node.fanout.feeds.values())


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"since": "nonsense"}, id="no position"),
        pytest.param({"since": {"epoch": "e1", "offset": -1}}, id="a negative offset"),
        pytest.param({"history": -1}, id="negative history"),
        pytest.param({"history": 1001}, id="too much history"),
        pytest.param({"history": 1, "snapshot": True}, id="two beginnings"),
    ],
)
def test_a_subscribe_that_makes_no_sense_changes_nothing(fields: dict[str, object]) -> None:
    """It is refused in words, and the subscription that was there stays."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    _, session = node.connect(socket, ["jobs"])
    socket.take()

    session.receive(command(type="subscribe", channel="jobs", **fields))
    node.publish()
    node.settle()

    frames = socket.take()
    assert frames[0]["details"]["code"] == "invalid_command"
    assert "expected" in frames[0]["details"]["message"]
    assert frames[1]["offset"] == 1


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        pytest.param('{"type":"ping","id":1e999}', "numbers of 64 bits", id="an infinite id"),
        pytest.param('{"type":"ping","id":%s}' % ("9" * 5_000), "64 bits", id="a huge id"),
        pytest.param('{"type":"zork","id":%s}' % ("9" * 5_000), "64 bits", id="unknown and huge"),
        pytest.param('{"type":"get_history","limit":1e999}', "64 bits", id="an infinite limit"),
        pytest.param('{"type":"subscribe"}', "channel: expected a value", id="a missing field"),
        pytest.param(
            '{"type":"ping","what":1}', "what: expected no such field", id="an unknown field"
        ),
    ],
)
def test_a_command_that_cannot_be_read_is_refused_in_words(frame: str, said: str) -> None:
    """The connection stays: a client that sends it again at every start must not go in circles."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    _, session = node.connect(socket, [])
    socket.take()

    session.receive(frame.encode())

    (answer,) = socket.take()
    assert answer["details"]["code"] == "invalid_command"
    assert said in answer["details"]["message"]
    assert socket.closed is None


def test_a_refusal_that_passes_says_when_to_come_back() -> None:
    """Without it a listener would take a moment without the log for the end."""
    answer = msgspec.json.decode(to_json(replies.refusal(LogUnavailable("away"), 0, 7)))
    final = msgspec.json.decode(to_json(replies.refusal(InvalidCommand("no"), 0, 7)))

    assert answer["details"]["retry_after_ms"] == 2_000
    assert "retry_after_ms" not in final["details"]
