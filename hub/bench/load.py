"""What is asked of a server: the load, and how to reach it."""

import ssl
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from hub_client.address import Address

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
EVENT_TYPE = "bench"


class Load(NamedTuple):
    """One load.

    Attributes:
        rate: Events a second over all publishers; 0 is flat out.
        size: Bytes of an event's frame on the wire.
        duration: Seconds of publishing.
    """

    connections: int = 1000
    publishers: int = 16
    rate: float = 0
    size: int = 256
    duration: float = 10.0


class Target(NamedTuple):
    """How to follow and publish at one server.

    Attributes:
        origin: Scheme, host and port, as people write them.
        subscribe: Path and query of the WebSocket.
        publish: Path of the POST.
        headers: Further headers of both, each with its line end.
        greets: It sends a text first when the subscription stands; else the 101 must do.
        envelope: Bytes that its frames have around an event's data.
        head: Offset before the first event of the load; None when it gives no offsets.
    """

    name: str
    origin: str
    subscribe: str
    publish: str
    headers: str = ""
    greets: bool = True
    envelope: int = len('{"type":"bench","data":}')
    head: int | None = None

    @property
    def host(self) -> str:
        """The host, as it is resolved."""
        return urlsplit(self.origin).hostname or ""

    @property
    def port(self) -> int:
        """The port."""
        parts = urlsplit(self.origin)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def tls(self) -> ssl.SSLContext | None:
        """Return what a connection needs where the address is https."""
        return ssl.create_default_context() if self.origin.startswith("https:") else None

    def upgrade(self) -> bytes:
        """Return the request for the WebSocket."""
        return (
            f"GET {self.subscribe} HTTP/1.1\r\nHost: {urlsplit(self.origin).netloc}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {_KEY}\r\n{self.headers}\r\n"
        ).encode()

    def post(self, body: bytes) -> bytes:
        """Return a request that publishes."""
        head = (
            f"POST {self.publish} HTTP/1.1\r\nHost: {urlsplit(self.origin).netloc}\r\n"
            f"Content-Type: application/json\r\n{self.headers}Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def hub_target(address: Address, channel: str) -> Target:
    """Return how a hub is reached; `envelope` and `head` are still to be asked."""
    parts = urlsplit(address.http)
    name = quote(channel, safe="")
    return Target(
        name="hub",
        origin=f"{parts.scheme}://{parts.netloc}",
        subscribe=f"{urlsplit(address.websocket).path}?channels={name}",
        publish=f"{parts.path}/api/channels/{name}/events",
        headers="".join(f"{key}: {value}\r\n" for key, value in address.headers().items()),
    )
