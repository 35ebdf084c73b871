"""Hostile input on every route: a clear 4xx, never a 500, and the log unchanged."""

import asyncio
import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from hub.transports.http.faults import MAX_DEPTH
from support.raw_http import RawAnswer, chunked, send
from support.route_table import all_routes, filled
from support.running import RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = "Content-Type: application/json"
ROUTES = all_routes()
TAKERS = [f"{route.method} {filled(route.path)}" for route in ROUTES if route.body is not None]
# Who can do without a body takes an empty one for none.
NEEDING = [
    f"{route.method} {filled(route.path)}"
    for route in ROUTES
    if route.body is not None and route.needs_body
]
KEYED = [
    f"POST {filled(route.path)}"
    for route in ROUTES
    if route.method == "POST" and route.body is not None and route.keyed
]
ADDRESSES = sorted({filled(route.path) for route in ROUTES})
LIMIT = 1024 * 1024


class Sent(NamedTuple):
    """What a hostile client sends, and what it is told."""

    body: bytes
    status: int = 400
    code: str = "malformed_body"


def deep(levels: int, inner: bytes = b"") -> bytes:
    """Return lists in lists."""
    return b"[" * levels + inner + b"]" * levels


BODIES = {
    "nothing": Sent(b""),
    "a word": Sent(b"hello"),
    "half an object": Sent(b'{"status": "RUNN'),
    "two objects": Sent(b"{}{}"),
    "single quotes": Sent(b"{'status': 'RUNNING'}"),
    "a comment": Sent(b"{} // yes"),
    "a trailing comma": Sent(b'{"status": "RUNNING",}'),
    "a byte order mark": Sent(b"\xef\xbb\xbf{}"),
    "UTF-16": Sent("{}".encode("utf-16")),
    "Latin-1": Sent(b'{"message": "\xe4"}'),
    "an overlong encoding": Sent(b'{"message": "\xc0\xaf"}'),
    "an encoded surrogate": Sent(b'{"message": "\xed\xa0\x80"}'),
    "a lone surrogate": Sent(b'{"message": "\\ud800"}'),
    "half of a pair as key": Sent(b'{"\\udc00": 1}'),
    "a raw NUL": Sent(b'{"message": "a\x00b"}'),
    "an escaped NUL": Sent(b'{"status": "\\u0000"}'),
    "an escaped NUL as key": Sent(b'{"\\u0000": 1}'),
    "an escaped NUL far inside": Sent(b'{"input_data": {"a": [{"b": "\\u0000"}]}}'),
    "not a number": Sent(b'{"input": NaN}'),
    "infinity": Sent(b'{"input": Infinity}'),
    "1e999": Sent(b'{"input": 1e999}'),
    "an integer over 64 bits": Sent(b'{"input": 18446744073709551616}'),
    "an integer below 64 bits": Sent(b'{"input": -9223372036854775809}'),
    "an integer of ten thousand digits": Sent(b'{"input": ' + b"9" * 10_000 + b"}"),
    "200,000 brackets": Sent(b"[" * 200_000),
    "200,000 brackets, closed": Sent(deep(200_000)),
    "200,000 braces": Sent(b'{"a":' * 100_000),
    "deeper than Python goes, inside a field": Sent(b'{"input": ' + deep(990) + b"}"),
    "one level too deep": Sent(b'{"input": ' + deep(MAX_DEPTH) + b"}"),
    "a NUL, deep": Sent(b'{"input": ' + deep(400, b'"\\u0000"') + b"}"),
    "a list": Sent(b"[[]]", 422, "validation_failed"),
    "null": Sent(b"null", 422, "validation_failed"),
    "a text": Sent(b'"text"', 422, "validation_failed"),
    "a number": Sent(b"0", 422, "validation_failed"),
    "an unknown field": Sent(b'{"__proto__": {}}', 422, "validation_failed"),
    "a huge unknown name": Sent(b'{"%b": 1}' % (b"x" * 500_000), 422, "validation_failed"),
    "a huge unknown text": Sent(b'{"y": "%b"}' % (b"x" * 500_000), 422, "validation_failed"),
    "fifty thousand unknown fields": Sent(
        json.dumps({f"x{n}": n for n in range(50_000)}).encode(), 422, "validation_failed"
    ),
    "one byte over the limit": Sent(b'"%b"' % (b"x" * (LIMIT - 1)), 413, "body_too_large"),
}


