"""The edge: one translation of errors, one line a request, and no word of our faults."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from hub import errors
from hub.auth.admission import Rules
from hub.auth.authentication import Authentication
from hub.clock import SystemClock
from hub.errors import FieldError, HubError, NotFound
from hub.limits.gate import Gate, Rates
from hub.model.scope import PUBLIC
from hub.realtime.drain import Drain
from hub.telemetry.logging import logger
from hub.telemetry.requests import Requests
from hub.transports.http import body as body_module
from hub.transports.http.answer import Answer
from hub.transports.http.call import Call
from hub.transports.http.edge import Edge
from hub.transports.http.route import Route
from support.log_lines import logging_to, written
from support.notes import an_auditor
from support.raw_http import chunked, send
from support.running import CONTRACT, RunningHub, running_hub

pytestmark = pytest.mark.asyncio(loop_scope="module")

Resource = Callable[[Call], Awaitable[ASGIApp]]
SECRET = "correct horse battery staple"  # noqa: S105 no secret of anybody


async def no_pages(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Have none."""
    raise NotFound("expected an address of the hub")


TEXTS = msgspec.json.Decoder(dict[str, str])


def edge(resource: Resource, *, stopping: bool = False) -> Edge:
    """Return an edge with one address, `/thing`; perhaps of a hub that stops."""
    drain = Drain(list, Random(1))  # noqa: S311 no secret
    drain.begun = stopping
    routes = [Route(method, "/thing", PUBLIC, resource, "", None) for method in ("GET", "POST")]
    rules = Rules(open_mode=True, origins=frozenset())
    return Edge(
        routes,
        rules=rules,
        authentication=Authentication((), SystemClock(), required=False),
        gate=Gate(Rates(), SystemClock()),
        drain=drain,
        log=logger("http"),
        auditor=an_auditor(),
        max_body=100,
        pages=no_pages,
        requests=Requests(),
    )


async def ask(resource: Resource, method: str = "GET", **request: Any) -> httpx.Response:
    """Send a request to an edge with that resource."""
    transport = httpx.ASGITransport(edge(resource))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, "/thing", **request)


def failing(failure: Exception) -> Resource:
    """Return a resource that fails like that."""

    async def fail(_call: Call) -> ASGIApp:
        raise failure

    return fail


def every_error() -> list[HubError]:
    """Return one of each class of the tree."""
    made: dict[str, Callable[[], HubError]] = {
        "InvalidFields": lambda: errors.InvalidFields([FieldError("$.a", "a text", "1")]),
        "UnknownStatus": lambda: errors.UnknownStatus([FieldError("$.status", "DONE", '"x"')]),
        "IllegalTransition": lambda: errors.IllegalTransition("expected x", legal_next=("DONE",)),
        "MethodNotAllowed": lambda: errors.MethodNotAllowed("expected GET", allowed=("GET",)),
        "RangeNotSatisfiable": lambda: errors.RangeNotSatisfiable("expected less", size=5),
    }
    classes = [HubError]
    for one in classes:
        classes += one.__subclasses__()
    return [made.get(one.__name__, lambda one=one: one("expected a, got b"))() for one in classes]


@pytest.mark.parametrize("failure", every_error(), ids=lambda failure: type(failure).__name__)
async def test_every_error_has_one_form(failure: HubError) -> None:
    """RFC 9457: status, title, code and the address of its page; Retry-After where it helps."""
    answer = await ask(failing(failure))

    told = answer.json()
    assert answer.status_code == failure.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (told["status"], told["code"]) == (failure.status, failure.code)
    assert told["type"] == f"/docs/errors/{failure.code}"
    assert (told["detail"], bool(told["title"])) == (str(failure), True)
    assert ("retry-after" in answer.headers) == (failure.retry_after_s is not None)
    if failure.status == 503:
        assert int(answer.headers["retry-after"]) >= 1


