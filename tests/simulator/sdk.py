"""The SDK: a client whose core is that of `hub_client`, judged by what it hands its caller."""

from collections.abc import Mapping, Sequence
from random import Random

import msgspec

from hub_client import Event, HistoryGap, Snapshot
from hub_client.clock import Clock
from hub_client.listening.closing import broken
from hub_client.listening.feed import Feed
from hub_client.listening.outputs import Deliver, Fail, Output, Reconnect, Send, Skipped
from hub_client.listening.wants import wants
from hub_client.position import Position, Stand
from simulator.client import Client
from simulator.node import Node
from simulator.reader import Frame, Reader
from simulator.sight import Wish
from simulator.store import CHANNELS, Store
from simulator.violation import Violation, demand


class NoChance(Clock):
    """A clock of which nothing depends: when a client comes back the world decides."""

    def random(self) -> float:
        """Return no chance."""
        return 0.0


class SdkClient(Client):
    """One `listen`, and now and then another one that goes on at its position."""

    def __init__(self, name: str, store: Store, random: Random, sights: Sequence[Wish]) -> None:
        self._wish = random.choice(sights)
        channels = CHANNELS[: random.choice((1, 2))]
        super().__init__(name, channels, store, random, (self._wish,))
        self._gaps: dict[str, list[HistoryGap]] = {channel: [] for channel in channels}
        self._feed = self._listen(None)

    @property
    def arrived(self) -> bool:
        """Whether the caller has everything, and the SDK knows it."""
        return self.pipe is not None and all(
            self._feed._subscriptions[name].live
            and (not reader.sight.owed or self._gaps[name])
            and self._stand(name) == Stand(self._store.epoch, self._store.head(name))
            for name, reader in self.readers.items()
        )

    def come(self, node: Node) -> None:
        """Connect, perhaps in another process."""
        self.leave()
        self._take(self._feed.lost(broken("network_error")))
        position = self._feed.position
        if position is not None and self._random.random() < 0.1:
            self._check_position(position)
            self._feed = self._listen(position)
        self._connect(node, [])
        self._take(self._feed.opened())

    def ask(self, reader: Reader, *, again: bool = False) -> None:
        """Leave that to the SDK."""

    def nag(self) -> None:
        """Leave that to the SDK."""

    def look_back(self) -> None:
        """Ask for nothing else."""

    def _listen(self, since: str | None) -> Feed:
        where, max_hz = self._wish
        wanted = wants(
            tuple(self.readers),
            since=since,
            history=None if since else self._random.choice((None, 5)),
            snapshot=False,
            where=where,
            conflate=None if max_hz is None else ("entity", max_hz),
            on_gap=self._random.choice(("skip", "snapshot")),
        )
        return Feed(wanted, base="", clock=NoChance())

    def _judge(self, frame: Frame, heads: Mapping[str, int]) -> None:
        del heads
        self._take(self._feed.received(msgspec.json.encode(frame)))

    def _take(self, outputs: Sequence[Output]) -> None:
        """Do what the feed says."""
        for output in outputs:
            match output:
                case Send():
                    self.say(msgspec.json.decode(output.frame))
                case Deliver():
                    self._came(output.event)
                case Skipped():
                    demand(output.gap.reason != "missing", f"{self.name}: got {output.gap}")
                    self._gaps[output.gap.channel].append(output.gap)
                    self.readers[output.gap.channel].gaps += 1
                case Reconnect():
                    self.leave()
                case Fail():
                    raise Violation(f"{self.name}: expected to go on, got {output.error!r}")
                case _:
                    pass

    def _came(self, event: Event) -> None:
        reader, offset = self.readers[event.channel], event.offset
        if offset is None:
            return
        epoch = self._stand(event.channel).epoch
        numbers = self._store.history(epoch, event.channel).numbers
        if isinstance(event, Snapshot):
            true = reader.sight.states(numbers[:offset])
            demand(event.items == true, f"{self.name}: expected {true}, got {event}")
            reader.sight.forget()
        else:
            demand(event.data["n"] == numbers[offset - 1], f"{self.name}: got {event}")
            self._check_between(reader, epoch, offset)
            reader.sight.see(event.data["n"])
            reader.seen += 1
        # A gap may be said before events that came before it: those wait for another channel.
        new = reader.epoch not in {None, epoch}
        gaps = self._gaps[event.channel]
        gaps[:] = [gap for gap in gaps if not new and gap.to_offset > offset]
        reader.epoch, reader.offset = epoch, offset

    def _check_between(self, reader: Reader, epoch: str, offset: int) -> None:
        """Judge what did not come before an event, less what was said to be gone."""
        gaps = self._gaps[reader.channel]
        if gaps:
            reader.sight.forget()
        if reader.epoch != epoch:
            said = any(gap.reason == "epoch_changed" for gap in gaps)
            demand(said or reader.epoch is None, f"{self.name}: got {epoch} after {reader}")
            return
        demand(offset > reader.offset, f"{self.name}: got {offset} again, after {reader}")
        numbers = self._store.history(epoch, reader.channel).numbers
        passed = [
            numbers[at - 1]
            for at in range(reader.offset + 1, offset)
            if not any(gap.from_offset < at <= gap.to_offset for gap in gaps)
        ]
        reader.sight.pass_over(passed, numbers[offset - 1 :])

    def _check_position(self, position: str) -> None:
        """Judge that who goes on there gets nothing for a second time."""
        stands = Position.parse(position, tuple(self.readers)).stands
        for name, reader in self.readers.items():
            stand = stands.get(name)
            fair = stand is None or stand.epoch != reader.epoch or stand.offset >= reader.offset
            demand(fair, f"{self.name}: expected a position of {reader}, got {position}")

    def _stand(self, channel: str) -> Stand:
        return self._feed._subscriptions[channel].stand or Stand("", 0)
