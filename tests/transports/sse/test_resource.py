"""Who is let in to a stream, and how those are told who are not let in now."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from hub.app import create
from hub.auth.admission import read_door
from hub.auth.turnstile import Limits
from hub.errors import ChannelNotFound, ConnectionLimit, HubError, LogUnavailable
from hub.model.principal import ANONYMOUS
from hub.model.unit import Head
from hub.settings import Settings
from hub.transports.http.body import Body
from hub.transports.http.call import Call
from hub.transports.server import Application
from hub.transports.sse.answer import EventStream
from hub.transports.sse.resource import EventsResource, Told
from support.seats import House
from support.sse import events

BUSY = Limits(per_address=1)


async def asked(house: House, query: str = "", method: str = "GET") -> tuple[Any, dict[str, Any]]:
    """Ask for a stream; return the answer and its line in the log."""
    line: dict[str, Any] = {}
    scope = {
        "method": method,
        "path": "/api/events",
        "query_string": query.encode(),
        "headers": [],
        "client": ("192.0.2.1", 5000),
        "hub.line": line,
    }
    call = Call(scope, Body([], _never), ANONYMOUS, read_door([]), 100)
    return await EventsResource(house.streams).events(call), line


async def told(answer: Any) -> bytes:
    """Return what an answer that ends at once tells, which must have status 200."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    assert isinstance(answer, Told)
    await answer({}, _never, send)
    assert sent[0]["status"] == 200
    assert (b"content-type", b"text/event-stream") in sent[0]["headers"]
    body: bytes = sent[1]["body"]
    return body


async def _never() -> Any:
    await asyncio.Event().wait()


async def test_a_principal_that_has_its_streams_gets_no_more() -> None:
    """No time heals that, so it is said with a status that EventSource does not come back from."""
    house = House(Limits(per_principal=1))
    answer, _ = await asked(house)
    assert isinstance(answer, EventStream)
    house.streams._turnstile.entered("192.0.2.2", "anonymous")

    with pytest.raises(ConnectionLimit):
        await asked(house)


@pytest.mark.parametrize("query", ["", "since=e;jobs=4"], ids=["new", "with a position"])
async def test_who_is_too_many_is_told_in_a_stream(query: str) -> None:
    """EventSource would never come back after a 429; its position is not taken from it."""
    house = House(BUSY)
    house.streams._turnstile.entered("192.0.2.1")

    answer, line = await asked(house, query)

    text = await told(answer)
    (event,) = events(text)
    assert (event.type, event.json["code"]) == ("error", "too_many_connections")
    assert (event.json["status"], event.id) == (429, query.removeprefix("since="))
    assert int(text.split(b"\n")[0].removeprefix(b"retry: ")) >= 5_000
    assert line["code"] == "too_many_connections"


async def test_a_hub_that_goes_says_so_in_a_stream() -> None:
    """With a time of its own for each, as sockets get."""
    house = House()
    house.drain.begin()

    texts = [await told((await asked(house))[0]) for _ in range(5)]

    assert {events(text)[0].json["code"] for text in texts} == {"draining"}
    assert len({text.split(b"\n")[0] for text in texts}) > 1


async def test_a_log_that_cannot_be_asked_is_told_in_a_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A channel that this node does not know is looked up; that may work the next time."""

    async def broken(_channel: str) -> Head:
        raise LogUnavailable("expected a disk")

    house = House()
    monkeypatch.setattr(house.questions, "head", broken)

    text = await told((await asked(house, "channels=orders"))[0])

    assert text.startswith(b"retry: 2000\n")
    assert events(text)[0].json["code"] == "log_unavailable"


async def test_a_channel_that_another_node_has_just_made_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log knows it before the news of it come."""

    async def head(channel: str) -> Head | None:
        return Head(3, 1) if channel == "orders" else None

    house = House()
    monkeypatch.setattr(house.questions, "head", head)

    answer, _ = await asked(house, "channels=orders")
    with pytest.raises(ChannelNotFound, match=r"expected some of .*orders.*, got 'other'"):
        await asked(house, "channels=orders,other")

    assert isinstance(answer, EventStream)
    assert house.fanout.feeds["orders"].head == 3


async def test_head_counts_nobody_and_is_refused_plainly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It begins no stream, so it is not one too many, and a refusal is a status."""

    async def broken(_channel: str) -> Head:
        raise LogUnavailable("expected a disk")

    house = House(BUSY)
    house.streams._turnstile.entered("192.0.2.1")

    answer, _ = await asked(house, method="HEAD")
    monkeypatch.setattr(house.questions, "head", broken)
    with pytest.raises(HubError, match="disk"):
        await asked(house, "channels=orders", method="HEAD")

    assert await told(answer) == b""


def test_a_stream_runs_in_a_test_client(tmp_path: Path) -> None:
    """In one process with its test, until the hub goes."""
    node = create(Settings(database_url=f"sqlite:///{tmp_path}/hub.db"))
    with TestClient(Application(node), base_url="http://localhost") as client:
        portal = cast("Any", client).portal
        stopping = portal.start_task_soon(_stop_when_somebody_listens, node)
        answer = client.get("/api/events?channels=jobs")
        stopping.result(5)

    found = [event.type for event in events(answer.content)]
    assert (answer.status_code, found) == (200, ["welcome", "subscribed", "error"])


async def _stop_when_somebody_listens(node: Any) -> None:
    while not node.connections:  # noqa: ASYNC110 nobody tells of a client
        await asyncio.sleep(0.001)
    await node.drain.run(0)
