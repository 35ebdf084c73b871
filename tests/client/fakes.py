"""What the client's tests stand on: a clock, a caller of both clients, a small hub."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from hub_client import AsyncMCPClient, LoopClock, MCPClient, ThreadClock

Json = dict[str, Any]


class FakeClock(ThreadClock):
    """Time that only passes in a wait; every wait is written down."""

    def __init__(self, *, chance: float = 0.0) -> None:
        self.chance = chance
        self.time = 1000.0
        self.pauses: list[float] = []

    def now(self) -> float:
        """Return the time that waits have made."""
        return self.time

    def wall(self) -> float:
        """Return the same, as if it began in 1970."""
        return self.time

    def random(self) -> float:
        """Return the chance that was set."""
        return self.chance

    def pause(self, seconds: float, stop: threading.Event) -> None:
        """Write the wait down and let it pass."""
        self.pauses.append(seconds)
        self.time += seconds
        # Gives a fake hub the moment it needs, and keeps close() working.
        stop.wait(0.001)


class FakeLoopClock(LoopClock):
    """The same clock for the asyncio client."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock

    def now(self) -> float:
        """Return the time that waits have made."""
        return self.clock.time

    def wall(self) -> float:
        """Return the same, as if it began in 1970."""
        return self.clock.time

    def random(self) -> float:
        """Return the chance that was set."""
        return self.clock.chance

    async def pause(self, seconds: float, stop: asyncio.Event) -> None:
        """Write the wait down and let it pass."""
        self.clock.pauses.append(seconds)
        self.clock.time += seconds
        await asyncio.sleep(0 if stop.is_set() else 0.001)


