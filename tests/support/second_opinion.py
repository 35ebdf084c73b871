"""What httptools makes of the bytes that we have read ourselves (CWE-444)."""

import httptools


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
