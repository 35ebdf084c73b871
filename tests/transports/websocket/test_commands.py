"""The session of docs/protocol.md, the same behind every adapter: questions and faults."""

import contextlib
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from support.sockets import (
    Connect,
    ServedHub,
    ask,
    publish,
    until,
    welcomed,
)

DEFAULT = {"contracts", "jobs", "tasks", "agents", "pipelines"}


# Questions.


def test_get_history_returns_the_last_events_oldest_first(
    served: ServedHub, connect: Connect
) -> None:
    """`get_history` answers for contracts by default, with the newest last."""
    expected = [publish(served, f"c-{n}") for n in range(3)]
    client = connect("?channels=")
    epoch = welcomed(client)["epoch"]

    reply = ask(client, type="get_history", limit=2, id="h")

    assert (reply["type"], reply["reply_to"], reply["channel"]) == ("history", "h", "contracts")
    assert (reply["epoch"], reply["offset"]) == (epoch, expected[-1])
    assert [event["offset"] for event in reply["events"]] == expected[1:]


def test_get_history_goes_both_ways(served: ServedHub, connect: Connect) -> None:
    """`before` reads what precedes an offset, `since` what follows it."""
    first, second, third = (publish(served, f"c-{n}") for n in range(3))
    client = connect("?channels=")
    epoch = welcomed(client)["epoch"]

    before = ask(client, type="get_history", limit=1, before=second)
    since = ask(client, type="get_history", since=f"{epoch}:{first}")

    assert [event["offset"] for event in before["events"]] == [first]
    assert [event["offset"] for event in since["events"]] == [second, third]


def test_an_event_is_the_same_in_push_and_history(served: ServedHub, connect: Connect) -> None:
    """A push and its event in history are equal, id and all."""
    client = connect()
    welcomed(client)
    publish(served)
    push = client.next()

    reply = ask(client, type="get_history", limit=1)

    assert reply["events"] == [push]


def test_get_status_tells_how_the_hub_is(connect: Connect) -> None:
    """`get_status` counts this client."""
    client = connect("?channels=jobs")
    epoch = welcomed(client)["epoch"]

    reply = ask(client, type="get_status", id="s")

    assert (reply["type"], reply["reply_to"], reply["epoch"]) == ("status", "s", epoch)
    assert reply["connections"] >= 1
    assert reply["subscriptions"]["jobs"] >= 1


def test_heartbeat_says_where_the_client_stands(served: ServedHub, connect: Connect) -> None:
    """A heartbeat on demand carries client_id and the positions after the last push."""
    client = connect("?channels=contracts")
    welcome = welcomed(client)
    offset = publish(served)
    client.next()

    reply = ask(client, type="heartbeat", id=1)

    assert (reply["type"], reply["reply_to"]) == ("heartbeat", 1)
    assert (reply["client_id"], reply["epoch"]) == (welcome["client_id"], welcome["epoch"])
    assert reply["positions"] == {"contracts": offset}


def test_ping_is_answered_with_the_time(connect: Connect) -> None:
    """The JSON ping gets a pong; without an id there is no reply_to."""
    client = connect("?channels=")
    welcomed(client)

    reply = ask(client, type="ping")

    assert reply.keys() == {"type", "server_time"}


def test_replies_come_in_the_order_of_the_commands(connect: Connect) -> None:
    """A fast command does not overtake one that reads the log."""
    client = connect("?channels=")
    welcomed(client)
    kinds = ["get_history", "ping", "get_status", "heartbeat", "get_history", "ping"] * 10

    for number, kind in enumerate(kinds):
        client.send({"type": kind, "id": number})

    assert [client.next()["reply_to"] for _ in kinds] == list(range(len(kinds)))


