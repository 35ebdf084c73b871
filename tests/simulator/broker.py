"""The broker: news on their way to each node, to be lost, doubled, delayed and mixed up."""

from collections.abc import Callable
from random import Random

from hub.brokers import wire
from hub.brokers.base import Listener, News, by_channel


class Broker:
    """Carries news as the bytes they are on a real way; see `brokers.base.Broker`.

    Attributes:
        deaf: Names of nodes that no news reach for now.
    """

    def __init__(self) -> None:
        self.deaf: set[str] = set()
        self._ears: dict[str, Listener] = {}
        self._way: list[tuple[str, bytes]] = []
        self._followed: set[tuple[str, str]] = set()
        self._begun: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._way)

    def announce(self, news: News) -> None:
        """Send it to every node, also to the one that says it."""
        for told in by_channel(news):
            message = wire.encode(told)
            self._way += [(name, message) for name in self._ears]

    def follow(self, name: str, channel: str) -> None:
        """Let a node hear a channel, some time later."""
        self._begun.append((name, channel))

    def leave(self, name: str, channel: str) -> None:
        """Let a node hear no more of a channel."""
        self._followed.discard((name, channel))
        self._begun = [begun for begun in self._begun if begun != (name, channel)]

    def confirm(self) -> str:
        """Let what nodes wanted to follow be followed, and tell them."""
        begun, self._begun = self._begun, []
        self._followed.update(begun)
        for name in dict.fromkeys(name for name, _ in begun):
            if name in self._ears and name not in self.deaf:
                self._ears[name].resumed()
        return " ".join(f"{channel} at {name}" for name, channel in begun)

    def listen(self, name: str, listener: Listener) -> Callable[[], None]:
        """Give a node its news; return how to stop that."""
        self._ears[name] = listener

        def stop() -> None:
            self._ears.pop(name, None)
            self.deaf.discard(name)

        return stop

    def carry(self, random: Random) -> str:
        """Let one message arrive: the oldest, or any."""
        at = 0 if random.random() < 0.6 else random.randrange(len(self._way))
        return self._arrive(*self._way.pop(at))

    def carry_all(self) -> None:
        """Let everything arrive, in order."""
        self.confirm()
        way, self._way = self._way, []
        for name, message in way:
            self._arrive(name, message)

    def drop(self, random: Random) -> str:
        """Lose a message."""
        name, message = self._way.pop(random.randrange(len(self._way)))
        return f"to {name}, {len(message)} bytes"

    def double(self, random: Random) -> str:
        """Let a message come twice, the second time last."""
        name, message = random.choice(self._way)
        self._way.append((name, message))
        return f"to {name}, {len(message)} bytes"

    def deafen(self, name: str) -> None:
        """Break a node's way."""
        self.deaf.add(name)

    def mend(self, name: str) -> None:
        """Mend a node's way, and tell it."""
        self.deaf.discard(name)
        if name in self._ears:
            self._ears[name].resumed()

    def _arrive(self, name: str, message: bytes) -> str:
        news = wire.decode(message)
        assert news is not None, "news that nobody can read"
        place = ",".join(f"{event.channel}:{event.offset}" for event in news.events)
        hears = (name, news.events[0].channel) in self._followed and name not in self.deaf
        if not hears or name not in self._ears:
            return f"{place} from {news.node} to {name}, who does not hear"
        self._ears[name].hear(news)
        return f"{place} from {news.node} to {name}"
