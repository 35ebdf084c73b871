"""A receiver of webhooks for tests: on a real socket, in a thread, answering as it is told."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from support.certificates import Certificate


class Hook(NamedTuple):
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Said(NamedTuple):
    """What is answered."""

    status: int = 204
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Answer = Callable[[Hook], Said]


class Receiver:
    """Takes requests and answers them.

    Attributes:
        hooks: What came, in order.
    """

    def __init__(self, answer: Answer) -> None:
        self.hooks: list[Hook] = []
        self.answer = answer
        self.port = 0
        self._came = threading.Condition()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def take(self, hook: Hook) -> Said:
        """Keep a request, and say what to answer."""
        said = self.answer(hook)
        with self._came:
            self.hooks.append(hook)
            self._came.notify_all()
        return said

    def wait_for(self, count: int) -> list[Hook]:
        """Return what came, once there are so many."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.hooks) >= count, 30), self.hooks
            return [*self.hooks]


def in_turn(*statuses: int) -> Answer:
    """Answer with these, one after the other; the last one stays."""
    left = [*statuses]
    return lambda _: Said(left.pop(0) if len(left) > 1 else left[0])


@contextmanager
def receiver(
    answer: Answer | None = None, certificate: Certificate | None = None
) -> Iterator[Receiver]:
    """Run a receiver, with TLS where it has a certificate; it answers 204 if nothing is said."""
    taking = Receiver(answer or in_turn(204))

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            hook = Hook(self.command, self.path, headers, self.rfile.read(length))
            said = taking.take(hook)
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body)

        do_GET = do_HEAD = do_POST = do_DELETE = handle_one  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taking.port = server.server_address[1]
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield taking
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
