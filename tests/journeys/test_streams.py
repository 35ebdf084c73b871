"""Server-Sent Events against real servers: crashes, slow readers and stops lose nothing."""

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.transports.http.corked import CorkedProtocol
from support.running import CONTRACT, HubProcess, hub_process
from support.sockets import Carrier, HubThread, hub_thread, until
from support.sse import Listener, Told, listening, old_client, plain_client

POSTS = 600
KILLS = (100, 300)
DROPS = 10_000
AT_ONCE = 100
# The mark of the stream and that of the server, a page more on each.
BOUND = 4 * 64 * 1024
QUERY = "?channels=contracts"


class Reader:
    """A browser that comes back with its last id, whatever happens to the hub."""

    def __init__(self, hub: HubProcess) -> None:
        self.seen: list[Told] = []
        self._hub = hub
        self._last_id = ""

    def read(self, enough: int) -> None:
        """Read until so many events have come."""
        headers = {"Last_Event_ID": self._last_id} if self._last_id else {}
        with (
            contextlib.suppress(httpx.HTTPError, EOFError),
            listening(self._hub.url, QUERY, **headers) as stream,
        ):
            self._follow(stream, enough)

    def _follow(self, stream: Listener, enough: int) -> None:
        while len(self.seen) < enough:
            told = stream.next()
            self._last_id = told.id or self._last_id
            if told.type == "message":
                self.seen.append(told)
            elif told.type == "subscribed" and self.seen:
                assert told.json["recovered"]


class Poster(threading.Thread):
    """Posts updates, each until it is acknowledged, with one key over all tries."""

    def __init__(self, hub: HubProcess) -> None:
        super().__init__(name="poster")
        self.acknowledged: list[str] = []
        self._client = plain_client(hub.url)

    def run(self) -> None:
        """Post all of them."""
        with self._client:
            for number in range(POSTS):
                self.acknowledged.append(self._post({**CONTRACT, "contract_id": f"c-{number}"}))

    def _post(self, body: dict[str, Any]) -> str:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = self._client.post("/update", json=body, headers=key)
                if answer.status_code == 200:
                    return str(answer.json()["id"])
            time.sleep(0.02)  # the hub is dead; its next start is the outside world


def test_a_crash_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """By kill -9 while updates come: a browser gets each once, in order, by its last id."""
    with hub_process(tmp_path) as hub:
        reader, poster = Reader(hub), Poster(hub)
        # It stands at the beginning before the first post.
        with listening(hub.url, QUERY) as stream:
            stream.begun("contracts")
            reader._last_id = stream.browser.last_id
        poster.start()

        for enough in KILLS:
            reader.read(enough)
            hub.kill()
            hub.start()
        while len(reader.seen) < POSTS:
            reader.read(POSTS)
        poster.join(20)

    assert [told.json["offset"] for told in reader.seen] == list(range(1, POSTS + 1))
    assert [told.json["id"] for told in reader.seen] == poster.acknowledged


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HubThread]:
    """A hub as `hub serve` runs it, impatient with slow readers."""
    with hub_thread(tmp_path, Carrier(http=CorkedProtocol), max_behind_s=0.2) as found:
        yield found


def drop(server: HubThread) -> int:
    """Publish a hundred events; return the last offset."""
    event = {"type": "drop", "data": {"text": "x" * 50}}
    last: int = server.post("/api/channels/flood/events", [event] * AT_ONCE)["offset"]
    return last


def most_buffered(server: HubThread) -> int:
    """Return what waits for the slowest."""
    return max(one.sink.buffered() for one in server.node.connections._sessions)


def test_a_client_that_does_not_read_costs_one_buffer(server: HubThread) -> None:
    """10,000 events later its buffer is bounded, another has all, and it gets each once."""
    drop(server)
    url = f"http://127.0.0.1:{server.port}"
    server.call(setattr, server.node.reception._node.ladder, "max_behind_s", 60.0)
    with (
        old_client(server.port, "?channels=flood") as (slow, _),
        listening(url, "?channels=flood") as fast,
    ):
        slow.begun("flood")
        fast.begun("flood")
        most = 0
        for start in range(AT_ONCE + 1, AT_ONCE + 1 + DROPS, AT_ONCE):
            assert drop(server) == start + AT_ONCE - 1
            assert fast.offsets(AT_ONCE) == list(range(start, start + AT_ONCE))
            most = max(most, server.call(most_buffered, server))

        assert 64 * 1024 < most <= BOUND
        assert slow.offsets(DROPS) == list(range(AT_ONCE + 1, AT_ONCE + 1 + DROPS))
        last = drop(server)
        assert slow.offsets(AT_ONCE)[-1] == last


def test_who_does_not_gain_is_sent_away_and_comes_back(server: HubThread) -> None:
    """In the stream: why, then its end; what was dropped comes by the last id."""
    drop(server)
    url = f"http://127.0.0.1:{server.port}"
    with old_client(server.port, "?channels=flood") as (slow, _):
        slow.begun("flood")
        until(lambda: drop(server) > 0 and server.node.reception._node.ladder.steps["closed"] > 0)

        told = slow.rest()
    last = drop(server)

    offsets = [each.json["offset"] for each in told if each.type == "message"]
    assert (told[-1].type, told[-1].json["code"]) == ("error", "slow_consumer")
    assert offsets == list(range(AT_ONCE + 1, offsets[-1] + 1))
    query = "?channels=flood"
    with listening(url, query, Last_Event_ID=slow.browser.last_id) as again:
        assert again.offsets(last - offsets[-1]) == list(range(offsets[-1] + 1, last + 1))
    until(lambda: len(server.node.connections) == 0)


def test_who_never_reads_its_end_is_cut_off(server: HubThread) -> None:
    """Nothing of it stays, in the hub or in its server."""
    drop(server)
    with old_client(server.port, "?channels=flood") as (slow, _):
        slow.begun("flood")
        until(lambda: drop(server) > 0 and server.node.reception._node.ladder.steps["closed"] > 0)
        (sink,) = [one.sink for one in server.node.connections._sessions]

        server.call(sink._give_up)  # type: ignore[attr-defined]

        until(lambda: len(server.node.connections) == 0)
        until(lambda: server._server.server_state.tasks == set())
        with contextlib.suppress(ConnectionResetError):
            assert slow.rest()[-1].type != "error"


def test_a_stop_ends_streams_and_they_come_back(tmp_path: Path) -> None:
    """SIGTERM: when to come back, why, the end of the answer; the next start has what it missed."""
    with hub_process(tmp_path) as hub:
        with listening(hub.url, QUERY) as stream:
            stream.begun("contracts")
            hub.stop()
            told = stream.rest()
        hub.start()
        with plain_client(hub.url) as client:
            answer = client.post("/update", json=CONTRACT)
        with listening(hub.url, QUERY, Last_Event_ID=stream.browser.last_id) as again:
            missed = again.offsets(1)

    assert [(each.type, each.json["code"]) for each in told] == [("error", "draining")]
    assert 500 <= stream.browser.retry_ms <= 1_500
    assert missed == [answer.json()["offset"]]