def check(answer: RawAnswer, status: int, code: str) -> Any:
    """Hold a refusal to the form that all have."""
    problem = answer.json()
    assert (answer.status, problem["code"]) == (status, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"/docs/errors/{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert "expected" in problem["detail"]
    assert len(answer.body) < 20_000
    for fault in problem.get("errors", ()):
        assert fault["expected"]
        assert 0 < len(fault["got"]) <= 80
        assert len(fault["field"]) <= 120
    return problem


async def heads(hub: RunningHub) -> Any:
    """Return where every channel ends."""
    return (await hub.node._log.state()).heads


@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_body_is_refused_everywhere(hub: RunningHub, name: str) -> None:
    """Every route that reads JSON says what it expected, and nothing is committed."""
    body, status, code = BODIES[name]
    before = await heads(hub)

    for taker in TAKERS if body else NEEDING:
        length = f"Content-Length: {len(body)}"
        answer = await send(hub.url, taker, JSON, length, body=body)
        check(answer, status, code)

    assert await heads(hub) == before


async def test_exactly_as_deep_as_allowed_is_taken(hub: RunningHub) -> None:
    """The limit is what fits: such a job can be created, read and listed."""
    body = b'{"input_data": {"a": ' + deep(MAX_DEPTH - 2, b"1") + b"}}"

    created = await send(hub.url, "POST /api/jobs", JSON, f"Content-Length: {len(body)}", body=body)
    path = f"/api/jobs/{created.json()['job_id']}"
    read = await send(hub.url, f"GET {path}")
    told = await send(hub.url, "GET /api/jobs")

    assert (created.status, read.status, told.status) == (201, 200, 200)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"input_data": {"n": 18446744073709551615}}', id="2^64 - 1"),
        pytest.param(b'{"input_data": {"n": -9223372036854775808}}', id="-2^63"),
        pytest.param(b'{"input_data": {"n": 0.12345678901234567890123}}', id="a long fraction"),
        pytest.param(b'{"input_data": {"n": "\\\\u0000"}}', id="the six letters of a NUL's escape"),
        pytest.param(b'{"input_data": {"n": "[[[[\\ud83d\\ude00"}}', id="a pair of surrogates"),
    ],
)
async def test_what_only_looks_hostile_is_taken(hub: RunningHub, body: bytes) -> None:
    """The limits refuse what others cannot read, and nothing else."""
    answer = await send(hub.url, "POST /api/jobs", JSON, f"Content-Length: {len(body)}", body=body)

    assert answer.status == 201


async def test_an_oversized_body_is_refused_by_its_length_alone(hub: RunningHub) -> None:
    """A length over the limit is refused before the first byte comes."""
    for taker in TAKERS:
        answer = await send(hub.url, taker, JSON, f"Content-Length: {10**15}")
        check(answer, 413, "body_too_large")


async def test_a_length_with_thousands_of_zeros_is_a_length(hub: RunningHub) -> None:
    """They are legal, and Python would not read them."""
    zeros = "0" * 5_000

    read = await send(hub.url, "POST /api/jobs", JSON, f"Content-Length: {zeros}2", body=b"{}")
    refused = await send(hub.url, "POST /api/jobs", JSON, f"Content-Length: {zeros}{10**15}")

    assert read.status == 201
    check(refused, 413, "body_too_large")


async def test_who_goes_on_sending_after_a_refusal_is_cut(hub: RunningHub) -> None:
    """The answer is there at once; then the connection ends, whatever still comes."""
    parts = urlsplit(hub.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"POST /api/jobs HTTP/1.1\r\nHost: {parts.netloc}\r\n{JSON}\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    piece = b"4000\r\n%b\r\n" % (b"x" * 0x4000)
    writer.write(piece * (LIMIT // 0x4000 + 1))
    answer = await reader.readuntil(b"\r\n\r\n")

    async def go_on() -> None:
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(go_on(), 20)

    assert answer.startswith(b"HTTP/1.1 413")
    writer.close()


async def test_an_oversized_body_in_chunks_is_refused(hub: RunningHub) -> None:
    """Without a length the bytes are counted as they come."""
    body = chunked(b'"', *[b"x" * 65_536] * 17, b'"')

    for taker in TAKERS:
        answer = await send(hub.url, taker, JSON, "Transfer-Encoding: chunked", body=body)
        check(answer, 413, "body_too_large")


async def test_a_body_in_chunks_is_read(hub: RunningHub) -> None:
    """However a body is cut, it is one body."""
    body = chunked(b'{"input', b'_data": {"a"', b": 1}}")

    answer = await send(hub.url, "POST /api/jobs", JSON, "Transfer-Encoding: chunked", body=body)

    assert answer.status == 201


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("Content-Type: text/plain", id="what a form can send without asking"),
        pytest.param("Content-Type: application/x-www-form-urlencoded", id="a form"),
        pytest.param("Content-Type: application/json-seq", id="a longer word"),
        pytest.param("Content-Type: ; application/json", id="a parameter only"),
        pytest.param(f"Content-Type: {'x' * 5_000}", id="a huge one"),
    ],
)
async def test_a_body_must_say_that_it_is_json(hub: RunningHub, header: str | None) -> None:
    """Only then does a browser ask before it sends (CSRF)."""
    headers = [header] if header else []

    for taker in TAKERS:
        answer = await send(hub.url, taker, *headers, "Content-Length: 2", body=b"{}")
        check(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;x=y"]
)
async def test_json_may_be_said_with_parameters(hub: RunningHub, kind: str) -> None:
    """Case and parameters do not matter."""
    answer = await send(
        hub.url, "POST /api/jobs", f"Content-Type: {kind}", "Content-Length: 2", body=b"{}"
    )

    assert answer.status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "\xe4", "a\tb"], ids=repr)
