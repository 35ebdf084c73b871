"""Polls: one node asks all others, and counts what they answer within a second.

A question goes to every node as news of a channel that no client can follow, and so do the answers:
older nodes do not listen there, and need not know of it. News are lost now and then, and nodes die:
who has not answered in time is named, never waited for.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub.errors import Overloaded
from hub.model.event import Event

# What is asked. No channel's name begins so.
TOPIC = "?"
SIGHTS, CONNECTIONS, STATS = TOPICS = ("?sights", "?connections", "?stats")
ANSWER_WITHIN_S = 1.0
# Of one topic at a time.
MAX_ASKING = 64
# Stands for nodes that may be there and cannot be asked.
UNKNOWN = "?"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_QUESTION, _ANSWER = "question", "answer"
# Of what a question says; returns what this node says to it. Raises what is in `UNREADABLE` where
# it cannot read it: then nothing is said.
Answerer = Callable[[bytes], bytes]


class Polled(NamedTuple):
    """What the other nodes said, by name in order, and who of them said nothing."""

    answers: Mapping[str, bytes]
    silent: Sequence[str]


class _Asking:
    """A question that waits for answers."""

    def __init__(self, nodes: Collection[str], enough: Callable[[bytes], bool]) -> None:
        self.silent = {*nodes}
        self.answers: dict[str, bytes] = {}
        self.complete = asyncio.Event()
        self._enough = enough

    def take(self, node: str, answer: bytes) -> None:
        if node in self.silent:
            self.silent.discard(node)
            self.answers[node] = answer
            if not self.silent or self._enough(answer):
                self.complete.set()


class Polls:
    """Asks the other nodes, and answers them.

    Args:
        node: Name of this one.
        others: Names the other nodes.
        reaches: Tells whether they can be asked.
        announce: Tells them.
        listen: Has what is said of a topic heard here. From the start: the others know of a node
            that has only begun to come, and would wait for its answers.
    """

    def __init__(
        self,
        node: str,
        *,
        others: Callable[[], Collection[str]],
        reaches: Callable[[], bool],
        announce: Callable[[Sequence[Event]], None],
        listen: Callable[[str], None],
    ) -> None:
        self.node = node
        self._others = others
        self._reaches = reaches
        self._announce = announce
        self._answerers: dict[str, Answerer] = {}
        self._asking: dict[str, dict[str, _Asking]] = {topic: {} for topic in TOPICS}
        for topic in TOPICS:
            listen(topic)

    def answer(self, topic: str, answerer: Answerer) -> None:
        """Answer what is asked of a topic from now on."""
        self._answerers[topic] = answerer

    async def ask(
        self, topic: str, question: bytes, enough: Callable[[bytes], bool] = lambda _answer: False
    ) -> Polled:
        """Return what the other nodes say, within a second.

        Args:
            topic: One of `TOPICS`.
            question: What they are asked.
            enough: Tells of an answer whether no other is needed.

        Raises:
            Overloaded: Too many ask already.
        """
        others = self._others()
        lost = () if self._reaches() else (UNKNOWN,)
        if not others:
            return Polled({}, lost)
        waiting = self._asking[topic]
        if len(waiting) >= MAX_ASKING:
            raise Overloaded(f"expected at most {MAX_ASKING} who ask all nodes for this, got more")
        number = secrets.token_hex(8)
        asking = waiting[number] = _Asking(others, enough)
        try:
            self._say(topic, number, _QUESTION, question)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await asking.complete.wait()
        except TimeoutError:
            pass
        finally:
            del waiting[number]
        answers = {node: asking.answers[node] for node in sorted(asking.answers)}
        return Polled(answers, (*sorted(asking.silent), *lost))

    def hear(self, said: Event) -> None:
        """Take a question or an answer of another node; what cannot be read is passed over."""
        topic = said.channel
        asking = self._asking.get(topic, {})
        if said.type == _ANSWER and said.id in asking:
            asking[said.id].take(said.owner, said.data)
        elif said.type == _QUESTION and said.owner != self.node and topic in self._answerers:
            try:
                answer = self._answerers[topic](said.data)
            except UNREADABLE:
                return
            self._say(topic, said.id, _ANSWER, answer)

    def _say(self, topic: str, number: str, kind: str, data: bytes) -> None:
        # Volatile: it has no place in any log.
        self._announce([Event(topic, 0, number, kind, 0, self.node, data, volatile=True)])
