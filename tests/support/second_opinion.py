"""What httptools makes of the bytes that we have read ourselves (CWE-444)."""

from collections.abc import Sequence

import httptools
from hypothesis import strategies as st

# What a parser of HTTP may read in two ways, or what an attacker puts between two of them.
_ODD = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b" ", b"\t", b":", b" :", b",", b"\r\n X: folded"),
    *(b"\x00", b"\x7f", b"\x0b", b"\x80", b"\xff", b"//", b"#", b"?", b"X\r\n", b": x\r\n"),
    *(b"HTTP/1.0", b"HTTP/1.1", b"Host: evil\r\n", b"Expect: 100-continue\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: +5\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Upgrade: h2c\r\n", b"Connection: close\r\n"),
)


@st.composite
def mutated(draw: st.DrawFn, data: bytes, odd: Sequence[bytes]) -> bytes:
    """Return a request with odd bytes put in, or in the place of others; `odd` are more of them."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        over = draw(st.sampled_from([0, 0, 1, 2, 8]))
        put = draw(st.sampled_from([*_ODD, *odd]) | st.binary(min_size=1, max_size=3))
        data = data[:at] + put + data[at + over :]
    return data


class Read:
    """What it has read.

    Attributes:
        whole: The head is.
        ended: The message is.
        kept: The connection goes on behind it.
    """

    def __init__(self, data: bytes) -> None:
        self.url = self.body = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.whole = self.ended = self.upgrades = self.kept = False
        self.method = self.version = ""
        self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.upgrades = True

    def on_url(self, url: bytes) -> None:
        """Note it."""
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note it."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Note it."""
        self.whole = True
        self.method = self._parser.get_method().decode()
        self.version = self._parser.get_http_version()
        self.kept = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """Note it."""
        self.body += body

    def on_message_complete(self) -> None:
        """Note it."""
        self.ended = True