async def test_a_bad_idempotency_key_is_refused_everywhere(hub: RunningHub, key: str) -> None:
    """A key that cannot be kept is a fault, not ignored."""
    bodies = {
        "/api/jobs": {}, "/status": {"status": "DONE"}, "/complete": {"final_status": "DONE"},
        "/input": {"input": 1}, "/events": {"type": "a", "data": {}},
        "/update": {"contract_id": "c", "location": "Mumbai", "status": "active",
                    "timestamp": "2024-01-01T12:00:00"},
    }  # fmt: skip
    for taker in KEYED:
        body = json.dumps(next(b for end, b in bodies.items() if taker.endswith(end))).encode()
        answer = await send(
            hub.url, taker, JSON, f"Idempotency-Key: {key}",
            f"Content-Length: {len(body)}", body=body,
        )  # fmt: skip
        problem = check(answer, 422, "validation_failed")
        assert problem["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize("path", ADDRESSES)
async def test_another_method_is_told_which_there_are(hub: RunningHub, path: str) -> None:
    """405 with Allow naming all methods of the address, in a fixed order."""
    has = {route.method for route in ROUTES if filled(route.path) == path}
    allowed = ", ".join(sorted(has | ({"HEAD"} if "GET" in has else set())))

    for method in {"DELETE", "PATCH", "GET", "POST", "PUT", "OPTIONS", "PROPFIND"} - has:
        answer = await send(hub.url, f"{method} {path}", "Content-Length: 0")
        check(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param("/update%00", 400, "invalid_request", id="NUL"),
        pytest.param("/api/jobs/%00", 400, "invalid_request", id="NUL as a name"),
        pytest.param("/nowhere", 404, "not_found", id="no such address"),
        pytest.param("//update", 404, "not_found", id="two slashes"),
        pytest.param("/update/", 404, "not_found", id="a slash behind"),
        pytest.param("/api/jobs/a%2Fb", 404, "not_found", id="an encoded slash"),
        pytest.param("/api/jobs/..%2F..%2Fetc", 404, "not_found", id="encoded steps up"),
        pytest.param("/api/jobs/%ff%fe", 404, "E_JOB_NOT_FOUND", id="no UTF-8"),
        pytest.param("/api/jobs/" + "x" * 30_000, 404, "E_JOB_NOT_FOUND", id="an overlong name"),
        pytest.param("/" + "x" * 30_000, 404, "not_found", id="an overlong address"),
        pytest.param("/api/jobs/%1b[2J", 404, "E_JOB_NOT_FOUND", id="terminal control"),
        pytest.param("/api/jobs/x/artifacts/..", 404, "E_JOB_NOT_FOUND", id="steps up"),
        pytest.param("/ws", 426, "upgrade_required", id="a socket's address"),
        pytest.param("/api/ws", 426, "upgrade_required", id="a socket's other address"),
    ],
)
async def test_a_strange_address_is_refused(
    hub: RunningHub, path: str, status: int, code: str
) -> None:
    """Whatever stands in the first line."""
    answer = await send(hub.url, f"GET {path}")

    check(answer, status, code)


async def test_an_upgrade_is_asked_for_as_rfc_9110_says(hub: RunningHub) -> None:
    """426 comes with the protocol to upgrade to."""
    answer = await send(hub.url, "GET /ws")

    assert answer.headers["upgrade"] == "websocket"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param("..", 422, id="two dots"),
        pytest.param("%2e%2e", 422, id="two encoded dots"),
        pytest.param(".", 422, id="one dot"),
        pytest.param("a%5Cb", 422, id="a backslash"),
        pytest.param("a%0Ab", 422, id="a line break"),
        pytest.param("%E2%80%AE", 422, id="text that turns around"),
        pytest.param("x" * 256, 422, id="too long"),
        pytest.param("a%2Fb", 404, id="a slash"),
        pytest.param("a%00", 400, id="NUL"),
        pytest.param("", 404, id="nothing"),
    ],
)
async def test_an_upload_under_a_strange_name_is_refused(
    hub: RunningHub, name: str, status: int
) -> None:
    """A name that could not be served again is not taken."""
    answer = await send(
        hub.url, f"PUT /api/jobs/nobody/artifacts/{name}", "Content-Length: 1", body=b"x"
    )

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
