"""Fan-out: each event once, written at the end of the tick, by several kinds of listeners."""

from collections.abc import Callable, Sequence
from typing import Any

from hub.brokers.base import News
from hub.model.channel import Definition
from hub.model.event import Event
from hub.model.unit import Head
from hub.realtime.early import MAX_HELD, MAX_HELD_BYTES
from hub.realtime.frames import Batch
from support.realtime import FakeNode, MemoryEvents, SlowSocket, command


class Writes(SlowSocket):
    """A socket that also counts writes."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[Batch] = []

    def write(self, batch: Batch) -> None:
        """Note the batch."""
        self.batches.append(batch)
        super().write(batch)


class SlowLog(MemoryEvents):
    """A log whose answer is on its way while `meanwhile` happens, once."""

    meanwhile: Callable[[], object] | None = None

    async def read(self, channel: str, after: int, limit: int) -> Sequence[Event]:
        """Return a page as it was before `meanwhile`."""
        page = await super().read(channel, after, limit)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return page


def follow(node: FakeNode, socket: SlowSocket, **fields: Any) -> None:
    """Let a client in that follows jobs."""
    _, session = node.connect(socket, [])
    session.receive(command(type="subscribe", channel="jobs", **fields))
    node.settle()
    socket.take()


def offsets(socket: SlowSocket) -> list[int]:
    """Return the offsets of the events that came."""
    return [frame["offset"] for frame in socket.take() if frame["type"] == "job_update"]


def test_events_of_one_tick_are_one_write_and_one_buffer() -> None:
    """However many clients there are, the bytes are the same object."""
    node, sockets = FakeNode(MemoryEvents()), [Writes(), Writes()]
    for socket in sockets:
        follow(node, socket)
        socket.batches.clear()

    node.publish()
    node.publish()
    node.fake_timers.tick()

    assert [len(socket.batches) for socket in sockets] == [1, 1]
    assert sockets[0].batches[0].wire is sockets[1].batches[0].wire
    assert [offsets(socket) for socket in sockets] == [[1, 2], [1, 2]]


def test_an_event_that_comes_twice_is_delivered_once() -> None:
    """News may be repeated by whoever carries them."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)

    event = node.publish()
    node.fanout.deliver([event])
    node.settle()
    node.fanout.deliver([event])
    node.settle()

    assert offsets(socket) == [1]


def test_a_defined_channel_is_there_before_its_first_event() -> None:
    """Others may have defined it; what its log holds meanwhile is not passed over."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    node.fanout.learn({"orders": Head(3, definition=Definition()), "invoices": Head(3)})
    _, session = node.connect(socket, ["orders"])
    session.receive(command(type="ping"))

    assert [frame["type"] for frame in socket.take()] == ["welcome", "pong"]
    assert node.fanout.feeds["orders"].head == 0
    assert "invoices" not in node.fanout.feeds


def test_a_node_passes_over_its_own_news() -> None:
    """They were delivered before they were announced."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)
    mine, other = node.log.append("jobs"), node.log.append("jobs")

    node.fanout.hear(News("log", "n1", [mine]))
    node.settle()
    assert offsets(socket) == []
    node.fanout.hear(News("log", "n2", [mine, other]))
    node.settle()

    assert offsets(socket) == [1, 2]


def test_clients_read_from_the_log_what_the_news_left_out() -> None:
    """A hole is healed in order; nobody is closed for it."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)
    for _ in range(3):
        node.log.append("jobs")

    node.publish()
    node.settle()

    assert offsets(socket) == [1, 2, 3, 4]


def test_cursors_at_one_place_share_a_reading_of_the_log() -> None:
    """A storm of clients that return reads each page once."""
    log = MemoryEvents()
    for _ in range(20):
        log.append("jobs")
    node = FakeNode(log)
    sockets = [SlowSocket() for _ in range(10)]
    for socket in sockets:
        _, session = node.connect(socket, [])
        session.receive(command(type="subscribe", channel="jobs", since="e1:1"))

    reads = len(node.work)
    node.settle()

    assert reads == 1
    assert [offsets(socket) for socket in sockets] == [list(range(2, 21))] * 10


def test_one_client_far_behind_does_not_hold_up_the_others() -> None:
    """It gets a page a tick; a live one gets new events meanwhile."""
    log = MemoryEvents()
    for _ in range(300):
        log.append("jobs", b'"' + b"x" * 2000 + b'"')
    node = FakeNode(log, ring_frames=1000)
    behind, live = SlowSocket(), SlowSocket()
    follow(node, live)
    _, session = node.connect(behind, [])
    session.receive(command(type="subscribe", channel="jobs", since="e1:0"))

    node.publish()
    node.fake_timers.tick()

    assert offsets(live) == [301]
    assert 0 < len(offsets(behind)) < 200


def test_a_channel_that_was_not_there_gets_its_feed_with_its_first_event() -> None:
    """Custom channels need no preparation."""
    log = MemoryEvents()
    node = FakeNode(log)
    event = log.append("jobs")

    node.fanout.deliver([type(event)("orders", 1, "id", "placed", 1, "me", b"{}")])

    assert node.fanout.positions()["orders"] == 1


def test_a_test_event_reaches_live_clients_only_and_moves_no_position() -> None:
    """It has no offset to resume from."""
    log = MemoryEvents()
    node, socket = FakeNode(log), SlowSocket()
    follow(node, socket)
    event = log.append("jobs")

    node.fanout.deliver([type(event)("jobs", 0, "id", "job_update", 1, "me", b"{}")])
    node.settle()

    (frame,) = socket.take()
    assert frame["test"] is True
    assert "offset" not in frame
    assert node.fanout.positions()["jobs"] == 0


def test_what_no_news_told_of_is_read_from_the_log() -> None:
    """A node that catches up with the log's head delivers what it missed, once and in order."""
    log = MemoryEvents()
    node, socket = FakeNode(log), SlowSocket()
    follow(node, socket)
    node.publish()
    node.settle()
    for _ in range(2):
        log.append("jobs")

    for _ in range(2):
        node.fanout.catch_up({"jobs": Head(3), "orders": Head(0)})
        node.settle()
    node.fanout.catch_up({"jobs": Head(1)})
    node.settle()

    assert offsets(socket) == [1, 2, 3]


