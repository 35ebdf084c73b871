"""Clients: who is connected to any node of the hub, and how one of them is sent away."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from hub.errors import ConnectionNotFound, Disconnected, HubError, NodesSilent, Reconnect
from hub.model.roster import Entry, Page, Part, Query, together
from hub.services.polls import CONNECTIONS, UNREADABLE, Polls


class Roster(Protocol):
    """This node's own clients; see `realtime.roster.Roster`."""

    def part(self, query: Query) -> Part:
        """Return this node's page."""
        ...

    def close(self, client_id: str, failure: HubError) -> Entry | None:
        """Close a connection for a reason; return what it was, None: it is not here."""
        ...


class _List(msgspec.Struct, frozen=True, array_like=True, tag="list"):
    query: Query


class _Close(msgspec.Struct, frozen=True, array_like=True, tag="close"):
    client_id: str
    comes_back: bool


class Listed(NamedTuple):
    """A page of the hub, and which nodes said nothing of theirs."""

    page: Page
    nodes: Sequence[str]
    silent: Sequence[str]


class Closed(NamedTuple):
    """A connection that was closed, and of which node."""

    node: str
    entry: Entry
    failure: HubError


_encode = msgspec.msgpack.Encoder().encode
_read_question = msgspec.msgpack.Decoder(_List | _Close).decode
_read_part = msgspec.msgpack.Decoder(Part).decode


class Clients:
    """The clients of all nodes.

    Args:
        roster: This node's.
        polls: Asks the others.
    """

    def __init__(self, roster: Roster, polls: Polls) -> None:
        self._roster = roster
        self._polls = polls
        polls.answer(CONNECTIONS, self._answer)

    async def list(self, query: Query) -> Listed:
        """Return a page of them, newest first, within a second.

        Raises:
            Overloaded: Too many ask already.
        """
        polled = await self._polls.ask(CONNECTIONS, _encode(_List(query)))
        others = _read(polled.answers)
        unread = polled.answers.keys() - others.keys()
        parts = {self._polls.node: self._roster.part(query), **others}
        silent = (*sorted(unread), *polled.silent)
        return Listed(together(parts, query.limit), sorted(parts), silent)

    async def close(self, client_id: str, *, comes_back: bool) -> Closed:
        """Close a connection, on whichever node it is, within a second.

        Args:
            client_id: Its id.
            comes_back: Let the client connect anew; else it is told to stay away.

        Raises:
            ConnectionNotFound: No node has it.
            NodesSilent: No node that answered has it, and some did not answer.
            Overloaded: Too many ask already.
        """
        failure = reason(comes_back=comes_back)
        entry = self._roster.close(client_id, failure)
        if entry is not None:
            return Closed(self._polls.node, entry, failure)
        question = _encode(_Close(client_id, comes_back))
        polled = await self._polls.ask(CONNECTIONS, question, lambda answer: answer != _NOT_HERE)
        for node, answer in polled.answers.items():
            entry = _read_closed(answer)
            if entry is not None:
                return Closed(node, entry, failure)
        if polled.silent:
            raise NodesSilent(
                f"expected every node to say whether it has {client_id[:64]!r}, got no answer of "
                f"{', '.join(polled.silent)}"
            )
        raise ConnectionNotFound(f"expected a client_id of now, got {client_id[:64]!r}")

    def _answer(self, question: bytes) -> bytes:
        asked = _read_question(question)
        if isinstance(asked, _List):
            return _encode(self._roster.part(asked.query))
        return _encode(self._roster.close(asked.client_id, reason(comes_back=asked.comes_back)))


def reason(*, comes_back: bool) -> HubError:
    """Return what a client is told whom an operator sends away."""
    if comes_back:
        return Reconnect("an operator asks you to connect anew")
    return Disconnected("an operator has closed your connection")


_NOT_HERE = _encode(None)


def _read(answers: Mapping[str, bytes]) -> dict[str, Part]:
    parts = {}
    for node, answer in answers.items():
        try:
            parts[node] = _read_part(answer)
        except UNREADABLE:
            continue  # of a version that nobody here knows
    return parts


def _read_closed(answer: bytes) -> Entry | None:
    try:
        return msgspec.msgpack.decode(answer, type=Entry | None)
    except UNREADABLE:
        return None
