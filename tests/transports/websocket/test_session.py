"""The session of docs/protocol.md, the same behind every adapter: welcome, pushes, subscribe."""

import json

import pytest

from support.running import CONTRACT
from support.sockets import (
    Connect,
    ServedHub,
    ask,
    offsets,
    publish,
    welcomed,
)

DEFAULT = {"contracts", "jobs", "tasks", "agents", "pipelines"}


# Welcome.


def test_the_first_frame_is_the_welcome(connect: Connect) -> None:
    """A client learns protocol, its id, the heartbeat, and where it stands, before all else."""
    frame = connect().next()

    assert frame["type"] == "welcome"
    assert frame["protocol"] == 1
    assert frame["heartbeat_s"] == 25
    assert {"client_id", "node", "server_time", "epoch"} < frame.keys()
    assert frame["positions"].keys() == DEFAULT


def test_each_connection_has_a_client_id_of_its_own(connect: Connect) -> None:
    """No two connections share a client_id."""
    first, second = welcomed(connect()), welcomed(connect())

    assert first["client_id"] != second["client_id"]


@pytest.mark.parametrize(
    ("query", "channels"),
    [
        pytest.param("", DEFAULT, id="nothing asked: the default channels"),
        pytest.param("?channels=jobs", {"jobs"}, id="one channel"),
        pytest.param("?channels=jobs,contracts", {"jobs", "contracts"}, id="a list"),
        pytest.param("?channels=jobs&channels=alerts", {"jobs", "alerts"}, id="asked twice"),
        pytest.param("?channels=jobs,jobs", {"jobs"}, id="the same name twice"),
        pytest.param("?channels=alerts", {"alerts"}, id="one that is not a default"),
        pytest.param("?channels=", set(), id="none yet"),
        pytest.param("?channels=%6aobs", {"jobs"}, id="percent-encoded"),
    ],
)
def test_the_address_says_which_channels(connect: Connect, query: str, channels: set[str]) -> None:
    """`?channels=` narrows what a client follows; an empty one waits for subscribe."""
    assert welcomed(connect(query))["positions"].keys() == channels


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        pytest.param(["hub.v1.json"], "hub.v1.json", id="ours is chosen"),
        pytest.param(["x", "hub.v1.json"], "hub.v1.json", id="ours is found among others"),
        pytest.param([], None, id="none offered, none chosen"),
        pytest.param(["hub.v9.cbor"], None, id="an unknown one is not chosen"),
    ],
)
def test_the_subprotocol_is_chosen_from_what_is_offered(
    connect: Connect, offered: list[str], chosen: str | None
) -> None:
    """The hub answers hub.v1.json to a client that offers it, and nothing to others."""
    client = connect(subprotocols=offered)

    welcomed(client)

    assert client.subprotocol == chosen


# Pushes.


def test_a_client_that_sends_nothing_receives_updates(served: ServedHub, connect: Connect) -> None:
    """A contract update reaches a silent client, with the envelope and the four fields."""
    client = connect()
    stood = welcomed(client)["positions"]["contracts"]

    offset = publish(served, "c-silent")

    push = client.next()
    assert offset == stood + 1
    assert push.keys() == {"type", "channel", "offset", "id", "timestamp", "data"}
    assert (push["type"], push["channel"]) == ("contract_update", "contracts")
    assert push["offset"] == offset
    assert push["data"]["contract_id"] == "c-silent"


def test_updates_come_in_order_to_every_client(served: ServedHub, connect: Connect) -> None:
    """All clients of a channel get each offset once, in the order of commit."""
    clients = [connect() for _ in range(3)]
    for client in clients:
        welcomed(client)

    expected = [publish(served, f"c-{n}") for n in range(5)]

    for client in clients:
        assert offsets(client, 5) == expected


def test_a_narrowed_client_receives_only_its_channels(served: ServedHub, connect: Connect) -> None:
    """A client of jobs does not get contract updates."""
    client = connect("?channels=jobs")
    welcomed(client)

    publish(served)

    assert ask(client, type="ping")["type"] == "pong"


def test_a_test_update_is_pushed_without_an_offset(served: ServedHub, connect: Connect) -> None:
    """POST /test/update fans out, marked, and moves nobody's position."""
    client = connect()
    stood = welcomed(client)["positions"]["contracts"]

    served.post("/test/update", {**CONTRACT, "contract_id": "c-test"})

    push = client.next()
    assert push["test"] is True
    assert "offset" not in push
    assert "id" in push
    assert ask(client, type="heartbeat")["positions"]["contracts"] == stood


# Subscribe.


def test_subscribe_follows_from_now(served: ServedHub, connect: Connect) -> None:
    """Without since, history or snapshot nothing old is replayed, and all that follows comes."""
    before = publish(served)
    client = connect("?channels=")
    epoch = welcomed(client)["epoch"]

    reply = ask(client, type="subscribe", channel="contracts", id="a")

    assert reply == {
        "type": "subscribed",
        "reply_to": "a",
        "channel": "contracts",
        "epoch": epoch,
        "offset": before,
        "head": before,
        "recovered": False,
        "reason": None,
    }
    assert publish(served) == client.next()["offset"]


