"""A WebSocket client of bytes: does the handshake by hand and may break every rule."""

import base64
import contextlib
import json
import socket
from collections import deque
from collections.abc import Iterator
from struct import pack, unpack
from typing import Any, NamedTuple

PATIENCE_S = 5.0
KEY = base64.b64encode(bytes(range(16))).decode()
# RFC 6455, 4.2.2: SHA-1 of KEY and the RFC's GUID.
ACCEPT = "Bz3qJYTGdOe8gUSpLosEdiLKDrk="


TEXT, BINARY, CONT, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
MASK = b"\x12\x34\x56\x78"


def masked(data: bytes, mask: bytes = MASK) -> bytes:
    """Mask a payload (RFC 6455, 5.3)."""
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))


def frame(
    opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0, form: int = 0
) -> bytes:
    """Return a client's frame; `form` 16 or 64 forces a longer form of the length."""
    head = bytes([(0x80 if fin else 0) | (rsv << 4) | opcode])
    size = len(data)
    if form == 64 or (not form and size >= 1 << 16):
        head += pack("!BQ", 0x80 | 127, size)
    elif form == 16 or (not form and size >= 126):
        head += pack("!BH", 0x80 | 126, size)
    else:
        head += bytes([0x80 | size])
    return head + MASK + masked(data)


def fragments(data: bytes, cuts: list[int]) -> bytes:
    """Return a text message, cut at these places."""
    parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return b"".join(
        frame(CONT if n else TEXT, part, fin=n == len(parts) - 1) for n, part in enumerate(parts)
    )


def close_frame(code: int, reason: bytes = b"") -> bytes:
    """Return a client's close frame."""
    return frame(CLOSE, pack("!H", code) + reason)


def command(**fields: Any) -> bytes:
    """Return a client's text frame with a command."""
    return frame(TEXT, json.dumps(fields).encode())


class Received(NamedTuple):
    """A frame of the hub."""

    opcode: int
    data: bytes

    @property
    def json(self) -> dict[str, Any]:
        """Its JSON."""
        found: dict[str, Any] = json.loads(self.data)
        return found

    @property
    def code(self) -> int:
        """The code of a close frame."""
        found: int = unpack("!H", self.data[:2])[0]
        return found


def parse(stream: bytes) -> tuple[list[Received], bytes]:
    """Read a server's frames, strictly: final, unmasked, no reserved bits, shortest lengths."""
    frames = []
    at = 0
    while len(stream) >= at + 2:
        assert stream[at] & 0xF0 == 0x80, stream[at : at + 20]
        size, start = stream[at + 1], at + 2
        assert size < 128, "a server must not mask"
        if size >= 126:
            end = start + (2 if size == 126 else 8)
            shortest = 126 if size == 126 else 1 << 16
            size, start = int.from_bytes(stream[start:end]), end
            assert size >= shortest or len(stream) < end
        if len(stream) < start + size:
            break
        frames.append(Received(stream[at] & 0x0F, stream[start : start + size]))
        at = start + size
    return frames, stream[at:]


def upgrade(path: str = "/ws", *, drop: str = "", add: str = "", **headers: str) -> bytes:
    """Return a handshake request; `headers` replace (`sec_websocket_key="…"`), `add` is raw."""
    found = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    found.update({name.replace("_", "-").title(): value for name, value in headers.items()})
    known = {name.title(): value for name, value in found.items() if name != drop}
    lines = "".join(f"{name}: {value}\r\n" for name, value in known.items())
    return f"GET {path} HTTP/1.1\r\n{lines}{add}\r\n".encode("latin-1")


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class RawSocket:
    """A client of bytes: does the handshake by hand and may break every rule."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_S)
        # Before the connect, or the kernel goes on growing it: a stuck hub must be noticed soon.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            # The collector would tell of it, in the middle of another test.
            self.socket.close()
            raise
        self._unread = b""
        self._frames: deque[Received] = deque()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def answer(self) -> Answer:
        """Read an HTTP answer: its head, and its body when it has a length."""
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (li.partition(": ") for li in lines)}
        size = int(headers.get("content-length", 0))
        while len(self._unread) < size:
            self._more()
        body, self._unread = self._unread[:size], self._unread[size:]
        return Answer(int(first.split(" ")[1]), headers, body)

    def open(self) -> None:
        """Do the handshake and take the welcome; no channels, so that nothing else comes."""
        self.send(upgrade("/ws?channels="))
        assert self.answer().status == 101
        assert self.next().json["type"] == "welcome"

    def next(self) -> Received:
        """Return the next frame."""
        while not self._frames:
            found, self._unread = parse(self._unread)
            self._frames.extend(found)
            if not found:
                self._more()
        return self._frames.popleft()

    def rest(self) -> list[Received]:
        """Read until the hub ends the stream; return the frames. A reset is an error."""
        while chunk := self.socket.recv(65536):
            self._unread += chunk
        found, left = parse(self._unread)
        assert left == b""
        self._unread = b""
        return [*self._frames, *found]

    def reply_to(self) -> str | int | None:
        """Return the `reply_to` of the next frame, which must be a text."""
        found = self.next()
        assert found.opcode == TEXT
        reply_to: str | int | None = found.json.get("reply_to")
        return reply_to

    def close_code(self) -> int:
        """Read to the end of the stream; nothing but a close frame must come."""
        (last,) = self.rest()
        assert last.opcode == CLOSE
        last.data[2:].decode()
        return last.code

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()

    def _more(self) -> None:
        chunk = self.socket.recv(65536)
        assert chunk, f"the stream ended behind {self._unread!r}"
        self._unread += chunk


@contextlib.contextmanager
def raw(port: int, *, handshake: bool = True) -> Iterator[RawSocket]:
    """Connect a client of bytes."""
    client = RawSocket(port)
    try:
        if handshake:
            client.open()
        yield client
    finally:
        client.close()


def problem(answer: Answer, status: int, code: str) -> None:
    """Expect a problem document, and the end of the connection announced."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    found = json.loads(answer.body)
    assert (found["status"], found["code"]) == (status, code)
    assert found["type"] == f"/docs/errors/{code}"


def refused_browser(client: RawSocket, code: int, word: str) -> Answer:
    """Expect an upgrade that is taken and closed at once."""
    answer = client.answer()
    assert answer.status == 101
    found = client.next()
    assert (found.opcode, found.code) == (CLOSE, code)
    assert json.loads(found.data[2:])["code"] == word
    return answer
