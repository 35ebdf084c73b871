"""Server-Sent Events as a browser reads them (WHATWG HTML, 9.2.6), and streams of a real hub."""

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx

PATIENCE_S = 5.0


class Told(NamedTuple):
    """One event that a browser dispatches."""

    type: str
    data: str
    id: str

    @property
    def json(self) -> dict[str, Any]:
        """Its JSON."""
        found: dict[str, Any] = json.loads(self.data)
        return found


class Browser:
    """Interprets a stream line by line.

    Attributes:
        last_id: What it would send as Last-Event-ID.
        retry_ms: How long it would wait.
        comments: Lines that are no part of an event.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.retry_ms = 0
        self.comments = 0
        self._id = ""
        self._type = ""
        self._data: list[str] = []

    def read(self, line: str) -> Told | None:
        """Take a line; return the event that it ends."""
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            self.comments += 1
        elif name == "event":
            self._type = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value)
        return None

    def _dispatch(self) -> Told | None:
        self.last_id = self._id
        data, self._data = self._data, []
        name, self._type = self._type, ""
        return Told(name or "message", "\n".join(data), self._id) if data else None


def lines(text: str) -> list[str]:
    """Return the lines of a stream: CR, LF and both together end one, and nothing else does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def events(text: bytes) -> list[Told]:
    """Return what a browser dispatches of a text."""
    browser = Browser()
    found = [browser.read(line) for line in lines(text.decode())[:-1]]
    return [told for told in found if told is not None]


class Listener:
    """One stream of a hub, read by a browser.

    Attributes:
        status: Of the answer.
        headers: Of the answer.
        browser: Reads it.
    """

    def __init__(self, status: int, headers: Mapping[str, str], pieces: Iterator[str]) -> None:
        self.status = status
        self.headers = headers
        self.browser = Browser()
        self._lines = _split(pieces)

    def next(self) -> Told:
        """Return the next event."""
        for line in self._lines:
            told = self.browser.read(line)
            if told is not None:
                return told
        raise EOFError("expected another event, got the end")

    def named(self, name: str) -> Told:
        """Return the next event of a type."""
        while (told := self.next()).type != name:
            pass
        return told

    def take(self, count: int) -> list[Told]:
        """Return the next events of channels."""
        return [self.named("message") for _ in range(count)]

    def offsets(self, count: int) -> list[int]:
        """Return the offsets of the next events of channels."""
        return [told.json["offset"] for told in self.take(count)]

    def begun(self, *channels: str) -> dict[str, dict[str, Any]]:
        """Return what it is told of the beginning of channels, in any order."""
        said = [self.named("subscribed").json for _ in channels]
        found = {each["channel"]: each for each in said}
        assert set(found) == set(channels)
        return found

    def rest(self) -> list[Told]:
        """Return what comes until the hub ends the stream."""
        found = []
        with contextlib.suppress(EOFError):
            while True:
                found.append(self.next())
        return found


def _split(pieces: Iterator[str]) -> Iterator[str]:
    left = ""
    for text in pieces:
        *whole, left = lines(left + text)
        yield from whole


def plain_client(url: str) -> httpx.Client:
    """Return a client that reads no certificates first, which takes longer than the request."""
    return httpx.Client(base_url=url, timeout=PATIENCE_S, trust_env=False, verify=False)  # noqa: S501 loopback


@contextlib.contextmanager
def listening(url: str, query: str = "", **headers: str) -> Iterator[Listener]:
    """Open a stream of the hub at `url`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with (
        plain_client(url) as client,
        client.stream("GET", f"/api/events{query}", headers=named) as response,
    ):
        assert response.status_code == 200, response.read()
        yield Listener(response.status_code, response.headers, response.iter_text())


@contextlib.contextmanager
def old_client(port: int, query: str = "") -> Iterator[tuple[Listener, socket.socket]]:
    """Open a stream by HTTP/1.0, whose bytes are those of the events; with its socket."""
    with socket.socket() as sock:
        # Before it connects, or the kernel takes a megabyte for a client that does not read.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", port))
        sock.sendall(f"GET /api/events{query} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        with sock.makefile("rb", buffering=64 * 1024) as file:
            status = int(file.readline().split()[1])
            heads = [line.decode() for line in iter(file.readline, b"\r\n")]
            headers = dict(head.lower().rstrip().split(": ", 1) for head in heads)
            yield Listener(status, headers, (line.decode() for line in file)), sock
