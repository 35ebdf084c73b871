"""The client: reads its socket like the SDK, and comes back with the position that it has."""

from collections import deque
from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from hub.realtime.session import Session
from simulator.node import Node
from simulator.pipe import PING, Pipe
from simulator.reader import Command, Frame, Reader
from simulator.sight import Sight, Wish
from simulator.store import Store
from simulator.violation import demand

CAPACITIES = (300, 5_000, 64 * 1024)
# The last ones do not keep up.
_PACES = (1.0, 1.0, 0.2, 0.05)
_FRESH: tuple[Command, ...] = ({}, {}, {"history": 5}, {"snapshot": True})


class Client:
    """One client and its channels.

    Attributes:
        name: Of the client; its connections have numbers behind it.
        pipe: Its socket, or None.
        pace: How often it reads when it could.
    """

    def __init__(
        self,
        name: str,
        channels: tuple[str, ...],
        store: Store,
        random: Random,
        sights: Sequence[Wish],
    ) -> None:
        self.name = name
        self.pipe: Pipe | None = None
        self.pace = random.choice(_PACES)
        self.readers = {
            channel: Reader(name, channel, store, Sight(*random.choice(sights)))
            for channel in channels
        }
        self._store = store
        self._random = random
        self._sights = sights
        self._node: Node | None = None
        self._session: Session | None = None
        self._outbox: deque[bytes] = deque()
        self._number = 0

    def __str__(self) -> str:
        where = self._node.name if self._node is not None else "nowhere"
        return f"{self.name} at {where} {' '.join(map(str, self.readers.values()))}"

    def come(self, node: Node) -> None:
        """Connect, and subscribe what this client follows, from where it stands."""
        self.leave()
        readers = self.readers.items()
        new = [name for name, reader in readers if reader.epoch is None and reader.sight.whole]
        by_address = [name for name in new if name in node.fanout.feeds]
        if self._random.random() < 0.5:
            by_address = []
        self._connect(node, by_address)
        for channel, reader in self.readers.items():
            if channel not in by_address:
                self.ask(reader)

    @property
    def arrived(self) -> bool:
        """Whether it has everything."""
        return self.pipe is not None and all(
            name not in self._store.channels
            or (reader.has_all and reader.offset == self._store.head(name))
            for name, reader in self.readers.items()
        )

    def ask(self, reader: Reader, *, again: bool = False) -> None:
        """Subscribe; again, on the same socket: some unsubscribe before, as the SDK does."""
        if again and reader.following and self._random.random() < 0.5:
            self.say({"type": "unsubscribe", "channel": reader.channel})
        if again and self._random.random() < 0.3:
            reader.sight = Sight(*self._random.choice(self._sights))
        self._number += 1
        self.say(reader.ask(self._number, self._random.choice(_FRESH)))

    def nag(self) -> None:
        """Ask again for what was refused."""
        for reader in self.readers.values():
            if self.pipe is not None and reader.quiet:
                self.ask(reader)

    def look_back(self) -> None:
        """Ask for a page of history."""
        reader = self._random.choice(tuple(self.readers.values()))
        since: Command = {}
        if reader.epoch is not None and self._node is not None:
            if reader.epoch != self._node.fanout.epoch:
                return
            since = {"since": max(0, reader.offset - self._random.randrange(20))}
        self._number += 1
        command = {"type": "get_history", "channel": reader.channel, "limit": 10}
        self.say({**command, "id": self._number, **since})

    def say(self, command: Command) -> None:
        """Send a command, as soon as the node reads."""
        self._outbox.append(msgspec.json.encode(command))
        self._send()

    def read(self, most: int) -> int:
        """Read so many frames at most and judge them; return how many came."""
        pipe = self.pipe
        count = 0
        while pipe is not None and self.pipe is pipe and len(pipe) and count < most:
            count += 1
            frame, heads = pipe.take()
            if frame is not PING:
                self._judge(msgspec.json.decode(frame.payload), heads)
            elif self._session is not None and not pipe.gone:
                self._session.alive()
        if pipe is not None and pipe.ended:
            self._end()
        self._send()
        return count

    def leave(self) -> None:
        """Lose the network, with whatever was on its way; the node learns it at once."""
        if self.pipe is not None and self._session is not None and self._node is not None:
            self._node.sessions.pop(self.pipe, None)
            self._session.lost()
            self.pipe.cut(0)
        self._end()

    def abandon(self) -> None:
        """Lose the network in silence: the node writes on until no pong comes."""
        self._end()

    def _connect(self, node: Node, channels: Sequence[str]) -> None:
        capacity = self._random.choice(CAPACITIES)
        pipe = self.pipe = Pipe(
            capacity, node.fake_timers, self._store, node.pruned, node.fanout.positions
        )
        self._node = node
        self._session = node.welcome(pipe, f"{self.name}-{self._number}", channels)

    def _end(self) -> None:
        self.pipe = self._session = self._node = None
        self._outbox.clear()
        for reader in self.readers.values():
            reader.leave()

    def _send(self) -> None:
        pipe = self.pipe
        while self._outbox and pipe is not None and pipe.reading and self._session is not None:
            if pipe.gone or pipe.closed is not None:
                return
            self._session.receive(self._outbox.popleft())

    def _judge(self, frame: Frame, heads: Mapping[str, int]) -> None:
        kind, channel = frame["type"], frame.get("channel", "")
        if kind == "welcome":
            for name, offset in frame["positions"].items():
                self.readers[name].begin(frame["epoch"], offset)
        elif kind == "heartbeat":
            for reader in self.readers.values():
                reader.heartbeat(frame, heads.get(reader.channel, 0))
        elif kind == "error":
            self._refused(frame)
        elif kind == "history":
            self._history(frame)
        elif kind not in {"unsubscribed", "pong"}:
            demand(channel in self.readers, f"{self.name}: expected its channels, got {frame}")
            self.readers[channel].take(frame, heads.get(channel, 0))

    def _refused(self, frame: Frame) -> None:
        for reader in self.readers.values():
            if reader.asked is not None and reader.asked == frame.get("reply_to"):
                reader.refused(frame)

    def _history(self, frame: Frame) -> None:
        numbers = self._store.history(frame["epoch"], frame["channel"]).numbers
        offsets = [event["offset"] for event in frame["events"]]
        if offsets:
            told = f"{self.name}: expected a page without a hole, got {offsets}"
            demand(offsets == list(range(offsets[0], offsets[0] + len(offsets))), told)
        for event in frame["events"]:
            true = numbers[event["offset"] - 1]
            demand(event["data"]["n"] == true, f"{self.name}: expected event {true}, got {event}")