# Faults.


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        pytest.param({"type": "dance"}, "invalid_command", "type", id="unknown type"),
        pytest.param({}, "invalid_command", "type", id="no type"),
        pytest.param({"type": 7}, "invalid_command", "type", id="type of a wrong kind"),
        pytest.param({"type": "subscribe"}, "invalid_command", "channel", id="field missing"),
        pytest.param(
            {"type": "ping", "colour": 1}, "invalid_command", "colour", id="field unknown"
        ),
        pytest.param(
            {"type": "subscribe", "channel": "nowhere"},
            "channel_not_found",
            "nowhere",
            id="channel unknown",
        ),
        pytest.param(
            {"type": "unsubscribe", "channel": "alerts"},
            "invalid_command",
            "alerts",
            id="channel not followed",
        ),
        pytest.param(
            {"type": "subscribe", "channel": "jobs", "history": -1},
            "invalid_command",
            "history",
            id="history negative",
        ),
        pytest.param(
            {"type": "subscribe", "channel": "jobs", "history": 1, "snapshot": True},
            "invalid_command",
            "several",
            id="two ways to begin",
        ),
        pytest.param(
            {"type": "subscribe", "channel": "jobs", "since": "12"},
            "invalid_command",
            "position",
            id="since is no position",
        ),
        pytest.param({"type": "get_history", "limit": 0}, "invalid_command", "limit", id="limit"),
        pytest.param(
            {"type": "get_history", "since": 2**63}, "invalid_command", "offset", id="huge offset"
        ),
    ],
)
def test_a_bad_command_is_answered_and_the_connection_stays(
    connect: Connect, command: dict[str, Any], code: str, words: str
) -> None:
    """An error reply names code, what was expected and a page; the next command works."""
    client = connect("?channels=")
    welcomed(client)

    reply = ask(client, **command, id="bad")

    assert (reply["type"], reply["reply_to"]) == ("error", "bad")
    assert "channel" not in reply
    assert reply["details"]["code"] == code
    assert words in reply["details"]["message"]
    assert reply["details"]["help"].endswith(f"/docs/errors/{code}")
    assert {"error", "timestamp"} < reply.keys()
    assert ask(client, type="ping")["type"] == "pong"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("hello", id="no JSON"),
        pytest.param("", id="nothing"),
        pytest.param("[]", id="a list"),
        pytest.param('"ping"', id="a string"),
        pytest.param("null", id="null"),
        pytest.param('{"type":"ping"', id="cut off"),
        pytest.param('{"type":"ping"} x', id="something behind"),
        pytest.param("[" * 20_000, id="nested without end"),
    ],
)
def test_text_that_is_no_json_object_closes_with_4500(connect: Connect, text: str) -> None:
    """Such a client is broken and must not come back: 4500, and a reason in JSON."""
    client = connect("?channels=")
    welcomed(client)

    client.send(text)

    code, reason = client.ended()
    assert code == 4500
    assert json.loads(reason) == {"code": "bad_frame"}


def test_a_binary_frame_closes_with_1003(connect: Connect) -> None:
    """hub.v1.json is text frames."""
    client = connect("?channels=")
    welcomed(client)

    client.send(b'{"type":"ping"}')

    assert client.ended()[0] == 1003


def test_a_frame_over_the_limit_closes_with_1009(connect: Connect) -> None:
    """One byte over HUB_MAX_FRAME_BYTES is too big."""
    client = connect("?channels=")
    welcomed(client)

    client.send(" " * (64 * 1024 + 1))

    assert client.ended()[0] == 1009


def test_a_frame_at_the_limit_is_read(connect: Connect) -> None:
    """Exactly HUB_MAX_FRAME_BYTES is taken."""
    client = connect("?channels=")
    welcomed(client)

    client.send('{"type":"ping"}'.rjust(64 * 1024))

    assert client.next()["type"] == "pong"


def test_what_follows_a_fatal_frame_is_not_answered(connect: Connect) -> None:
    """Between a bad frame and the close nothing is said, whatever the client sent behind it."""
    client = connect("?channels=")
    welcomed(client)

    client.send({"type": "get_status", "id": 1})
    client.send("nonsense")
    # The close may be there before this is sent.
    with contextlib.suppress(ConnectionClosed):
        client.send({"type": "ping", "id": 2})

    assert client.next()["reply_to"] == 1
    assert client.ended()[0] == 4500


def test_a_client_that_leaves_is_forgotten(connect: Connect) -> None:
    """After a close the hub counts one connection less."""
    watcher = connect("?channels=")
    welcomed(watcher)
    client = connect("?channels=")
    welcomed(client)
    before = ask(watcher, type="get_status")["connections"]

    client.close()

    until(lambda: ask(watcher, type="get_status")["connections"] == before - 1)


@pytest.mark.parametrize("kind", [["subscribe"], {"a": 1}, None, 7])
def test_a_type_that_is_no_word_is_an_error_reply(connect: Connect, kind: object) -> None:
    """Whatever stands there, the connection stays."""
    client = connect("?channels=")
    welcomed(client)

    assert ask(client, type=kind, id=1)["details"]["code"] == "invalid_command"
