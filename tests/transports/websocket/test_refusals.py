"""The handshake over real sockets: what is answered to those who may not come in."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.octets import (
    RawSocket,
    command,
    problem,
    raw,
    refused_browser,
    upgrade,
)
from support.sockets import Carrier, HubThread, hub_thread

FOREIGN = "http://evil.example"


@pytest.fixture
def client(server: HubThread) -> Iterator[RawSocket]:
    """A socket that has said nothing yet."""
    with raw(server.port, handshake=False) as found:
        yield found


# Not let in.


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        pytest.param(upgrade("/"), 404, "not_found", id="another path"),
        pytest.param(upgrade("/ws/"), 404, "not_found", id="a slash too much"),
        pytest.param(upgrade("/%2577s"), 404, "not_found", id="encoded twice"),
        pytest.param(upgrade("http://localhost/ws"), 404, "not_found", id="absolute form"),
        pytest.param(upgrade("/ws?channels=no"), 404, "channel_not_found", id="channel unknown"),
        pytest.param(upgrade("/ws?channels=%00"), 404, "channel_not_found", id="NUL"),
        pytest.param(upgrade("/ws?channels=%ff"), 404, "channel_not_found", id="no UTF-8"),
        pytest.param(upgrade(host="evil.example"), 403, "foreign_host", id="foreign Host"),
        pytest.param(upgrade(host="localhost.evil.example"), 403, "foreign_host", id="Host alike"),
        pytest.param(upgrade(host="localhost:80@evil"), 403, "foreign_host", id="Host with user"),
        pytest.param(upgrade(host=""), 403, "foreign_host", id="empty Host"),
        pytest.param(upgrade(forwarded="for=1.2.3.4"), 403, "proxied_in_open_mode", id="Forwarded"),
        pytest.param(
            upgrade(x_forwarded_for="1.2.3.4"), 403, "proxied_in_open_mode", id="X-Forwarded-For"
        ),
        pytest.param(
            upgrade(x_forwarded_host="localhost"),
            403,
            "proxied_in_open_mode",
            id="X-Forwarded-Host",
        ),
        pytest.param(upgrade(drop="Sec-WebSocket-Key"), 400, "invalid_request", id="no key"),
        pytest.param(upgrade(sec_websocket_key="x"), 400, "invalid_request", id="bad key"),
        pytest.param(
            upgrade(sec_websocket_key="AAAA"), 400, "invalid_request", id="key of three bytes"
        ),
        pytest.param(
            upgrade(add="Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"),
            400,
            "invalid_request",
            id="two keys",
        ),
        pytest.param(
            upgrade(sec_websocket_protocol="a b"), 400, "invalid_request", id="bad subprotocols"
        ),
        pytest.param(upgrade(content_length="5"), 400, "invalid_request", id="a body"),
        pytest.param(
            upgrade(transfer_encoding="chunked"), 400, "invalid_request", id="a body in chunks"
        ),
    ],
)
def test_a_refused_upgrade_is_a_problem_document(
    client: RawSocket, request_: bytes, status: int, code: str
) -> None:
    """A program that may not come in is told by HTTP status and problem document."""
    client.send(request_)

    answer = client.answer()

    problem(answer, status, code)
    assert client.rest() == []


@pytest.mark.parametrize("version", ["12", "8", "14", "013", "13, 12", "x"])
def test_another_version_is_told_ours(client: RawSocket, version: str) -> None:
    """RFC 6455, 4.4: 426 with the version that the hub speaks."""
    client.send(upgrade(sec_websocket_version=version))

    answer = client.answer()

    problem(answer, 426, "upgrade_required")
    assert answer.headers["sec-websocket-version"] == "13"
    assert answer.headers["upgrade"] == "websocket"


def test_a_missing_version_is_told_ours(client: RawSocket) -> None:
    """An upgrade without a version is refused in the same way."""
    client.send(upgrade(drop="Sec-WebSocket-Version"))

    problem(client.answer(), 426, "upgrade_required")


def test_http_1_0_cannot_upgrade(client: RawSocket) -> None:
    """RFC 6455, 4.1: at least HTTP/1.1; uvicorn hides it, so the hub must look."""
    client.send(upgrade().replace(b"HTTP/1.1", b"HTTP/1.0"))

    answer = client.answer()

    problem(answer, 426, "upgrade_required")
    assert "HTTP/1.0" in json.loads(answer.body)["detail"]


def test_only_get_can_upgrade(client: RawSocket) -> None:
    """RFC 6455, 4.1: the method is GET."""
    client.send(upgrade().replace(b"GET", b"PUT", 1))

    answer = client.answer()

    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["/ws", "/api/ws"])
def test_a_plain_get_is_told_to_upgrade(client: RawSocket, path: str) -> None:
    """GET /ws without an upgrade is 426 with the header that RFC 9110, 15.5.22 demands."""
    client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    answer = client.answer()

    problem(answer, 426, "upgrade_required")
    assert answer.headers["upgrade"] == "websocket"


def test_a_request_line_without_end_is_refused(client: RawSocket) -> None:
    """An address of 20 KB is refused before it is parsed, and nothing hangs."""
    client.send(upgrade("/ws?channels=" + "a," * 10_000))

    assert client.answer().status in {400, 414}


@pytest.mark.parametrize(
    "again",
    [
        pytest.param("Host: localhost\r\n", id="the same again"),
        pytest.param("Host: evil.example\r\n", id="a foreign one behind"),
        pytest.param("Host: \r\n", id="an empty one behind"),
    ],
)
def test_two_hosts_are_refused(client: RawSocket, again: str) -> None:
    """Which of two Host headers counts is a matter of opinion, so neither does (CWE-444)."""
    client.send(upgrade(add=again))

    assert client.answer().status == 400


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("http://localhost", FOREIGN, id="ours in front"),
        pytest.param(FOREIGN, "http://localhost", id="ours behind"),
    ],
)
def test_two_origins_are_refused(client: RawSocket, first: str, second: str) -> None:
    """A foreign Origin cannot hide behind one of ours; no browser sends two, so plain HTTP."""
    client.send(upgrade(origin=first, add=f"Origin: {second}\r\n"))

    problem(client.answer(), 400, "invalid_request")


# Browsers.


@pytest.mark.parametrize(
    ("request_", "code", "word"),
    [
        pytest.param(upgrade(origin=FOREIGN), 4503, "foreign_origin", id="foreign Origin"),
        pytest.param(upgrade(origin="null"), 4503, "foreign_origin", id="null Origin"),
        pytest.param(upgrade(origin="http://localhost:1"), 4503, "foreign_origin", id="other port"),
        pytest.param(upgrade(origin="http://[::1"), 4503, "foreign_origin", id="no Origin at all"),
        pytest.param(upgrade(origin=""), 4503, "foreign_origin", id="empty Origin"),
        pytest.param(
            upgrade(host="evil.example", origin=FOREIGN), 4503, "foreign_host", id="DNS rebinding"
        ),
        pytest.param(
            upgrade(origin="http://localhost", x_forwarded_for="1.2.3.4"),
            4503,
            "proxied_in_open_mode",
            id="through a proxy",
        ),
        pytest.param(upgrade("/", origin="http://localhost"), 4500, "not_found", id="other path"),
        pytest.param(
            upgrade("/ws?channels=no", origin="http://localhost"),
            4500,
            "channel_not_found",
            id="channel unknown",
        ),
    ],
)
def test_a_refused_browser_is_upgraded_and_told_not_to_come_back(
    client: RawSocket, request_: bytes, code: int, word: str
) -> None:
    """A page cannot see an HTTP status; it sees the close code, which ends its retries."""
    client.send(request_)

    refused_browser(client, code, word)


def test_a_refused_browser_gets_its_subprotocol(client: RawSocket) -> None:
    """A browser that offered one and gets none fails the connection itself, with 1006."""
    client.send(upgrade(origin=FOREIGN, sec_websocket_protocol="hub.v1.json"))

    answer = refused_browser(client, 4503, "foreign_origin")

    assert answer.headers["sec-websocket-protocol"] == "hub.v1.json"


def test_a_refused_browser_gets_no_session(client: RawSocket) -> None:
    """Nothing is read of what it sends; when it answers the close, the stream ends."""
    client.send(upgrade(origin=FOREIGN))
    found = refused_browser(client, 4503, "foreign_origin")
    assert found.status == 101

    client.send(command(type="get_status") + b"\x88\x80\x00\x00\x00\x00")

    assert client.rest() == []


# While the hub goes away.


@pytest.fixture
def draining(tmp_path: Path) -> Iterator[HubThread]:
    """A hub that has begun to stop, and still has a connection open."""
    with hub_thread(tmp_path, Carrier()) as hub:
        hub.call(hub.node.drain.run, 0)
        yield hub


def test_a_draining_hub_says_when_to_come_back(draining: HubThread) -> None:
    """A program gets 503 with Retry-After."""
    with raw(draining.port, handshake=False) as client:
        client.send(upgrade())
        answer = client.answer()

    problem(answer, 503, "draining")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_draining_hub_tells_browsers_to_come_back(draining: HubThread) -> None:
    """A page gets 4412, of the range that comes back."""
    with raw(draining.port, handshake=False) as client:
        client.send(upgrade(origin="http://localhost"))

        refused_browser(client, 4412, "draining")