async def test_a_bug_is_a_plain_internal_error() -> None:
    """The caller hears that we failed, and nothing of how; the log has it once."""
    stream = io.StringIO()
    with logging_to(stream):
        answer = await ask(failing(KeyError(SECRET)))

    lines = await written(stream)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert SECRET not in answer.text
    assert [line["event"] for line in lines] == ["request failed", "request"]
    assert ["exception" in line for line in lines] == [True, False]
    assert (lines[1]["status"], lines[1]["code"], lines[1]["level"]) == (500, "internal", "error")


async def test_a_bug_after_the_answer_began_ends_the_connection() -> None:
    """Half an answer must not look like a whole one: the server hears of the fault."""

    class Breaks:
        async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise errors.JobNotFound(SECRET)

    async def resource(_call: Call) -> ASGIApp:
        return Breaks()

    with pytest.raises(errors.JobNotFound):
        await ask(resource)


async def test_a_request_is_one_wide_line() -> None:
    """Method, path, status, time, principal; never the query, a header or the body."""
    stream = io.StringIO()

    async def resource(call: Call) -> ASGIApp:
        await call.json(TEXTS)
        return Answer(b"{}")

    with logging_to(stream):
        await ask(
            resource, "POST", json={"password": SECRET}, params={"token": SECRET},
            headers={"Authorization": f"Bearer {SECRET}", "Idempotency-Key": SECRET},
        )  # fmt: skip

    (line,) = await written(stream)
    assert line.pop("ms") >= 0
    assert line.pop("timestamp")
    assert line == {
        "part": "http", "event": "request", "level": "info", "principal": "nobody",
        "method": "POST", "path": "/thing", "status": 200,
    }  # fmt: skip
    assert SECRET not in stream.getvalue()


async def test_a_refusal_is_logged_with_its_code() -> None:
    """As business as usual, not as an error of ours."""
    stream = io.StringIO()
    with logging_to(stream):
        await ask(failing(errors.JobNotFound("expected a job")))

    (line,) = await written(stream)
    assert (line["status"], line["code"], line["level"]) == (404, "E_JOB_NOT_FOUND", "info")


async def test_what_came_round_is_no_error_of_ours() -> None:
    """Its status is of the 500s, and any stranger can bring it about with a header."""
    stream = io.StringIO()
    with logging_to(stream):
        await ask(failing(NotFound("")), headers={"Hub-Hop": "1"})

    (line,) = await written(stream)
    assert (line["status"], line["code"], line["level"]) == (508, "loop_detected", "info")


async def test_a_stranger_has_no_principal_in_the_log() -> None:
    """Who is refused at the door was never let in as anybody."""
    stream = io.StringIO()
    with logging_to(stream):
        await ask(failing(NotFound("")), headers={"Host": "evil.example"})

    (line,) = await written(stream)
    assert (line["code"], "principal" in line) == ("foreign_host", False)


async def test_a_path_cannot_paint_the_terminal(tmp_path: Path) -> None:
    """Control characters of an address are shown, not sent to who reads the log."""
    stream = io.StringIO()
    with logging_to(stream):
        async with running_hub(tmp_path) as hub:
            await send(hub.url, "GET /%1b%5b2J%0aforged")
            await send(hub.url, f"GET /{'x' * 5_000}")

    strange, long = [line for line in await written(stream) if line["event"] == "request"]
    assert strange["path"] == "/\\x1b[2J\\nforged"
    assert len(long["path"]) == 200


async def cut_off(sent: list[Any], *, stopping: bool) -> None:
    """Ask for what never ends, and let it be cancelled."""
    begun = asyncio.Event()

    async def never(_call: Call) -> ASGIApp:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def nothing() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def collect(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/thing", "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }  # fmt: skip
    asked = edge(never, stopping=stopping)(scope, nothing, collect)
    task = asyncio.create_task(asked)
    await begun.wait()
    task.cancel()
    await task


