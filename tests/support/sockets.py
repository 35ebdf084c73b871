"""WebSockets for tests: hubs behind each adapter, and clients that speak in JSON.

The hubs run in a thread and loop of their own, so that one serves many tests and the tests
themselves are plain code over blocking sockets.
"""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

import anyio
import httpx
import msgspec
import uvloop
from starlette.testclient import TestClient, WebSocketTestSession
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from hub.app import Node, create
from hub.settings import Settings
from hub.telemetry.logging import Logger
from hub.transports.server import Application, serve
from support.logs import RecordingLog
from support.running import CONTRACT

PATIENCE_S = 5.0
PACKED = "hub.v1.msgpack"


class Carrier(NamedTuple):
    """What carries a hub: uvicorn's loop, its HTTP parser and its WebSocket class."""

    loop: str = "uvloop"
    http: str | type[asyncio.Protocol] = "httptools"
    ws: str | None = None


class Client(Protocol):
    """A WebSocket client that speaks in JSON objects."""

    @property
    def subprotocol(self) -> str | None:
        """What the hub chose."""
        ...

    def send(self, frame: dict[str, Any] | str | bytes) -> None:
        """Send one frame."""
        ...

    def next(self) -> dict[str, Any]:
        """Return the next frame that comes."""
        ...

    def ended(self) -> tuple[int, str]:
        """Wait until the hub closes; return code and reason."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


Connect = Callable[..., Client]


class NetworkClient:
    """A `Client` over a real socket."""

    def __init__(self, socket_: ClientConnection) -> None:
        self._socket = socket_

    @property
    def subprotocol(self) -> str | None:
        """What the hub chose."""
        return self._socket.subprotocol

    def send(self, frame: dict[str, Any] | str | bytes) -> None:
        """Send one frame; bytes go as a binary one."""
        self._socket.send(_written(frame, self.subprotocol))

    def next(self) -> dict[str, Any]:
        """Return the next frame that comes."""
        return _read(self._socket.recv(PATIENCE_S))

    def ended(self) -> tuple[int, str]:
        """Wait until the hub closes; return code and reason."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._socket.recv(PATIENCE_S)
        assert self._socket.close_code is not None
        return self._socket.close_code, self._socket.close_reason or ""

    def close(self) -> None:
        """Leave."""
        self._socket.close()


class InProcessClient:
    """A `Client` of starlette's TestClient."""

    def __init__(self, session: WebSocketTestSession) -> None:
        self._session = session

    @property
    def subprotocol(self) -> str | None:
        """What the hub chose."""
        return self._session.accepted_subprotocol

    def send(self, frame: dict[str, Any] | str | bytes) -> None:
        """Send one frame; bytes go as a binary one."""
        written = _written(frame, self.subprotocol)
        if isinstance(written, bytes):
            self._session.send_bytes(written)
        else:
            self._session.send_text(written)

    def next(self) -> dict[str, Any]:
        """Return the next frame that comes."""
        message = self._receive()
        text: str | None = message.get("text")
        return _read(message["bytes"] if text is None else text)

    def ended(self) -> tuple[int, str]:
        """Wait until the hub closes; return code and reason."""
        while (message := self._receive())["type"] != "websocket.close":
            pass
        return message["code"], message["reason"]

    def close(self) -> None:
        """Leave."""
        self._session.close()

    def _receive(self) -> Any:
        async def patiently() -> Any:
            with anyio.fail_after(PATIENCE_S):
                return await self._session._send_rx.receive()

        return self._session.portal.call(patiently)


def _written(frame: dict[str, Any] | str | bytes, subprotocol: str | None) -> str | bytes:
    if not isinstance(frame, dict):
        return frame
    return msgspec.msgpack.encode(frame) if subprotocol == PACKED else json.dumps(frame)


def _read(payload: str | bytes) -> dict[str, Any]:
    """Read a text frame as JSON, a binary one as MessagePack."""
    read: Callable[[Any], dict[str, Any]] = json.loads
    if isinstance(payload, bytes):
        read = msgspec.msgpack.decode
    return read(payload)


class ServedHub(Protocol):
    """A hub that answers."""

    def post(self, path: str, body: Any) -> Any:
        """Post JSON; return the JSON of the answer, which must be a success."""
        ...

    def connect(
        self, query: str = "", subprotocols: list[str] | None = None
    ) -> contextlib.AbstractContextManager[Client]:
        """Open a WebSocket."""
        ...


