"""What OpenTelemetry is told, through its own SDK."""

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from hub.errors import Conflict
from hub.model.event import Event
from hub.realtime.watch import Watch
from hub.services.publisher import Publisher
from hub.telemetry import exporting
from hub.telemetry.journal import Journal
from hub.telemetry.otel import OtelSpans
from hub.telemetry.traceparent import INCOMING, TraceParent
from support.clocks import FakeClock
from support.realtime import FakeNode, MemoryEvents, SlowSocket, command
from support.units import refused, unit
from support.use_cases import UseCases, open_use_cases

SAID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = f"{SAID[:-2]}00"


class Told(NamedTuple):
    """Where spans go, and what has come there."""

    spans: OtelSpans
    exporter: InMemorySpanExporter

    def finished(self) -> Sequence[ReadableSpan]:
        """Return the spans that have ended."""
        return self.exporter.get_finished_spans()


@pytest.fixture
def told() -> Told:
    """A collector in memory."""
    exporter = InMemorySpanExporter()
    return Told(OtelSpans("n1", SimpleSpanProcessor(exporter)), exporter)


@pytest.fixture
def incoming() -> Iterator[None]:
    """A request with a traceparent."""
    before = INCOMING.set(SAID)
    yield
    INCOMING.reset(before)


@pytest.fixture
async def use_cases(tmp_path: Path) -> AsyncIterator[UseCases]:
    """A log to publish to."""
    opened = await open_use_cases(tmp_path)
    yield opened
    await opened.publisher.close()
    await opened.log.close()


def parent_of(span: ReadableSpan) -> str:
    """Return the id of the step above."""
    return "" if span.parent is None else f"{span.parent.span_id:016x}"


def trace_of(span: ReadableSpan) -> str:
    """Return the traceparent of a span."""
    assert span.context is not None
    ids = f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"
    return str(TraceParent(*ids, span.context.trace_flags))


async def published(use_cases: UseCases, told: Told) -> Sequence[Event]:
    """Publish one unit with spans, and return its events."""
    events: list[Event] = []
    publisher = Publisher(use_cases.log, events.extend, max_waiting=10, spans=told.spans)
    await publisher.submit(unit())
    await publisher.close()
    return events


@pytest.mark.usefixtures("incoming")
async def test_a_publish_is_a_step_of_the_request_and_above_what_follows(
    use_cases: UseCases, told: Told
) -> None:
    """Its span lies below the caller's, and its event carries the span, not the caller's."""
    (event,) = await published(use_cases, told)

    (span,) = told.finished()
    assert (span.name, parent_of(span)) == ("publish", "00f067aa0ba902b7")
    assert event.trace == trace_of(span)
    assert event.trace.split("-")[1] == SAID.split("-")[1]
    assert span.attributes is not None
    assert (span.attributes["hub.channel"], span.attributes["hub.offset"]) == ("contracts", 1)


async def test_a_request_without_a_trace_begins_one(use_cases: UseCases, told: Told) -> None:
    """Where traces are exported, every event belongs to one."""
    (event,) = await published(use_cases, told)

    (span,) = told.finished()
    assert (span.parent, event.trace) == (None, trace_of(span))


async def test_a_caller_that_records_nothing_is_followed(use_cases: UseCases, told: Told) -> None:
    """Then nothing is exported, and the event carries what the caller said."""
    before = INCOMING.set(UNSAMPLED)
    (event,) = await published(use_cases, told)
    INCOMING.reset(before)

    assert (told.finished(), event.trace) == ((), UNSAMPLED)


async def test_a_refusal_is_a_step_that_failed(use_cases: UseCases, told: Told) -> None:
    """It has the word of the error, as in the answer."""
    publisher = Publisher(use_cases.log, lambda _events: None, max_waiting=10, spans=told.spans)
    with pytest.raises(Conflict):
        await publisher.submit(refused())
    await publisher.close()

    (span,) = told.finished()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "conflict"