def test_what_is_flushed_while_the_log_answers_is_not_said_to_be_gone() -> None:
    """A log that has forgotten everything says so of what it held when it was asked."""
    log = SlowLog()
    for _ in range(10):
        log.append("jobs")
    node, socket = FakeNode(log, ring_frames=2), SlowSocket()
    _, session = node.connect(socket, [])
    session.receive(command(type="subscribe", channel="jobs", since="e1:1"))
    log.prune("jobs", 11)

    def publish_on() -> None:
        for _ in range(5):
            node.publish()
        node.fake_timers.tick()

    log.meanwhile = publish_on
    node.settle()

    _, _, gap, *events = socket.take()
    assert (gap["type"], gap["from"], gap["to"]) == ("gap", 2, 10)
    assert [event["offset"] for event in events] == [11, 12, 13, 14, 15]


def test_what_a_node_forgets_of_a_channel_it_has_not_heard_of_is_refused() -> None:
    """Its retention can be faster than the news of a channel that began on another node."""
    log = MemoryEvents()
    node, socket = FakeNode(log), SlowSocket()

    node.fanout.pruned("orders", 3)
    node.fanout.deliver([Event("orders", 3, "id", "placed", 1, "me", b"{}")])
    node.settle()
    _, session = node.connect(socket, [])
    log.heads["orders"] = Head(3, 3)
    session.receive(command(type="subscribe", channel="orders", since="e1:1"))
    node.settle()

    _, reply = socket.take()
    assert (reply["recovered"], reply["reason"], reply["offset"]) == (False, "expired", 3)


def test_news_that_cross_are_delivered_without_the_log() -> None:
    """What was committed first may be heard last; a moment later it is there."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)
    first, second, third = (node.log.append("jobs") for _ in range(3))

    node.fanout.deliver([third])
    node.fanout.deliver([second])
    node.fake_timers.advance(0.01)
    early = offsets(socket)
    node.fanout.deliver([first])
    node.fake_timers.tick()

    assert early == []
    assert offsets(socket) == [1, 2, 3]
    assert len(node.work) == 0
    node.fake_timers.advance(1)
    assert node.fake_timers.pending == 1  # the client's heartbeat


def test_what_is_missing_for_too_long_is_read_from_the_log() -> None:
    """Twenty milliseconds after the first event behind the hole; several holes at once."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)
    events = [node.log.append("jobs") for _ in range(6)]

    for at in (1, 3, 4):
        node.fanout.deliver([events[at]])
    node.fake_timers.advance(0.019)
    early = offsets(socket)
    node.settle()

    assert early == []
    assert offsets(socket) == [1, 2, 3, 4, 5]


def test_a_head_that_is_reached_through_the_log_leaves_nothing_waiting() -> None:
    """Early events that the log has brought meanwhile are not written again; those above are."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)
    events = [node.log.append("jobs") for _ in range(4)]

    for at in (1, 3):
        node.fanout.deliver([events[at]])
    node.fanout.catch_up({"jobs": Head(3)})
    node.settle()

    assert offsets(socket) == [1, 2, 3, 4]


def test_too_many_early_events_do_not_wait() -> None:
    """A node that was deaf for long holds no memory for what the log has."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)
    events = [node.log.append("jobs") for _ in range(MAX_HELD + 2)]

    node.fanout.deliver(events[1:])

    assert len(node.fanout.feeds["jobs"].early) == 0
    node.settle()
    assert offsets(socket) == [event.offset for event in events]


def test_early_events_wait_only_while_they_are_small_together() -> None:
    """A few of a megabyte are too much; what has had its turn takes no room, nor does a double."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    follow(node, socket)
    half = b'"' + b"x" * (MAX_HELD_BYTES // 2) + b'"'
    missing, early, unheard, after, last = (node.log.append("jobs", half) for _ in range(5))
    held = node.fanout.feeds["jobs"].early

    waiting = []
    for event in (early, early, missing, after, last):
        node.fanout.deliver([event])
        waiting.append(len(held))

    assert waiting == [1, 1, 0, 1, 0]
    node.settle()
    assert offsets(socket) == [1, 2, unheard.offset, 4, 5]
    assert node.fake_timers.pending == 1  # the client's heartbeat


def test_an_older_definition_opens_no_channel() -> None:
    """Heads that were read before a change may come after it; who may read it stays changed."""
    node = FakeNode(MemoryEvents())
    changes: list[None] = []
    node.fanout.on_rights = lambda: changes.append(None)
    old, new = (
        {"orders": Head(definition=Definition(readers=readers, revision=revision))}
        for revision, readers in enumerate((None, ("viewer",)))
    )

    for heads in (old, new, old, new):
        node.fanout.learn(heads)

    assert node.fanout.readers("orders") == ("viewer",)
    assert len(changes) == 1
