"""A stop by signal, against real processes: what was taken is finished, and clients come back."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from support.commands import finish, start
from support.octets import CLOSE, Answer, RawSocket, problem, raw, upgrade
from support.redis_server import RedisServer
from support.running import CONTRACT, HubProcess, hub_process
from support.sockets import Carrier, hub_thread, until
from support.sse import listening

BODY = json.dumps(CONTRACT).encode()
HEAD = (
    b"POST /update HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)
# A client's close frame, masked and without a code.
GOODBYE = b"\x88\x80\x00\x00\x00\x00"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """A hub of the test's own."""
    with hub_process(tmp_path, DRAIN_S="15") as process:
        yield process


class Held:
    """A hub that has begun to stop, and cannot end before a post of ours has been answered."""

    def __init__(self, hub: HubProcess, clients: ExitStack, number: int = signal.SIGTERM) -> None:
        self.hub = hub
        self.old = clients.enter_context(raw(hub.port, handshake=False))
        self.old.send(get("/health"))
        assert self.old.answer().status == 200
        self.poster = clients.enter_context(raw(hub.port, handshake=False))
        self.poster.send(HEAD + BODY[:10])
        self.listener = clients.enter_context(raw(hub.port))
        os.kill(hub.pid, number)
        self.close = self.listener.next()
        self.listener.send(GOODBYE)
        self.listener.close()

    def finish(self) -> Answer:
        """Send the rest of the post; return its answer."""
        self.poster.send(BODY[10:])
        return self.poster.answer()


@pytest.fixture
def held(hub: HubProcess) -> Iterator[Held]:
    """A hub that has begun to stop."""
    with ExitStack() as clients:
        yield Held(hub, clients)


def get(path: str) -> bytes:
    """Return a request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def asked(port: int, request: bytes) -> Answer:
    """Ask on a connection of its own."""
    with raw(port, handshake=False) as client:
        client.send(request)
        return client.answer()


def reason(data: bytes) -> dict[str, Any]:
    """Return what a close frame says."""
    found: dict[str, Any] = json.loads(data[2:])
    return found


def test_clients_are_told_when_to_come_back(held: Held) -> None:
    """SIGTERM closes sockets with 4412 and a time to wait; the exit code is 0."""
    told = reason(held.close.data)

    held.finish()
    code = held.hub.died()

    assert (held.close.opcode, held.close.code, told["code"]) == (CLOSE, 4412, "draining")
    assert 500 <= told["retry_after_ms"] <= 1_500
    assert code == 0


def test_a_post_in_flight_is_answered(held: Held) -> None:
    """Whose request was taken gets its answer, is told to go, and finds the update kept."""
    answer = held.finish()

    assert (answer.status, json.loads(answer.body)["offset"]) == (200, 1)
    assert answer.headers["connection"] == "close"
    assert held.hub.died() == 0
    held.hub.start()
    history = asked(held.hub.port, get("/contracts/history"))
    assert [event["offset"] for event in json.loads(history.body)["events"]] == [1]


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(get("/ready"), id="a balancer"),
        pytest.param(get("/contracts/history"), id="a reader"),
        pytest.param(HEAD + BODY, id="a sender"),
        pytest.param(upgrade(), id="an upgrade"),
    ],
)
def test_nobody_new_is_taken(held: Held, request_: bytes) -> None:
    """Who comes now is told that the hub is going, and when to try again."""
    answer = asked(held.hub.port, request_)

    problem(answer, 503, "draining")
    assert answer.headers["connection"] == "close"
    assert int(answer.headers["retry-after"]) >= 1
    assert json.loads(held.finish().body)["offset"] == 1


def test_a_stream_that_comes_now_is_told_so_in_a_stream(held: Held) -> None:
    """EventSource never comes back after a 503."""
    with listening(held.hub.url) as stream:
        told = stream.rest()

    assert [(each.type, each.json["code"]) for each in told] == [("error", "draining")]
    assert stream.browser.retry_ms >= 500
    assert stream.headers["connection"] == "close"


def test_a_hub_that_stops_is_not_ill(held: Held) -> None:
    """Who restarts what is unhealthy must not kill it in the middle."""
    assert asked(held.hub.port, get("/health")).status == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/contracts/history", 200), ("/ready", 503)], ids=["reader", "balancer"]
)
def test_a_connection_that_was_there_is_served_once_more(
    held: Held, path: str, status: int
) -> None:
    """A request that crossed with the stop is answered, and the next one goes elsewhere."""
    held.old.send(get(path))
    answer = held.old.answer()

    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert held.old.rest() == []


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT], ids=["a second SIGTERM", "a second Ctrl-C"]
)
def test_a_second_signal_is_the_end(hub: HubProcess, number: signal.Signals) -> None:
    """Who cannot wait does not; the code is the one that a shell gives to the signal."""
    with ExitStack() as clients:
        Held(hub, clients, number)

        os.kill(hub.pid, number)

        assert hub.died() == 128 + number


def test_a_ctrl_c_that_is_passed_on_is_one_wish(hub: HubProcess) -> None:
    """A terminal's SIGINT and the SIGTERM of whoever looks after the hub are not two."""
    with ExitStack() as clients:
        held = Held(hub, clients, signal.SIGINT)
        os.kill(hub.pid, signal.SIGTERM)

        assert held.finish().status == 200
        assert hub.died() == 0


