"""To which trace a client's requests belong."""

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import use_span

from hub_client import AsyncMCPClient, MCPClient, traced

SAID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CONTRACT = {"contract_id": "c", "location": "Mumbai", "status": "active", "timestamp": "t"}


class Wire:
    """Notes the traceparent of every request; answers with an empty object."""

    def __init__(self) -> None:
        self.said: list[str | None] = []
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.said.append(request.headers.get("traceparent"))
        return httpx.Response(200, json={})


def send(wire: Wire) -> None:
    """Send what publishes: a contract, an upload, a definition."""
    with MCPClient("http://hub", http_transport=wire.transport) as client:
        client.send_contract(CONTRACT)
        client.jobs.upload_artifact("j", "a.txt", b"text")
        client.define_channel("orders")


def test_what_is_sent_meanwhile_belongs_to_the_trace() -> None:
    """And what is sent afterwards does not."""
    wire = Wire()
    with traced(SAID):
        send(wire)
    send(wire)

    assert wire.said == [SAID] * 3 + [None] * 3


async def test_an_asyncio_client_says_it_too() -> None:
    """Each task says its own."""
    wire = Wire()
    async with AsyncMCPClient("http://hub", http_transport=wire.transport) as client:
        with traced(SAID):
            await client.send_contract(CONTRACT)
        await client.send_contract(CONTRACT)

    assert wire.said == [SAID, None]


def test_the_span_of_opentelemetry_is_taken_by_itself() -> None:
    """A program that uses OpenTelemetry has nothing to do; what it says itself goes before."""
    wire = Wire()
    span = TracerProvider().get_tracer("test").start_span("work")
    context = span.get_span_context()
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    with use_span(span, end_on_exit=True):
        send(wire)
        with traced(SAID):
            send(wire)

    assert wire.said == [expected] * 3 + [SAID] * 3


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("nonsense", id="no traceparent"),
        pytest.param(f"{SAID}\r\nX-Evil: 1", id="a second header"),
        pytest.param(f"{SAID[:-1]}é", id="no ASCII"),
    ],
)
def test_what_is_no_traceparent_is_not_sent(wrong: str | None) -> None:
    """It comes from other people's requests, and is no reason to fail."""
    wire = Wire()
    with traced(wrong):
        send(wire)

    assert wire.said == [None] * 3


def test_traces_lie_in_each_other() -> None:
    """The inner one holds inside, the outer one again after it."""
    wire, other = Wire(), SAID.replace("4bf9", "aaaa")
    with MCPClient("http://hub", http_transport=wire.transport) as client, traced(SAID):
        with traced(other):
            client.send_contract(CONTRACT)
        client.send_contract(CONTRACT)

    assert wire.said == [other, SAID]


def test_what_became_of_an_event_can_be_asked() -> None:
    """Its id is one part of the address, whatever is in it."""
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={"id": "an/id"})

    transport = httpx.MockTransport(answer)
    with MCPClient("http://hub", http_transport=transport) as client:
        told = client.trace("an/id")

    assert (told, asked) == ({"id": "an/id"}, [b"/api/events/an%2Fid/trace"])