class HubThread:
    """A hub under a real uvicorn, in a thread of its own; `log` has its connections' lines."""

    def __init__(self, folder: Path, carrier: Carrier, **overrides: Any) -> None:
        # With the protocol named, or asyncio leaves Nagle's algorithm on: 40 ms an answer.
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        # Inherited by each connection: a client that is not read must notice soon.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self._carrier = carrier
        self._settings = Settings(database_url=f"sqlite:///{folder}/hub.db", **overrides)
        self._thread = threading.Thread(target=self._run, name="hub")
        self._ready = threading.Event()
        self.port: int = self._listener.getsockname()[1]
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}")
        self.log = RecordingLog()
        self.loop: asyncio.AbstractEventLoop
        self.node: Node

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)
        while not self._server.started:
            assert self._thread.is_alive()
            self.call(asyncio.sleep, 0.001)
        self.node.reception._log = cast("Logger", self.log)

    def stop(self) -> None:
        """Stop it as SIGTERM would."""
        self._http.close()
        self._server.should_exit = True
        self._thread.join(20)

    def call(self, function: Callable[..., Any], *args: object) -> Any:
        """Run a function or coroutine function in the hub's loop; return what it returns."""

        async def run() -> Any:
            result = function(*args)
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE_S)

    def post(self, path: str, body: Any) -> Any:
        """Post JSON; return the JSON of the answer, which must be a success."""
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    @contextlib.contextmanager
    def connect(self, query: str = "", subprotocols: list[str] | None = None) -> Iterator[Client]:
        """Open a WebSocket."""
        with connect(
            f"ws://127.0.0.1:{self.port}/ws{query}",
            subprotocols=[Subprotocol(word) for word in subprotocols or []] or None,
            proxy=None,
            ping_interval=None,
            close_timeout=PATIENCE_S,
        ) as found:
            yield NetworkClient(found)

    def _run(self) -> None:
        factory = uvloop.new_event_loop if self._carrier.loop == "uvloop" else None
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.node = create(self._settings)
        self._server = serve(self.node, drain_s=1)
        self._server.config.http = self._carrier.http
        if self._carrier.ws is not None:
            self._server.config.ws = self._carrier.ws
        self._ready.set()
        await self._server._serve([self._listener])


class InProcessHub:
    """A hub in starlette's TestClient, without any server."""

    def __init__(self, client: TestClient) -> None:
        self._http = client

    def post(self, path: str, body: Any) -> Any:
        """Post JSON; return the JSON of the answer, which must be a success."""
        response = self._http.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    @contextlib.contextmanager
    def connect(self, query: str = "", subprotocols: list[str] | None = None) -> Iterator[Client]:
        """Open a WebSocket."""
        with self._http.websocket_connect(f"ws://localhost/ws{query}", subprotocols) as session:
            yield InProcessClient(session)


@contextlib.contextmanager
def hub_thread(folder: Path, carrier: Carrier, **overrides: Any) -> Iterator[HubThread]:
    """Serve a hub in a thread; `overrides` are fields of `Settings`."""
    hub = HubThread(folder, carrier, **overrides)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


@contextlib.contextmanager
def hub_in_process(folder: Path) -> Iterator[InProcessHub]:
    """Run a hub in starlette's TestClient."""
    node = create(Settings(database_url=f"sqlite:///{folder}/hub.db"))
    with TestClient(Application(node), base_url="http://localhost") as client:
        yield InProcessHub(client)


def publish(hub: ServedHub, contract_id: str = "c-1", **fields: Any) -> int:
    """Post a contract update; return its offset."""
    answer = hub.post("/update", {**CONTRACT, "contract_id": contract_id, **fields})
    offset: int = answer["offset"]
    return offset


def welcomed(client: Client) -> dict[str, Any]:
    """Take the welcome."""
    frame = client.next()
    assert frame["type"] == "welcome"
    return frame


def ask(client: Client, **command: Any) -> dict[str, Any]:
    """Send a command and return the next frame."""
    client.send(command)
    return client.next()


def offsets(client: Client, count: int) -> list[int]:
    """Return the offsets of the next pushes."""
    return [client.next()["offset"] for _ in range(count)]


def until(happened: Callable[[], bool]) -> None:
    """Wait for what the other side does in its own time."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)
