"""Readers of a channel that change while somebody is on the way to it: nobody slips through."""

from typing import Any

from hub.model.channel import Definition
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ
from hub.model.unit import Head
from hub.realtime.node import Queries
from hub.realtime.session import Session
from support.realtime import EPOCH, FakeNode, MemoryEvents, MemoryQueries, SlowSocket, command
from support.scene import Scene

ANNA = Principal("anna", ("viewer",), frozenset({EVENTS_READ}))


def sit(node: FakeNode, socket: SlowSocket) -> Session:
    """Let a viewer in that follows nothing yet, and hears when readers change."""
    connection, session = node.connect(socket, [])
    connection.principal = ANNA
    node.fanout.on_rights = session.recheck
    socket.take()
    return session


def close(node: FakeNode, channel: str, *, durable: bool) -> None:
    """Let nobody but administrators read a channel from now on."""
    closed = Definition(durable=durable, readers=("admin",), revision=2)
    node.fanout.learn({channel: Head(definition=closed)})


def told(frames: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """Return what came, and the codes of refusals."""
    return [(frame["type"], frame.get("details", {}).get("code")) for frame in frames]


async def test_who_loses_a_channel_in_a_volatile_snapshot_is_shown_no_more() -> None:
    """Neither the next page nor what follows: meanwhile it follows nothing that could be ended."""
    node, socket = Scene(), SlowSocket()
    for number in range(20):
        node.move(f"k{number}", data=b'{"at":%d}' % number + b" " * 30_000)
    node.settle()
    session = sit(node, socket)
    socket.capacity = 1
    session.receive(command(type="subscribe", channel="moves", snapshot=True))
    node.settle()
    before = told(socket.take())

    close(node, "moves", durable=False)
    socket.capacity = 1 << 30
    socket.drain()
    node.settle()
    node.move("secret")
    node.settle()

    assert before == [("subscribed", None), ("snapshot", None)]
    assert told(socket.take()) == [("error", "forbidden")]


class Closing(MemoryQueries):
    """A log that is asked while the channel is closed to others."""

    def __init__(self, node: FakeNode, queries: Queries) -> None:
        self._node, self._queries = node, queries

    async def head(self, channel: str) -> Head | None:
        """Return what the log holds, after the change."""
        close(self._node, channel, durable=True)
        return await self._queries.head(channel)


def test_who_loses_a_channel_while_its_position_is_looked_up_does_not_follow_it() -> None:
    """A client that says to be ahead of this node is let wait for the log."""
    node, socket = FakeNode(MemoryEvents()), SlowSocket()
    session = sit(node, socket)
    node.queries = Closing(node, node.queries)

    session.receive(command(type="subscribe", channel="contracts", since=f"{EPOCH}:7"))
    node.settle()
    node.publish("contracts")
    node.settle()

    assert told(socket.take()) == [("error", "forbidden")]
