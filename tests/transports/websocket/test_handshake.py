"""The handshake over real sockets: who is let in, and how."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.octets import (
    ACCEPT,
    RawSocket,
    command,
    raw,
    upgrade,
)
from support.sockets import Carrier, HubThread, hub_thread, until

FOREIGN = "http://evil.example"


@pytest.fixture
def client(server: HubThread) -> Iterator[RawSocket]:
    """A socket that has said nothing yet."""
    with raw(server.port, handshake=False) as found:
        yield found


# Let in.


@pytest.mark.parametrize("path", ["/ws", "/api/ws", "/ws?channels=jobs", "/%77s", "/ws?a=b&c"])
def test_an_upgrade_is_answered_with_101(client: RawSocket, path: str) -> None:
    """The 101 has the four headers of RFC 6455, 4.2.2, no extension, and the welcome follows."""
    client.send(upgrade(path))

    answer = client.answer()
    assert answer.status == 101
    assert answer.headers["upgrade"].lower() == "websocket"
    assert answer.headers["connection"].lower() == "upgrade"
    assert answer.headers["sec-websocket-accept"] == ACCEPT
    assert answer.headers.keys() == {"date", "upgrade", "connection", "sec-websocket-accept"}
    assert client.next().json["type"] == "welcome"


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(upgrade(upgrade="WebSocket"), id="Upgrade in another case"),
        pytest.param(upgrade(connection="keep-alive, Upgrade"), id="Firefox's Connection"),
        pytest.param(upgrade(host="127.0.0.1:8000"), id="address and port"),
        pytest.param(upgrade(host="[::1]:8000"), id="IPv6"),
        pytest.param(upgrade(host="LOCALHOST"), id="Host in another case"),
        pytest.param(upgrade(host="localhost:80", origin="http://localhost:80"), id="our page"),
        pytest.param(
            upgrade(sec_websocket_extensions="permessage-deflate; client_max_window_bits"),
            id="an extension that we do not have",
        ),
    ],
)
def test_clients_differ_in_what_they_send(client: RawSocket, request_: bytes) -> None:
    """What browsers and libraries send is taken; extensions are declined silently."""
    client.send(request_)

    answer = client.answer()

    assert answer.status == 101
    assert "sec-websocket-extensions" not in answer.headers


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        pytest.param("hub.v1.json", "hub.v1.json", id="ours"),
        pytest.param("hub.v1.json, hub.bearer.abc", "hub.v1.json", id="with a credential"),
        pytest.param("chat ,hub.v1.json", "hub.v1.json", id="last of a list"),
        pytest.param("HUB.V1.JSON", None, id="another case is another word"),
        pytest.param("hub.v1.msgpack", "hub.v1.msgpack", id="packed"),
        pytest.param("hub.v1.msgpack, hub.v1.json", "hub.v1.msgpack", id="the first of ours"),
        pytest.param("hub.v2.json", None, id="one that comes later"),
    ],
)
def test_the_subprotocol_is_answered(client: RawSocket, offered: str, chosen: str | None) -> None:
    """The hub answers hub.v1.json, never a credential, and never what was not offered."""
    client.send(upgrade(sec_websocket_protocol=offered))

    assert client.answer().headers.get("sec-websocket-protocol") == chosen


def test_a_request_may_come_byte_by_byte(client: RawSocket) -> None:
    """The borders of TCP segments mean nothing to the handshake either."""
    for byte in upgrade("/ws?channels="):
        client.send(bytes([byte]))

    assert client.answer().status == 101


def test_frames_in_the_segment_of_the_upgrade_do_no_harm(client: RawSocket) -> None:
    """They may be lost (uvicorn drops them; clients wait for the 101), later ones are read."""
    client.send(upgrade("/ws?channels=") + command(type="ping", id="early"))
    assert client.answer().status == 101
    assert client.next().json["type"] == "welcome"

    client.send(command(type="ping", id="late"))

    replies = []
    while "late" not in replies:
        replies.append(client.next().json["reply_to"])
    assert replies in (["late"], ["early", "late"])


def test_an_upgrade_may_follow_requests_on_the_same_connection(client: RawSocket) -> None:
    """Keep-alive, then upgrade: what a browser's connection pool may do."""
    client.send(b"GET /contracts/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert client.answer().status == 200

    client.send(upgrade("/ws?channels="))

    assert client.answer().status == 101
    assert client.next().json["type"] == "welcome"


# On a connection that is still busy.


def test_an_upgrade_pipelined_behind_a_request_is_cut(tmp_path: Path) -> None:
    """Its request is not answered among our frames, and leaves no task that waits for ever."""
    with hub_thread(tmp_path, Carrier()) as hub, raw(hub.port, handshake=False) as client:
        client.send(b"GET /contracts/history HTTP/1.1\r\nHost: localhost\r\n\r\n" + upgrade())

        with contextlib.suppress(ConnectionResetError):
            assert client.socket.recv(65536) == b""
        until(lambda: not hub._server.server_state.connections)
        until(lambda: not hub._server.server_state.tasks)
        assert hub.call(len, hub.node.connections) == 0
