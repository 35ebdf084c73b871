"""Streams of a volatile channel: nothing to resume, so who returns begins as its address says."""

from collections.abc import Iterator

import httpx
import pytest

from hub.transports.http.corked import CorkedProtocol
from support.sockets import Carrier, HubThread, hub_thread
from support.sse import listening, plain_client

STATE = "?channels=moves&snapshot=true"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a hub that has a volatile channel."""
    with hub_thread(tmp_path_factory.mktemp("hub"), Carrier(http=CorkedProtocol)) as found:
        url = address(found)
        with plain_client(url) as client:
            client.put("/api/channels/moves", json={"durable": False}).raise_for_status()
        yield url


def address(hub: HubThread) -> str:
    """Return where it listens."""
    return f"http://127.0.0.1:{hub.port}"


def move(url: str, at: int) -> httpx.Response:
    """Tell where a thing is."""
    with plain_client(url) as client:
        event = {"type": "moved", "key": "a", "data": {"at": at}}
        return client.post("/api/channels/moves/events", json=event)


def test_a_stream_tells_the_state_and_then_what_moves(hub: str) -> None:
    """Without offsets; its id keeps its form, for other channels may be in it."""
    move(hub, 1)
    with listening(hub, STATE) as stream:
        snapshot = stream.named("snapshot")
        move(hub, 2)
        (told,) = stream.take(1)

    assert snapshot.json["items"] == [{"at": 1}]
    assert told.json["data"] == {"at": 2}
    assert "offset" not in told.json
    assert told.id.endswith(";moves=0")


def test_who_returns_gets_the_state_anew(hub: str) -> None:
    """A browser gives its position back; that it means nothing is said, and then mended."""
    with listening(hub, STATE) as stream:
        stream.named("snapshot")
        last = stream.browser.last_id
    move(hub, 3)

    with listening(hub, STATE, Last_Event_ID=last) as stream:
        refused = stream.begun("moves")["moves"]
        anew = stream.begun("moves")["moves"]
        snapshot = stream.named("snapshot")

    assert (refused["reason"], anew["reason"]) == ("volatile", None)
    assert snapshot.json["items"] == [{"at": 3}]


def test_who_asks_for_a_history_is_refused_once_a_way(hub: str) -> None:
    """The position, and then the history; and it follows."""
    query = "?channels=moves&history=5"
    with listening(hub, query) as stream:
        stream.begun("moves")
        last = stream.browser.last_id

    with listening(hub, query, Last_Event_ID=last) as stream:
        reasons = [stream.begun("moves")["moves"]["reason"] for _ in range(2)]
        move(hub, 4)
        told = stream.next()

    assert reasons == ["volatile", "volatile"]
    assert (told.type, told.json["data"]) == ("message", {"at": 4})
