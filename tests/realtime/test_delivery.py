"""The promise of the product, for any interleaving: each offset once, in order, or a said gap."""

from typing import Any

from hypothesis import given, settings, strategies as st

from hub.realtime.connection import Connection
from hub.realtime.feed import MAX_BATCH_BYTES
from hub.realtime.session import Session
from support.realtime import EPOCH, FakeNode, MemoryEvents, SlowSocket, command

CHANNEL = "jobs"


class Client:
    """Reads its socket like the SDK: knows one position, and judges every frame by it."""

    def __init__(self) -> None:
        self.seen: int | None = None
        self.socket: SlowSocket | None = None
        self.connection: Connection | None = None
        self.session: Session | None = None
        self.refused = 0

    def connect(self, node: FakeNode, capacity: int) -> None:
        """Come in, and resume where it stood."""
        self.socket = SlowSocket(capacity)
        self.connection, self.session = node.connect(self.socket, [])
        since = {} if self.seen is None else {"since": f"{EPOCH}:{self.seen}"}
        self.session.receive(command(type="subscribe", channel=CHANNEL, **since))

    def lose(self) -> None:
        """Lose the socket, with whatever was on its way."""
        if self.session is not None and self.socket is not None:
            self.session.lost()
            self.socket.take()
        self.socket = self.session = self.connection = None

    def read(self) -> None:
        """Read what has come, and check it."""
        if self.socket is None:
            return
        for frame in self.socket.take():
            self._judge(frame)
        if self.socket.closed is not None:
            assert self.socket.closed[0] == 4408, "closed for another reason than being slow"
            self.lose()

    def _judge(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind == "subscribed":
            if self.seen is not None and frame["recovered"]:
                assert frame["offset"] == self.seen, "resumed elsewhere than asked"
            else:
                self.refused += self.seen is not None
                assert self.seen is None or frame["reason"] is not None
                self.seen = frame["offset"]
        elif kind == "lag":
            assert frame["mode"] == "lossless"
        elif kind == "gap":
            assert self.seen is not None
            assert frame["from"] == self.seen + 1
            assert frame["to"] >= frame["from"]
            self.seen = frame["to"]
        elif "offset" in frame:
            assert self.seen is not None
            assert frame["offset"] == self.seen + 1, f"expected {self.seen + 1}, got {frame}"
            self.seen = frame["offset"]


class World:
    """One hub with three clients, and everything that can happen to them."""

    def __init__(self) -> None:
        self.log = MemoryEvents()
        self.node = FakeNode(self.log)
        self.clients = [Client(), Client(), Client()]
        for client in self.clients:
            client.connect(self.node, 1 << 30)

    def publish(self, which: int) -> None:
        """Commit up to 30 events, large ones now and then."""
        data = b'"' + b"x" * (2000 if which % 3 == 0 else 2) + b'"'
        for _ in range(which % 30 + 1):
            self.node.publish(CHANNEL, data)

    def commit_before_news(self, _which: int) -> None:
        """The log has an event whose news this node will get only later."""
        event = self.log.append(CHANNEL)
        self.node.fake_timers.call_later(0.02, self.node.fanout.deliver, [event])

    def tick(self, _which: int) -> None:
        """Let one tick of the loop pass."""
        self.node.fake_timers.tick()

    def wait(self, _which: int) -> None:
        """Let some time pass."""
        self.node.fake_timers.advance(0.03)

    def read_log(self, _which: int) -> None:
        """Let the reads of the log that wait be answered."""
        self.node.work.run()

    def connect(self, which: int) -> None:
        """A client comes back, with a socket that takes much or little."""
        client = self.clients[which % 3]
        client.lose()
        client.connect(self.node, (100, 5_000, 1 << 30)[which // 3 % 3])

    def resubscribe(self, which: int) -> None:
        """A client asks again from where it stands, on the same socket."""
        client = self.clients[which % 3]
        client.read()
        if client.session is not None and client.seen is not None:
            since = f"{EPOCH}:{client.seen}"
            client.session.receive(command(type="subscribe", channel=CHANNEL, since=since))

    def ask(self, which: int) -> None:
        """A client asks for the time: an answer between the events fills its socket too."""
        session = self.clients[which % 3].session
        if session is not None:
            session.receive(command(type="ping"))

    def read_elsewhere(self, which: int) -> None:
        """A client has read the log over HTTP, ahead of this node's news, and returns."""
        client = self.clients[which % 3]
        client.lose()
        client.seen = self.log.heads[CHANNEL].offset
        client.connect(self.node, 5_000)

    def lose(self, which: int) -> None:
        """A client's network breaks before it has read what is on the way."""
        self.clients[which % 3].lose()

    def read(self, which: int) -> None:
        """A client reads all that has come, so that its socket drains."""
        client = self.clients[which % 3]
        client.read()
        if client.socket is not None:
            client.socket.drain()

    def prune(self, which: int) -> None:
        """Retention forgets; readers are told first."""
        head = self.log.heads[CHANNEL]
        below = head.offset - which % 40 + 1
        if below > head.oldest:
            self.node.fanout.pruned(CHANNEL, below)
            self.log.prune(CHANNEL, below)

    def break_log(self, _which: int) -> None:
        """The log cannot be read for a while."""
        self.log.broken = not self.log.broken

    def restart(self, _which: int) -> None:
        """The hub is killed and starts again on its log."""
        for client in self.clients:
            client.lose()
        self.node.work.close()
        self.log.broken = False
        self.node = FakeNode(self.log)

    def check_bounds(self) -> None:
        """What waits for a socket is bounded, whatever the client does."""
        for client in self.clients:
            socket = client.socket
            if socket is not None and socket.capacity < 1 << 30:
                assert socket.most_buffered <= socket.capacity + MAX_BATCH_BYTES

    def finish(self) -> None:
        """In the end every client that stays has everything."""
        self.log.broken = False
        for client in self.clients:
            if client.session is None:
                client.connect(self.node, 1 << 30)
        for _ in range(80):
            self.node.work.run()
            self.node.fake_timers.advance(0.05)
            for client in self.clients:
                client.read()
                if client.socket is None:
                    client.connect(self.node, 1 << 30)
                else:
                    client.socket.drain()
        for client in self.clients:
            assert client.seen == self.log.heads[CHANNEL].offset
        self.node.work.close()


ACTIONS = (
    [World.publish] * 6
    + [World.tick] * 4
    + [World.read] * 4
    + [World.connect] * 3
    + [World.read_log] * 2
    + [World.wait, World.commit_before_news, World.resubscribe, World.lose, World.prune]
    + [World.break_log, World.restart, World.ask, World.ask, World.read_elsewhere]
)
Step = tuple[Any, int]
steps = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 240)), min_size=60, max_size=90)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(steps)
def test_each_offset_comes_once_in_order_or_as_a_said_gap(steps: list[Step]) -> None:
    """Publish, disconnect, slow reading, restart and retention in any order lose nothing."""
    world = World()

    for action, which in steps:
        action(world, which)
        world.check_bounds()

    world.finish()