class Caller:
    """Calls a method of one client or the other by name, so that one test covers both."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.clock = FakeClock()
        self.requests: list[httpx.Request] = []
        self.answers: list[httpx.Response | Exception] = []

    def answer(self, *answers: httpx.Response | Exception) -> None:
        """Give these, in turn; the last one stays."""
        self.answers = list(answers)

    def call(self, method: str, *args: object, options: Json | None = None, **named: Any) -> Any:
        """Call a method, named by its path from the client."""
        given: Json = {"url": "http://hub.test"} | (options or {})
        if self.kind == "sync":
            with MCPClient(
                **given, http_transport=httpx.MockTransport(self._answer), clock=self.clock
            ) as client:
                return _find(client, method)(*args, **named)
        return asyncio.run(self._call(method, args, named, given))

    async def _call(self, method: str, args: tuple[object, ...], named: Json, given: Json) -> Any:
        async with AsyncMCPClient(
            **given,
            http_transport=httpx.MockTransport(self._answer),
            clock=FakeLoopClock(self.clock),
        ) as client:
            return await _find(client, method)(*args, **named)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        # An async body is bytes already when MockTransport hands it over.
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def _find(client: object, path: str) -> Any:
    for name in path.split("."):
        client = getattr(client, name)
    return client


class FakeHub:
    """A hub of one process and no disk, over real sockets."""

    def __init__(self) -> None:
        self.epoch = "e1"
        self.events: dict[str, list[Json]] = {"contracts": [], "jobs": []}
        self.commands: list[Json] = []
        self.upgrades: list[Request] = []
        self.refusals: list[tuple[int, bytes]] = []
        """Answers to the next upgrades, instead of a connection."""
        self.cuts: list[tuple[int, int, str]] = []
        """For the next connections: close after so many events, with code and reason."""
        self.oldest = 1
        """Offsets below are gone from history."""
        self.heartbeat_s = 25.0
        self.port = 0
        self._lock = threading.RLock()
        self._live: list[tuple[ServerConnection, str]] = []
        self._left: dict[ServerConnection, list[int]] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def publish(self, channel: str = "contracts", **data: object) -> Json:
        """Append an event and push it to whoever listens."""
        with self._lock:
            log = self.events[channel]
            kind = {"contracts": "contract_update", "jobs": "job_update"}[channel]
            event = {
                "type": kind,
                "channel": channel,
                "offset": len(log) + 1,
                "id": f"{channel}-{len(log) + 1}",
                "timestamp": "2024-01-01T12:00:00Z",
                "data": data,
            }
            log.append(event)
            for socket, name in list(self._live):
                if name == channel:
                    self._push(socket, event)
            return event

    def tell(self, **frame: object) -> None:
        """Push a frame to every connection that listens."""
        with self._lock:
            for socket in {socket for socket, _ in self._live}:
                self._send(socket, frame)

    def cut(self, code: int, reason: str = "") -> None:
        """Close every connection that listens."""
        with self._lock:
            for socket in {socket for socket, _ in self._live}:
                socket.close(code, reason)
            self._live.clear()

    def process_request(self, _: ServerConnection, request: Request) -> Response | None:
        """Refuse the upgrade, if that is due."""
        self.upgrades.append(request)
        if not self.refusals:
            return None
        status, body = self.refusals.pop(0)
        phrase = HTTPStatus(status).phrase
        headers = Headers({"Content-Length": str(len(body)), "Connection": "close"})
        return Response(status, phrase, headers, body)

    def handle(self, socket: ServerConnection) -> None:
        """Serve one connection."""
        with self._lock:
            if self.cuts:
                self._left[socket] = [self.cuts[0][0]]
        self._send(socket, {"type": "welcome", "heartbeat_s": self.heartbeat_s})
        for text in socket:
            command = json.loads(text)
            with self._lock:
                self.commands.append(command)
                if command["type"] == "subscribe":
                    self._subscribe(socket, command)
                else:
                    self._live = [one for one in self._live if one != (socket, command["channel"])]

    def _subscribe(self, socket: ServerConnection, command: Json) -> None:
        channel = command["channel"]
        log = self.events[channel]
        since = command.get("since")
        start = len(log)
        recovered = None
        if since is not None:
            recovered = since["epoch"] == self.epoch and since["offset"] + 1 >= self.oldest
            start = since["offset"] if recovered else len(log)
        elif "history" in command:
            start = max(0, len(log) - command["history"])
        self._send(
            socket,
            {
                "type": "subscribed",
                "reply_to": command["id"],
                "channel": channel,
                "epoch": self.epoch,
                "offset": start,
                "head": len(log),
                "recovered": recovered,
                "reason": None if recovered is not False else "expired",
            },
        )
        if command.get("snapshot"):
            state = {event["data"]["contract_id"]: event["data"] for event in log}
            items = list(state.values())
            for more, part in ((True, items[:1]), (False, items[1:])):
                page = {"type": "snapshot", "channel": channel, "items": part, "more": more}
                self._send(socket, page)
        for event in log[start:]:
            self._push(socket, event)
        self._live.append((socket, channel))

    def _push(self, socket: ServerConnection, event: Json) -> None:
        left = self._left.get(socket)
        if left is not None:
            if left[0] == 0:
                _, code, reason = self.cuts.pop(0)
                del self._left[socket]
                self._live = [one for one in self._live if one[0] is not socket]
                socket.close(code, reason)
                return
            left[0] -= 1
        self._send(socket, event)

    def _send(self, socket: ServerConnection, frame: Json) -> None:
        try:
            socket.send(json.dumps(frame))
        except ConnectionClosed:
            self._live = [one for one in self._live if one[0] is not socket]


@contextmanager
def running_hub() -> Iterator[FakeHub]:
    """Serve a hub on a free port, in a thread."""
    hub = FakeHub()
    with serve(
        hub.handle, "127.0.0.1", 0, process_request=hub.process_request, close_timeout=1
    ) as server:
        hub.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            hub.cut(1001)
            server.shutdown()
            thread.join()


def contract(number: int = 1, **other: object) -> Json:
    """Return a contract's four fields."""
    return {
        "contract_id": f"c-{number}",
        "location": "Mumbai",
        "status": "active",
        "timestamp": "2024-01-01T12:00:00",
    } | other
