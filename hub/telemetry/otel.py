"""Spans through OpenTelemetry's SDK; see `spans` for what they are. Needs the extra `otel`.

The provider is our own, never the global one: what a program around the hub traces is its business.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterable

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span as Recorded,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from hub import __version__
from hub.telemetry.spans import Facts
from hub.telemetry.traceparent import TraceParent

CLOSE_WITHIN_S = 1.0
# The thread that waits for the last of it.
EXPORTER = "traces-exporter"
# What the specification allows a span at most.
MAX_LINKS = 128
_NOTHING = Context()


class OtelSpan:
    """A step that has begun; see `spans.Span`."""

    __slots__ = ("_span",)

    def __init__(self, span: Recorded) -> None:
        self._span = span

    @property
    def trace(self) -> str:
        """Return its traceparent; empty where it is not recorded."""
        context = self._span.get_span_context()
        if not context.trace_flags.sampled:
            return ""
        ids = f"{context.trace_id:032x}", f"{context.span_id:016x}"
        return str(TraceParent(*ids, context.trace_flags))

    def end(self, facts: Facts | None = None, *, failure: str = "") -> None:
        """End it."""
        if facts:
            self._span.set_attributes(dict(facts))
        if failure:
            self._span.set_attribute("error.type", failure)
            self._span.set_status(StatusCode.ERROR, failure)
        self._span.end()


class OtelSpans:
    """Records spans and sends them in batches, from a thread of the SDK's; see `spans.Spans`.

    Args:
        node: Name of this node.
        processor: Gets what has ended; else the exporter that OTEL_* variables describe.
    """

    def __init__(self, node: str, processor: SpanProcessor | None = None) -> None:
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before these.
        known = {"service.version": __version__, "service.instance.id": node}
        resource = Resource(known).merge(Resource.create())
        if str(resource.attributes.get("service.name")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": "hub"}))
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("hub", __version__)

    def publish(self, trace: str) -> OtelSpan:
        """Begin a publish, in the trace of the request or in one of its own."""
        return OtelSpan(self._tracer.start_span("publish", _below(trace), SpanKind.SERVER))

    def deliver(self, began_us: int, traces: Iterable[str], facts: Facts) -> None:
        """Tell of a write to many sockets, if the trace of one of its events is recorded.

        Alone, it stands in that event's own trace; several are linked.
        """
        known = (TraceParent.parse(trace) for trace in traces)
        recorded = [str(trace) for trace in known if trace is not None and trace.is_sampled]
        if not recorded:
            return
        alone = recorded[0] if len(recorded) == 1 else ""
        links = [Link(_context(trace)) for trace in recorded[:MAX_LINKS]]
        span = self._tracer.start_span(
            "deliver",
            _below(alone),
            SpanKind.PRODUCER,
            {**facts, "hub.events": len(recorded)},
            () if alone else links,
            start_time=began_us * 1000,
        )
        span.end(time.time_ns())

    def recover(self, facts: Facts) -> OtelSpan:
        """Begin a catch-up."""
        return OtelSpan(self._tracer.start_span("recover", _NOTHING, attributes=dict(facts)))

    async def close(self) -> None:
        """Tell what has not been told yet, for a second at most."""
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def shut() -> None:
            self._provider.shutdown()
            with contextlib.suppress(RuntimeError):  # nobody waits any more
                loop.call_soon_threadsafe(done.set)

        # A daemon: a collector that does not answer must not hold up the end of the process.
        threading.Thread(target=shut, name=EXPORTER, daemon=True).start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await done.wait()


def _below(trace: str) -> Context:
    """Return the context of a step below a traceparent; an empty one begins a trace."""
    return set_span_in_context(NonRecordingSpan(_context(trace)), _NOTHING) if trace else _NOTHING


def _context(trace: str) -> SpanContext:
    known = TraceParent.parse(trace)
    if known is None:
        raise ValueError(f"expected a traceparent, got {trace[:80]!r}")
    flags = TraceFlags(known.flags)
    return SpanContext(
        int(known.trace_id, 16), int(known.span_id, 16), is_remote=True, trace_flags=flags
    )
