"""The promise of a listener, against any hub that misbehaves within the protocol.

A hub of two channels publishes, delivers, repeats, loses, forgets, starts over and
cuts the line in any order. Whatever it does, each channel comes out strictly in
order and without a hole, or the gap is said with both its ends.
"""

import json
from typing import Any

from hypothesis import given, settings, strategies as st

from client.fakes import FakeClock
from hub_client.listening.closing import broken
from hub_client.listening.feed import Feed
from hub_client.listening.outputs import Deliver, Fail, Output, Reconnect, Send, Skipped
from hub_client.listening.wants import wants
from hub_client.position import Position

CHANNELS = ("contracts", "jobs")
ACTIONS = ("publish", "deliver", "repeat", "lose", "forget", "gap", "cut", "start_over", "obey")
Json = dict[str, Any]


class Hub:
    """What the protocol allows of a hub, decided one step at a time."""

    def __init__(self) -> None:
        self.epoch = 1
        self.head = dict.fromkeys(CHANNELS, 0)
        self.oldest = dict.fromkeys(CHANNELS, 1)
        self.cursor: dict[str, int] = {}
        """Where each subscribed channel stands on the open connection."""
        self.commands: list[Json] = []
        """Sent by the feed, not read yet."""

    def subscribe(self, command: Json) -> Json:
        """Answer a subscribe, and stand where it says."""
        channel, since = command["channel"], command.get("since")
        offset, recovered = self.head[channel], None
        if since is not None:
            recovered = (
                since["epoch"] == f"e{self.epoch}"
                and self.oldest[channel] - 1 <= since["offset"] <= self.head[channel]
            )
            offset = since["offset"] if recovered else offset
        self.cursor[channel] = offset
        return {
            "type": "subscribed",
            "reply_to": command["id"],
            "channel": channel,
            "epoch": f"e{self.epoch}",
            "offset": offset,
            "head": self.head[channel],
            "recovered": recovered,
            "reason": "expired" if recovered is False else None,
        }

    def event(self, channel: str, offset: int) -> Json:
        """Return an event of that offset."""
        return {"type": "x", "channel": channel, "offset": offset, "id": "i", "data": {}}


class World:
    """One hub, one feed, and what its caller has seen."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.feed = Feed(
            wants(
                CHANNELS,
                since=None,
                history=None,
                snapshot=False,
                where=None,
                conflate=None,
                on_gap="skip",
            ),
            base="",
            clock=FakeClock(),
        )
        self.seen: dict[str, int | None] = dict.fromkeys(CHANNELS)
        self.take(self.feed.opened())

    def take(self, outputs: list[Output]) -> None:
        """Do what the feed says, and check what it lets out."""
        for output in outputs:
            match output:
                case Send():
                    self.hub.commands.append(json.loads(output.frame))
                case Deliver():
                    self.check(output)
                case Skipped():
                    gap = output.gap
                    last = self.seen[gap.channel]
                    assert last is None or gap.from_offset == last
                    self.seen[gap.channel] = gap.to_offset
                case Fail():
                    raise AssertionError(output.error)
                case Reconnect():
                    self.hub.cursor.clear()
                    self.hub.commands.clear()
                case _:
                    pass

    def check(self, output: Deliver) -> None:
        """Hold an event against the promise."""
        event = output.event
        assert event.offset is not None
        last = self.seen[event.channel]
        assert last is None or event.offset == last + 1
        self.seen[event.channel] = event.offset
        assert event.position is not None
        stands = Position.parse(event.position, CHANNELS).stands
        assert set(stands) == set(CHANNELS)
        assert stands[event.channel].offset == event.offset

    def hear(self, frame: Json) -> None:
        """Let the feed hear a frame."""
        self.take(self.feed.received(json.dumps(frame)))

    def obey(self, _: str) -> None:
        """Let the hub read one command."""
        if not self.hub.commands:
            return
        command = self.hub.commands.pop(0)
        if command["type"] == "unsubscribe":
            self.hub.cursor.pop(command["channel"], None)
        else:
            self.hear(self.hub.subscribe(command))

    def deliver(self, channel: str) -> None:
        """Push the next event, if there is one."""
        cursor = self.waiting(channel)
        if cursor < self.hub.head[channel]:
            self.hub.cursor[channel] = cursor + 1
            self.hear(self.hub.event(channel, cursor + 1))

    def act(self, action: str, channel: str) -> None:
        """Let one thing happen, where it can."""
        getattr(self, action)(channel)

    def publish(self, channel: str) -> None:
        """Another event is committed."""
        self.hub.head[channel] += 1

    def repeat(self, channel: str) -> None:
        """The last event arrives again."""
        if cursor := self.hub.cursor.get(channel):
            self.hear(self.hub.event(channel, cursor))

    def lose(self, channel: str) -> None:
        """An event never arrives."""
        if self.waiting(channel) < self.hub.head[channel]:
            self.hub.cursor[channel] += 1

    def gap(self, channel: str) -> None:
        """The hub says in-band that it cannot deliver what waits."""
        cursor, head = self.waiting(channel), self.hub.head[channel]
        if cursor < head:
            self.hub.cursor[channel] = head
            self.hear(
                {
                    "type": "gap",
                    "channel": channel,
                    "epoch": f"e{self.hub.epoch}",
                    "from": cursor,
                    "to": head,
                    "reason": "expired",
                }
            )

    def forget(self, channel: str) -> None:
        """Everything so far leaves history."""
        self.hub.oldest[channel] = self.hub.head[channel] + 1

    def cut(self, _: str) -> None:
        """The line breaks and is made again."""
        self.reconnect()

    def start_over(self, _: str) -> None:
        """The log is replaced by an empty one."""
        self.hub.epoch += 1
        self.hub.head = dict.fromkeys(CHANNELS, 0)
        self.hub.oldest = dict.fromkeys(CHANNELS, 1)
        self.reconnect()

    def waiting(self, channel: str) -> int:
        """Return where the open connection stands; the head if it is not subscribed."""
        return self.hub.cursor.get(channel, self.hub.head[channel])

    def reconnect(self) -> None:
        """Cut the line and connect."""
        self.take(self.feed.lost(broken("network_error")))
        self.take(self.feed.opened())

    def settle(self) -> None:
        """Let the hub do what is asked of it, until there is nothing left."""
        for _ in range(3):
            while self.hub.commands:
                self.obey("")
            for channel in CHANNELS:
                # One more event shows a hole at the end.
                self.hub.head[channel] += 1
                while self.waiting(channel) < self.hub.head[channel]:
                    self.deliver(channel)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.sampled_from(CHANNELS)), max_size=60))
def test_every_event_comes_out_once_in_order_or_the_gap_is_said(
    steps: list[tuple[str, str]],
) -> None:
    """No interleaving makes a duplicate, a disorder or a silent hole, nor leaves it stuck."""
    world = World()

    for action, channel in steps:
        world.act(action, channel)
    world.settle()

    assert world.seen == world.hub.head