class Scene:
    """A node whose deliveries are told, with clients of jobs."""

    def __init__(self, told: Told) -> None:
        self.node = FakeNode(MemoryEvents())
        self.node.fanout.watch = Watch(Journal(FakeClock()), told.spans)

    def tell(self, *traces: str) -> None:
        """Commit events with these traces, and write them in one go."""
        events = [
            Event("jobs", e.offset, e.id, e.type, e.at_us, e.owner, e.data, trace=trace)
            for trace in traces
            for e in [self.node.log.append("jobs")]
        ]
        self.node.fanout.watch.coming(events)
        self.node.fanout.deliver(events)
        self.node.settle()


def test_a_delivery_of_one_event_is_a_step_of_its_trace(told: Told) -> None:
    """It says to how many sockets it went."""
    scene = Scene(told)
    for _ in range(2):
        scene.node.connect(SlowSocket(), ["jobs"])
    scene.tell(SAID)

    (span,) = told.finished()
    assert (span.name, parent_of(span)) == ("deliver", "00f067aa0ba902b7")
    assert span.attributes is not None
    assert (span.attributes["hub.clients"], span.attributes["hub.events"]) == (2, 1)


def test_a_delivery_of_several_is_one_span_with_links(told: Told) -> None:
    """None of their traces is above the others."""
    scene = Scene(told)
    scene.node.connect(SlowSocket(), ["jobs"])
    other = str(TraceParent.new())
    scene.tell(SAID, "", UNSAMPLED, other)

    (span,) = told.finished()
    linked = [f"{link.context.span_id:016x}" for link in span.links]
    assert linked == [SAID.split("-")[2], other.split("-")[2]]
    assert span.parent is None


def test_a_delivery_without_a_recorded_trace_is_not_told(told: Told) -> None:
    """A hub that is busy with what nobody traces exports nothing."""
    scene = Scene(told)
    scene.node.connect(SlowSocket(), ["jobs"])
    scene.tell("", UNSAMPLED)

    assert told.finished() == ()


def test_a_catch_up_lasts_until_the_client_is_live(told: Told) -> None:
    """It says how far behind the client was; one that was not behind has none."""
    scene = Scene(told)
    scene.tell("", "", "")
    socket = SlowSocket(capacity=1)
    _, session = scene.node.connect(socket, [])
    session.receive(command(type="subscribe", channel="jobs", since="e1:3"))
    assert told.finished() == ()
    session.receive(command(type="subscribe", channel="jobs", since="e1:1"))
    before = told.finished()
    for _ in range(4):
        socket.drain()
        scene.node.settle()

    (span,) = told.finished()
    assert (before, span.name, span.status.status_code) == ((), "recover", StatusCode.UNSET)
    assert span.attributes is not None
    assert (span.attributes["hub.channel"], span.attributes["hub.behind"]) == ("jobs", 2)


def test_a_client_that_leaves_ends_its_catch_up(told: Told) -> None:
    """As one that did not succeed."""
    scene = Scene(told)
    scene.tell("", "", "")
    socket = SlowSocket()
    connection, session = scene.node.connect(socket, [])
    socket.capacity = 1
    session.receive(command(type="subscribe", channel="jobs", since="e1:1"))
    connection.lost()

    (span,) = told.finished()
    assert span.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize(
    "environ",
    [
        pytest.param({}, id="nothing is said"),
        pytest.param({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, id="an empty address"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, id="disabled"
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"},
            id="no traces",
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            id="by a protocol that we do not speak",
        ),
    ],
)
def test_nobody_is_told_who_did_not_ask(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """The standard variables decide, and a hub without a collector starts all the same."""
    for name in (*exporting.ENDPOINTS, *exporting.PROTOCOLS):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert exporting.open_spans("n1") is None


def test_a_hub_without_the_extra_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says in its log what to install."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "hub.telemetry.otel", None)

    assert exporting.open_spans("n1") is None
