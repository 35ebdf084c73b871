"""A scene: one node with a volatile channel, and what its clients are told of it."""

import json
from typing import Any

from hub.model.channel import Definition
from hub.model.event import Event
from hub.model.unit import Head
from hub.realtime.session import Session
from support.realtime import FakeNode, MemoryEvents, SlowSocket, command

VOLATILE = Head(definition=Definition(durable=False))


class Scene(FakeNode):
    """A node with a volatile channel `moves`; `move` publishes the place of a thing."""

    def __init__(self) -> None:
        super().__init__(MemoryEvents())
        self.now = 0
        self.fanout.learn({"moves": VOLATILE})

    def move(self, key: str, *, data: bytes = b"") -> Event:
        """Tell where a thing is: its place is the time."""
        event = self.moved(key, data=data)
        self.fanout.deliver([event])
        return event

    def moved(self, key: str, *, data: bytes = b"") -> Event:
        """Return the event, untold."""
        self.now += 1
        data = data or json.dumps({"key": key, "at": self.now}).encode()
        return Event(
            "moves", 0, f"id-{self.now}", "moved", self.now, "me", data, key, volatile=True
        )

    def sit(self, socket: SlowSocket, **fields: Any) -> Session:
        """Let a client in that follows the channel."""
        _, session = self.connect(socket, [])
        session.receive(command(type="subscribe", channel="moves", **fields))
        self.settle()
        return session


def places(socket: SlowSocket) -> list[tuple[str, int]]:
    """Return what was told of things, and forget it."""
    data = [frame["data"] for frame in socket.take() if frame["type"] == "moved"]
    return [(one["key"], one["at"]) for one in data]


def fill(socket: SlowSocket) -> None:
    """Let the socket take nothing until it drains."""
    assert socket.connection is not None
    socket.connection.pause()
