"""Sights: what all nodes together remember of an event.

A question goes to every node as news of a channel that no client can follow, and so do the answers:
older nodes do not listen there, and need not know of it.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import msgspec

from hub.errors import Overloaded
from hub.model.event import Event
from hub.telemetry.journal import Journal, Sight

# No name that a channel can have.
SIGHTS = "?sights"
ANSWER_WITHIN_S = 1.0
MAX_ASKING = 64
# Stands for nodes that may be there and cannot be asked.
UNKNOWN = "?"
_QUESTION, _ANSWER = "question", "answer"
_encode = msgspec.msgpack.Encoder().encode
_read_place = msgspec.msgpack.Decoder(tuple[str, int, int]).decode
_read_sight = msgspec.msgpack.Decoder(Sight).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Seen(NamedTuple):
    """What the nodes remember, and who of them did not say."""

    sights: Sequence[Sight]
    silent: Sequence[str]


class _Asking:
    """A question that waits for answers."""

    def __init__(self, nodes: Collection[str]) -> None:
        self.silent = {*nodes}
        self.sights: list[Sight] = []
        self.complete = asyncio.Event()

    def take(self, sight: Sight) -> None:
        if sight.node in self.silent:
            self.silent.discard(sight.node)
            self.sights.append(sight)
        if not self.silent:
            self.complete.set()


class Sights:
    """Asks the other nodes, and answers them.

    Args:
        node: Name of this one.
        journal: What it remembers.
        others: Names the other nodes.
        reaches: Tells whether they can be asked.
        announce: Tells them.
    """

    def __init__(
        self,
        node: str,
        journal: Journal,
        *,
        others: Callable[[], Collection[str]],
        reaches: Callable[[], bool],
        announce: Callable[[Sequence[Event]], None],
    ) -> None:
        self._node = node
        self._journal = journal
        self._others = others
        self._reaches = reaches
        self._announce = announce
        self._asking: dict[str, _Asking] = {}

    async def of(self, event: Event) -> Seen:
        """Return what the nodes remember of an event, within a second.

        Raises:
            Overloaded: Too many ask already.
        """
        own = self._journal.sight(self._node, (event.channel, event.offset), event.at_us)
        others = self._others()
        lost = () if self._reaches() else (UNKNOWN,)
        if not others:
            return Seen([own], lost)
        if len(self._asking) >= MAX_ASKING:
            raise Overloaded(f"expected at most {MAX_ASKING} who ask for traces, got more")
        asking = await self._ask(event, others)
        sights = sorted(asking.sights, key=lambda sight: sight.node)
        return Seen([own, *sights], (*sorted(asking.silent), *lost))

    def hear(self, said: Event) -> None:
        """Take a question or an answer of another node; what cannot be read is passed over."""
        try:
            if said.type == _QUESTION and said.owner != self._node:
                self._answer(said.id, *_read_place(said.data))
            elif said.type == _ANSWER and said.id in self._asking:
                self._asking[said.id].take(_read_sight(said.data))
        except _UNREADABLE:
            return

    async def _ask(self, event: Event, others: Collection[str]) -> _Asking:
        question = secrets.token_hex(8)
        asking = self._asking[question] = _Asking(others)
        try:
            self._say(question, _QUESTION, _encode((event.channel, event.offset, event.at_us)))
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await asking.complete.wait()
        except TimeoutError:
            pass
        finally:
            del self._asking[question]
        return asking

    def _answer(self, question: str, channel: str, offset: int, at_us: int) -> None:
        sight = self._journal.sight(self._node, (channel, offset), at_us)
        self._say(question, _ANSWER, _encode(sight))

    def _say(self, question: str, kind: str, data: bytes) -> None:
        # Volatile: it has no place in any log.
        self._announce([Event(SIGHTS, 0, question, kind, 0, self._node, data, volatile=True)])