async def test_a_request_that_a_stop_cuts_off_is_told_that_its_outcome_is_unknown() -> None:
    """Not 500: the same request with the same key settles it."""
    sent: list[Any] = []

    await cut_off(sent, stopping=True)

    start, body = sent
    assert start["status"] == 503
    assert msgspec.json.decode(body["body"])["code"] == "outcome_unknown"


async def test_a_request_that_is_cancelled_otherwise_is_not_answered() -> None:
    """Whoever cancels it knows."""
    sent: list[Any] = []

    with pytest.raises(asyncio.CancelledError):
        await cut_off(sent, stopping=False)

    assert sent == []


async def test_a_client_that_left_is_no_fault_of_ours() -> None:
    """The end of the connection in the middle of a body is a refusal nobody reads."""
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    async def collect(message: Any) -> None:
        sent.append(message)

    async def resource(call: Call) -> ASGIApp:
        await call.json(TEXTS)
        raise AssertionError

    scope = {
        "type": "http", "method": "POST", "path": "/thing", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"),
                    (b"content-length", b"9")],
    }  # fmt: skip
    stream = io.StringIO()
    with logging_to(stream):
        await edge(resource)(scope, receive, collect)

    (line,) = await written(stream)
    assert (line["code"], line["level"]) == ("connection_ended", "info")


@pytest.mark.parametrize("with_length", [True, False])
async def test_a_refusal_reaches_a_client_that_is_still_sending(
    hub: RunningHub, with_length: bool  # noqa: FBT001 both ways of sending
) -> None:  # fmt: skip
    """The whole body passes before the connection ends, else a reset would eat the answer."""
    body = b"x" * 8_000_000
    header = f"Content-Length: {len(body)}" if with_length else "Transfer-Encoding: chunked"
    parts = urlsplit(hub.url)
    head = f"POST /update HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{header}\r\n\r\n"
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)

    writer.write(head.encode() + (body if with_length else chunked(body)))
    await writer.drain()
    answer = await reader.read()

    writer.close()
    assert answer.startswith(b"HTTP/1.1 415")
    assert b"unsupported_media_type" in answer


async def test_a_refusal_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that promised a body and sends none is let go after a moment."""
    monkeypatch.setattr(body_module, "LINGER_S", 0.001)
    ended: list[Any] = []

    async def never() -> Any:
        await asyncio.Event().wait()

    async def collect(message: Any) -> None:
        ended.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/nowhere", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-length", b"9")],
    }  # fmt: skip
    await edge(failing(NotFound("")))(scope, never, collect)

    assert [message.get("more_body") for message in ended] == [None, True, None]


async def test_an_answer_to_head_has_no_body(http: httpx.AsyncClient) -> None:
    """HEAD is GET without the body, on every address that can be read."""
    head = await http.head("/health")

    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 0


async def test_other_work_goes_on_after_a_refusal_on_the_same_connection(
    http: httpx.AsyncClient,
) -> None:
    """A connection that carried a refusal carries the next request."""
    refused = await http.post("/update", json={})
    taken = await http.post("/update", json=CONTRACT)

    assert (refused.status_code, taken.status_code) == (422, 200)


@pytest.mark.parametrize("path", ["/update", "/api/jobs", "/api/channels/a/events", "/", "/health"])
async def test_a_webhook_of_a_hub_is_refused(http: httpx.AsyncClient, path: str) -> None:
    """Taken as an update it might come back as a webhook, and again, for ever."""
    answer = await http.post(path, json=CONTRACT, headers={"Hub-Hop": "1"})

    assert (answer.status_code, answer.json()["code"]) == (508, "loop_detected")


async def test_the_hubs_own_receiver_is_no_loop(http: httpx.AsyncClient) -> None:
    """What comes there becomes no event."""
    answer = await http.post("/webhook/anna", content=b"{}", headers={"Hub-Hop": "1"})

    assert answer.status_code != 508
