"""The opening handshake as bytes, against `websockets`, which is the reference."""

import pytest
from hypothesis import given, settings, strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request as Reference
from websockets.server import ServerProtocol

from hub.errors import InvalidRequest
from hub.transports.websocket.opening import MAX_HEADERS, accept, find_fault, read
from support.octets import ACCEPT, KEY, upgrade

BOUNDED = settings(derandomize=True, max_examples=400, deadline=None)

VALUES = {
    "Connection": [
        "Upgrade",
        "upgrade",
        "keep-alive, Upgrade",
        ", Upgrade ,,x",
        "close",
        "a b",
        "",
    ],
    "Upgrade": ["websocket", "WebSocket", "h2c", "websocket, h2c", ""],
    "Sec-WebSocket-Key": [KEY, KEY[:-1], "x", "AAAA", "", KEY + "=", "é" * 24],
    "Sec-WebSocket-Protocol": ["hub.v1.json", "a, b", "a b", ",,a", "", "a;b"],
    "Origin": ["http://localhost", "null"],
}
usual = st.tuples(
    *(st.just((name, VALUES[name][0])) for name in VALUES if name.startswith(("Co", "Up", "Sec-W")))
).map(list)
header = st.sampled_from([(name, value) for name in VALUES for value in VALUES[name]])


@st.composite
def headers(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Return the headers of a good request with up to two dropped and up to two added."""
    found = draw(usual)
    for _ in range(draw(st.integers(0, 2))):
        found.pop(draw(st.integers(0, len(found) - 1)))
    return found + draw(st.lists(header, max_size=2))


@BOUNDED
@given(headers())
def test_a_request_is_let_through_as_the_reference_does(found: list[tuple[str, str]]) -> None:
    """What the reference refuses has a fault, and nothing else has."""
    version = [("Sec-WebSocket-Version", "13")]
    lines = "".join(f"{name}: {value}\r\n" for name, value in found)
    request = read(f"GET /ws HTTP/1.1\r\n{lines}".encode("latin-1").removesuffix(b"\r\n"))
    try:
        ServerProtocol().process_request(Reference("/ws", Headers(found + version)))
        refused = False
    except InvalidHandshake:
        refused = True

    assert (find_fault(request) is not None) is refused


def test_the_answer_proves_that_the_key_was_read() -> None:
    """RFC 6455, 4.2.2; the subprotocol is said when one was chosen."""
    request = read(upgrade().removesuffix(b"\r\n\r\n"))

    lines = accept(request, "hub.v1.json").split(b"\r\n")

    assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
    assert b"Sec-WebSocket-Accept: " + ACCEPT.encode() in lines
    assert b"Sec-WebSocket-Protocol: hub.v1.json" in lines
    assert lines[-2:] == [b"", b""]


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /ws", id="no version"),
        pytest.param(b"GET /ws HTTP/1.1 x", id="a word too much"),
        pytest.param("GET /é HTTP/1.1".encode(), id="an address that is not ASCII"),
        pytest.param(b"GET /ws HTTP/1.1\r\nHost: a\0b", id="NUL"),
        pytest.param(b"GET /" + b"x" * 8_200 + b" HTTP/1.1", id="a long address"),
        pytest.param(b"GET / HTTP/1.1" + b"\r\na: b" * (MAX_HEADERS + 1), id="many headers"),
    ],
)
def test_what_is_no_request_is_refused_in_words(head: bytes) -> None:
    """Uvicorn hands over nothing like it, but nobody must have to believe that."""
    with pytest.raises(InvalidRequest, match="expected"):
        read(head)


def test_what_lies_around_a_value_is_no_part_of_it() -> None:
    """RFC 9110, 5.5: spaces and tabs; and names have no case."""
    request = read(b"GET /ws HTTP/1.1\r\nHOST:\t localhost \t")

    assert request.headers == [(b"host", b"localhost")]