@pytest.mark.parametrize(
    "as_text", [pytest.param(True, id="text"), pytest.param(False, id="object")]
)
def test_since_resumes_without_a_gap(served: ServedHub, connect: Connect, *, as_text: bool) -> None:
    """Everything after `since` comes once, in order, and then what is new."""
    seen = publish(served)
    missed = [publish(served, f"c-{n}") for n in range(3)]
    client = connect("?channels=")
    epoch = welcomed(client)["epoch"]

    since = f"{epoch}:{seen}" if as_text else {"epoch": epoch, "offset": seen}
    reply = ask(client, type="subscribe", channel="contracts", since=since)

    assert (reply["recovered"], reply["reason"]) == (True, None)
    assert (reply["offset"], reply["head"]) == (seen, missed[-1])
    assert offsets(client, 3) == missed
    assert publish(served) == client.next()["offset"]


def test_since_the_head_has_nothing_to_replay(served: ServedHub, connect: Connect) -> None:
    """A client that missed nothing is told that it recovered, and gets what is new."""
    head = publish(served)
    client = connect("?channels=")
    epoch = welcomed(client)["epoch"]

    reply = ask(client, type="subscribe", channel="contracts", since=f"{epoch}:{head}")

    assert (reply["recovered"], reply["offset"], reply["head"]) == (True, head, head)
    assert publish(served) == client.next()["offset"]


@pytest.mark.parametrize(
    ("epoch", "ahead"),
    [
        pytest.param("otherlog", 0, id="another epoch"),
        pytest.param(None, 1_000_000, id="an offset above the head"),
    ],
)
def test_a_position_of_another_log_is_refused_with_a_reason(
    served: ServedHub, connect: Connect, epoch: str | None, ahead: int
) -> None:
    """What cannot be resumed is `recovered: false` with nothing replayed, never a part."""
    head = publish(served)
    client = connect("?channels=")
    ours = welcomed(client)["epoch"]

    since = {"epoch": epoch or ours, "offset": head + ahead}
    reply = ask(client, type="subscribe", channel="contracts", since=since)

    assert (reply["recovered"], reply["reason"]) == (False, "epoch_changed")
    assert reply["offset"] == reply["head"] == head
    assert publish(served) == client.next()["offset"]


def test_history_replays_the_last_ones_first(served: ServedHub, connect: Connect) -> None:
    """`history: n` replays the last n events; the reply's offset is the one before them."""
    expected = [publish(served, f"c-{n}") for n in range(4)]
    client = connect("?channels=")
    welcomed(client)

    reply = ask(client, type="subscribe", channel="contracts", history=3)

    assert (reply["offset"], reply["head"]) == (expected[0], expected[-1])
    assert reply["recovered"] is False
    assert offsets(client, 3) == expected[1:]


def test_snapshot_is_the_state_and_then_what_follows(served: ServedHub, connect: Connect) -> None:
    """A snapshot holds each entity once at one offset; the next push is the next offset."""
    publish(served, "c-snap", status="active")
    head = publish(served, "c-snap", status="inactive", timestamp="2024-01-02T12:00:00")
    client = connect("?channels=")
    welcomed(client)

    reply = ask(client, type="subscribe", channel="contracts", snapshot=True, id=7)
    items = []
    more = True
    while more:
        page = client.next()
        assert (page["type"], page["channel"]) == ("snapshot", "contracts")
        items += page["items"]
        more = page["more"]

    assert (reply["type"], reply["reply_to"], reply["offset"]) == ("subscribed", 7, head)
    found = [json.dumps(item) for item in items if "c-snap" in json.dumps(item)]
    assert len(found) == 1
    assert "inactive" in found[0]
    assert publish(served) == client.next()["offset"]


def test_subscribing_again_replaces_the_subscription(served: ServedHub, connect: Connect) -> None:
    """After a second subscribe of a channel each new event still comes once."""
    client = connect()
    epoch = welcomed(client)["epoch"]
    first = publish(served)
    assert client.next()["offset"] == first

    reply = ask(client, type="subscribe", channel="contracts", since=f"{epoch}:{first - 1}")

    assert reply["recovered"] is True
    assert client.next()["offset"] == first
    assert publish(served) == client.next()["offset"]
    assert ask(client, type="ping")["type"] == "pong"


def test_unsubscribe_ends_the_pushes(served: ServedHub, connect: Connect) -> None:
    """After `unsubscribed` nothing of that channel comes."""
    client = connect()
    welcomed(client)

    reply = ask(client, type="unsubscribe", channel="contracts", id="u")
    publish(served)

    assert reply == {"type": "unsubscribed", "reply_to": "u", "channel": "contracts"}
    assert ask(client, type="ping")["type"] == "pong"
