"""How the nodes tell each other what they remember of an event, and what else they are asked."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from hub.errors import Overloaded
from hub.model.event import Event
from hub.services import polls as module
from hub.services.polls import MAX_ASKING, SIGHTS, TOPICS, Polls
from hub.services.sights import Sights
from hub.telemetry.journal import Journal, Sight
from support.clocks import START_US, FakeClock

EVENT = Event("jobs", 4, "an-id", "job_update", START_US, "me", b"{}")


class Room:
    """Nodes that hear each other at once; those whose names are in `deaf` hear nothing."""

    def __init__(self, *names: str, deaf: Sequence[str] = ()) -> None:
        self.said: list[Event] = []
        self.reaches = True
        self.journals = {name: Journal(FakeClock()) for name in names}
        self.heard: list[str] = []
        self.polls = {name: self._poll(name) for name in names}
        self.nodes = {name: Sights(self.journals[name], self.polls[name]) for name in names}
        self._deaf = deaf

    def _poll(self, name: str) -> Polls:
        return Polls(
            name,
            others=lambda: self.journals.keys() - {name},
            reaches=lambda: self.reaches,
            announce=self._say,
            listen=self.heard.append,
        )

    def _say(self, events: Sequence[Event]) -> None:
        self.said += events
        for name, polls in self.polls.items():
            if name not in self._deaf:
                for event in events:
                    polls.hear(event)


async def test_every_node_says_what_it_remembers() -> None:
    """The asked one first, the others by name; nobody is silent."""
    room = Room("b", "a", "c")
    room.journals["c"].wrote(("jobs", 4, 4, START_US, 3))

    seen = await room.nodes["b"].of(EVENT)

    assert [(sight.node, sight.clients) for sight in seen.sights] == [("b", 0), ("a", 0), ("c", 3)]
    assert seen.silent == ()
    assert {said.channel for said in room.said} == {SIGHTS}


async def test_who_does_not_answer_in_time_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node of an older version never does; the others' answers count all the same."""
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.01)
    room = Room("a", "b", "old", deaf=["old"])

    seen = await room.nodes["a"].of(EVENT)

    assert [sight.node for sight in seen.sights] == ["a", "b"]
    assert seen.silent == ("old",)


async def test_while_the_broker_is_away_nobody_knows_who_is_silent() -> None:
    """What this node remembers is told, with a mark that it may not be all."""
    room = Room("a")
    room.reaches = False

    seen = await room.nodes["a"].of(EVENT)

    assert ([sight.node for sight in seen.sights], seen.silent) == (["a"], ("?",))


async def test_alone_it_asks_nobody() -> None:
    """One process has no broker that could carry a question."""
    room = Room("a")

    assert (await room.nodes["a"].of(EVENT)).silent == ()
    assert room.said == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param("question", b"", id="nothing"),
        pytest.param("question", b"\xc1", id="no MessagePack"),
        pytest.param("question", msgspec.msgpack.encode(["jobs", "4", 0]), id="a wrong type"),
        pytest.param("question", b"\x91" * 5_000, id="too deep"),
        pytest.param("answer", b"\xa2\xff\xff", id="no text"),
        pytest.param("later", b"", id="a word of a later version"),
    ],
)
async def test_what_cannot_be_read_is_passed_over(kind: str, data: bytes) -> None:
    """Nothing is raised into the way of the news, and nothing said."""
    room = Room("a", "b")
    room.polls["a"].hear(Event(SIGHTS, 0, "q", kind, 0, "b", data, volatile=True))

    assert room.said == []


async def test_an_answer_counts_once_and_only_of_who_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who answers twice, or is not there, does not swell the numbers."""
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.01)
    room = Room("a", "b", "old", deaf=["old"])
    asking = asyncio.create_task(room.nodes["a"].of(EVENT))
    await asyncio.sleep(0)
    question = room.said[0].id
    for name in ("b", "b", "stranger"):
        data = msgspec.msgpack.encode(Sight(name, clients=7))
        room.polls["a"].hear(Event(SIGHTS, 0, question, "answer", 0, name, data, volatile=True))

    seen = await asking

    assert [sight.node for sight in seen.sights] == ["a", "b"]


async def test_so_many_may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is told to come later, and those who wait are not forgotten."""
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.01)
    room = Room("a", "old", deaf=["old"])
    node = room.nodes["a"]
    asking = [asyncio.create_task(node.of(EVENT)) for _ in range(MAX_ASKING)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        await node.of(EVENT)

    assert [(await one).silent for one in asking] == [("old",)] * MAX_ASKING
    assert (await node.of(EVENT)).silent == ("old",)


async def test_an_answer_that_cannot_be_read_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The node is named with those that said nothing."""
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.01)
    room = Room("a", "b", "odd", deaf=["odd"])
    asking = asyncio.create_task(room.nodes["a"].of(EVENT))
    await asyncio.sleep(0)
    odd = Event(SIGHTS, 0, room.said[0].id, "answer", 0, "odd", b"\x91\x01", volatile=True)
    room.polls["a"].hear(odd)

    seen = await asking

    assert ([sight.node for sight in seen.sights], seen.silent) == (["a", "b"], ("odd",))


async def test_one_answer_may_be_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks for one thing does not wait for nodes that have nothing to say."""
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 3_600.0)
    room = Room("a", "b", "old", deaf=["old"])
    room.polls["b"].answer("?stats", lambda question: question[::-1])

    polled = await room.polls["a"].ask("?stats", b"ab", lambda answer: answer == b"ba")

    assert (polled.answers, polled.silent) == ({"b": b"ba"}, ("old",))


def test_a_node_hears_questions_from_its_start() -> None:
    """Before it can answer: what is asked meanwhile is asked of who is there."""
    assert Room("a").heard == [*TOPICS]
