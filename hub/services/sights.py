"""Sights: what all nodes together remember of an event."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub.model.event import Event
from hub.services.polls import SIGHTS, UNREADABLE, Polls
from hub.telemetry.journal import Journal, Sight

_encode = msgspec.msgpack.Encoder().encode
_read_place = msgspec.msgpack.Decoder(tuple[str, int, int]).decode
_read_sight = msgspec.msgpack.Decoder(Sight).decode


class Seen(NamedTuple):
    """What the nodes remember, and who of them did not say."""

    sights: Sequence[Sight]
    silent: Sequence[str]


class Sights:
    """Asks the other nodes, and answers them.

    Args:
        journal: What this node remembers.
        polls: Brings questions and answers.
    """

    def __init__(self, journal: Journal, polls: Polls) -> None:
        self._journal = journal
        self._polls = polls
        polls.answer(SIGHTS, self._answer)

    async def of(self, event: Event) -> Seen:
        """Return what the nodes remember of an event, within a second.

        Raises:
            Overloaded: Too many ask already.
        """
        own = self._journal.sight(self._polls.node, (event.channel, event.offset), event.at_us)
        question = _encode((event.channel, event.offset, event.at_us))
        polled = await self._polls.ask(SIGHTS, question)
        sights = _read(polled.answers)
        unread = polled.answers.keys() - sights.keys()
        return Seen([own, *sights.values()], (*sorted(unread), *polled.silent))

    def _answer(self, question: bytes) -> bytes:
        channel, offset, at_us = _read_place(question)
        return _encode(self._journal.sight(self._polls.node, (channel, offset), at_us))


def _read(answers: Mapping[str, bytes]) -> dict[str, Sight]:
    sights = {}
    for node, answer in answers.items():
        try:
            sights[node] = _read_sight(answer)
        except UNREADABLE:
            continue  # of a version that nobody here knows
    return sights