def test_two_hundred_sockets_leave_in_several_batches(tmp_path: Path) -> None:
    """While one batch goes the others stay, and hardly two clients come back in one moment."""
    with hub_thread(tmp_path, Carrier()) as hub, ExitStack() as clients:
        sockets = [clients.enter_context(raw(hub.port)) for _ in range(200)]
        there: list[int] = []

        async def count(_seconds: float) -> None:
            sessions = hub.node.connections.sessions()
            there.append(sum(not session.ended for session in sessions))

        hub.node.drain._pause = count
        hub.call(hub.node.drain.run, 10)
        closes = [one.next() for one in sockets]
        for one in sockets:
            one.send(GOODBYE)

    assert there == [150, 100, 50]
    assert {close.code for close in closes} == {4412}
    assert len({reason(close.data)["retry_after_ms"] for close in closes}) > 100


class Workers:
    """`hub serve` with two workers, and a client at each."""

    def __init__(self, folder: Path, redis: RedisServer, clients: ExitStack) -> None:
        database = f"sqlite:///{folder}/hub.db"
        args = ("serve", "--workers", "2", "-o", "json")
        self.process = start(
            *args, PORT="0", DATABASE_URL=database, REDIS_URL=redis.url, DRAIN_S="60"
        )
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.clients: list[RawSocket] = []
        nodes: set[str] = set()
        while len(nodes) < 2:
            client = clients.enter_context(raw(self.port, handshake=False))
            client.send(upgrade("/ws?channels="))
            assert client.answer().status == 101
            nodes.add(client.next().json["node"])
            self.clients.append(client)

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]


def test_all_workers_drain(tmp_path: Path, redis: RedisServer) -> None:
    """SIGTERM for the one who looks after them reaches the clients of each."""
    with ExitStack() as clients:
        served = Workers(tmp_path, redis, clients)
        # A service manager tells each of them as well: that is no second signal.
        for pid in (*served.pids(), served.process.pid):
            os.kill(pid, signal.SIGTERM)

        codes = {client.next().code for client in served.clients}
        for client in served.clients:
            client.send(GOODBYE)
            client.close()

    finished = finish(served.process)
    assert codes == {4412}
    assert finished.code == 0
    assert "a worker ended" not in finished.err


def test_a_second_signal_ends_all_workers(tmp_path: Path, redis: RedisServer) -> None:
    """None of them stays behind on the port."""
    with ExitStack() as clients:
        served = Workers(tmp_path, redis, clients)
        clients.enter_context(raw(served.port, handshake=False)).send(HEAD + BODY[:10])
        served.process.terminate()
        assert served.clients[0].next().code == 4412

        served.process.terminate()

        assert finish(served.process).code == 128 + signal.SIGTERM
        until(lambda: not listens(served.port))


def listens(port: int) -> bool:
    """Say whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
