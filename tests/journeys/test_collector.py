"""Spans on their way to a collector: OTLP over HTTP, as the standard variables name it."""

import asyncio
import json
import threading
from pathlib import Path

import httpx
import pytest
import websockets
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hub.telemetry.otel import EXPORTER
from support.running import CONTRACT, running_hub

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Collector:
    """Takes what is exported.

    Attributes:
        answers: False: it takes everything and says nothing.
    """

    def __init__(self, *, answers: bool = True) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.answers = answers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                assert head.startswith(b"post /v1/traces ")
                self.requests.append(ExportTraceServiceRequest.FromString(body))
                if self.answers:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.mark.parametrize("answers", [True, False], ids=["that answers", "that hangs"])
async def test_a_collector_gets_what_happened_before_the_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, answers: bool
) -> None:
    """One that hangs does not hold up the stop; the trace in the event leads to the span."""
    collector = Collector(answers=answers)
    server = await asyncio.start_server(collector.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    async with server, asyncio.timeout(30):
        async with (
            running_hub(tmp_path) as hub,
            httpx.AsyncClient(base_url=hub.url) as http,
            websockets.connect(f"{hub.ws}?channels=contracts") as socket,
        ):
            await http.post("/update", json=CONTRACT, headers={"traceparent": PARENT})
            while "data" not in (event := json.loads(await socket.recv())):
                continue
        while not collector.requests:  # noqa: ASYNC110 the exporter's thread decides
            await asyncio.sleep(0.01)
        # It goes on behind the stop until it has given up; its sockets are not the next test's.
        for thread in threading.enumerate():
            if thread.name == EXPORTER:
                await asyncio.to_thread(thread.join)

    (resource,) = collector.requests[0].resource_spans
    named = {one.key: one.value.string_value for one in resource.resource.attributes}
    spans = {span.name: span for scope in resource.scope_spans for span in scope.spans}
    trace_id, publish_id = event["trace"].split("-")[1:3]
    assert named["service.name"] == "hub"
    assert spans.keys() == {"publish", "deliver"}
    assert spans["publish"].parent_span_id.hex() == "00f067aa0ba902b7"
    assert (spans["publish"].trace_id.hex(), trace_id) == (PARENT.split("-")[1],) * 2
    assert spans["publish"].span_id.hex() == publish_id
    assert spans["deliver"].parent_span_id.hex() == publish_id
