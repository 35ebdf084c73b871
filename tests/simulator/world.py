"""The world: some nodes of one log, some clients, and one random number generator."""

from collections.abc import Callable, Sequence
from random import Random

from simulator.broker import Broker
from simulator.client import Client
from simulator.node import Node
from simulator.sdk import SdkClient
from simulator.sight import any_sights
from simulator.store import CHANNELS, LATER, Store
from simulator.trace import Trace
from simulator.violation import Violation
from support.clocks import FakeClock

CLIENTS = 5
# How many there are; on few of them clients share groups and pages.
_NODES = (1, 2, 3, 3, 3)
# How much time may pass until everybody has reached the head, once nothing goes wrong any more.
CALM_S = 8.0
CALM_STEP_S = 0.1
_WANTED = ((*CHANNELS, LATER), CHANNELS, ("jobs",), (LATER, "jobs"))


class World:
    """Everything there is.

    Attributes:
        size: How many nodes there are when all is well.
        now_s: Seconds since the beginning.
        number: Of the last event that was sent.
        epochs: How many the log has had.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 a simulation, no secret
        self.trace = Trace()
        self.size = self.random.choice(_NODES)
        self.clock = FakeClock()
        self.store = Store(self.clock)
        self.broker = Broker()
        self.now_s = 0.0
        self.number = 0
        self.epochs = 1
        self.nodes: list[Node] = []
        self._started = 0
        sights = any_sights(self.random)
        self.clients: list[Client] = [
            Client(f"c{at}", _WANTED[at % len(_WANTED)], self.store, self.random, sights)
            for at in range(CLIENTS)
        ]
        self.clients.append(SdkClient("sdk", self.store, self.random, sights))
        for _ in range(self.size):
            self.start_one()

    def any_node(self, *, up: bool = False) -> Node | None:
        """Return a node that lives; `up`: one that lets clients in."""
        found = [node for node in self.nodes if node.up or not up]
        return self.random.choice(found) if found else None

    def any_client(self) -> Client:
        """Return a client."""
        return self.random.choice(self.clients)

    def working(self) -> Sequence[Node]:
        """Return the nodes that have something to do."""
        return [node for node in self.nodes if len(node.tasks)]

    def start_one(self) -> str:
        """Start a node if one is missing, under a name that none had before."""
        for node in [node for node in self.nodes if node.failed]:
            self.kill(node)
        if len(self.nodes) == self.size:
            return "all are there"
        self._started += 1
        node = Node(f"n{self._started}", self.store, self.broker, self.clock, self.random)
        node.fake_timers.now_s = self.now_s
        self.nodes.append(node)
        return node.name

    def kill(self, node: Node) -> None:
        """End a node; of what is on its way to clients some still comes, some does not."""
        for pipe in node.sessions:
            pipe.cut(self.random.randrange(len(pipe) + 1))
        node.crash()
        self.nodes.remove(node)

    def wait(self, seconds: float, *, stall: float = 0.0) -> None:
        """Let time pass; a node stalls with that chance, and makes it up later."""
        self.now_s += seconds
        self.clock.advance(seconds)
        for node in self.nodes:
            if self.random.random() >= stall:
                node.turn(self.now_s)

    def calm(self) -> None:
        """Let nothing go wrong any more, and wait until every client has reached the head.

        Raises:
            Violation: One does not, or a node does not.
        """
        self.store.broken = self.store.doubtful = False
        for name in sorted(self.broker.deaf):
            self.broker.mend(name)
        end_s = self.now_s + CALM_S
        settled = 0
        # Once more after all is well: nothing may come behind it.
        while settled < 2:
            if self.now_s >= end_s:
                raise Violation(f"expected all at the head after {CALM_S} s, got {self._late()}")
            self._calm_round()
            settled = 0 if self._late() else settled + 1

    def _calm_round(self) -> None:
        self.start_one()
        self.wait(CALM_STEP_S)
        self.broker.carry_all()
        for _ in range(4):
            for node in self.nodes:
                node.tasks.run()
                node.fake_timers.tick()
            for client in self.clients:
                client.read(100_000)
        for client in self.clients:
            there = self.any_node(up=True)
            if client.pipe is None and there is not None:
                client.come(there)
            client.nag()

    def _late(self) -> str:
        """Name who is not at the head."""
        late = [str(client) for client in self.clients if not client.arrived]
        wanted = {name: self.store.head(name) for name in self.store.channels}
        late += [node.name for node in self.nodes if node.fanout.positions() != wanted]
        return (
            f"{late}, where the heads are {wanted}" if late or len(self.nodes) < self.size else ""
        )


Act = Callable[[World], str]
