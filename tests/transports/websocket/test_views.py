"""Views over real sockets, behind every adapter: MessagePack, filters and conflation."""

import pytest

from support.sockets import PACKED, Connect, ServedHub, ask, publish, welcomed

PUNE = {"where": {"location": ["Chennai"]}}


@pytest.mark.parametrize("subprotocol", ["hub.v1.json", PACKED])
def test_both_formats_say_the_same(connect: Connect, served: ServedHub, subprotocol: str) -> None:
    """Replies, snapshots, histories and events, in the format that was agreed on."""
    client = connect("?channels=", [subprotocol])
    welcomed(client)
    offset = publish(served, "c-1", location="Mumbai")

    snapshot = ask(client, type="subscribe", channel="contracts", snapshot=True, id=1)
    page = client.next()
    after = publish(served, "c-2", location="Chennai")
    event = client.next()
    history = ask(client, type="get_history", limit=1)

    assert client.subprotocol == subprotocol
    assert (snapshot["type"], snapshot["reply_to"]) == ("subscribed", 1)
    assert snapshot["offset"] == offset
    assert "c-1" in [item["contract_id"] for item in page["items"]]
    assert (event["offset"], event["data"]["contract_id"]) == (after, "c-2")
    assert history["events"] == [event]


@pytest.mark.parametrize("subprotocol", ["hub.v1.json", PACKED])
def test_a_filter_narrows_what_comes(connect: Connect, served: ServedHub, subprotocol: str) -> None:
    """And each event names the one before it."""
    client = connect("?channels=", [subprotocol])
    welcomed(client)
    reply = ask(client, type="subscribe", channel="contracts", **PUNE)

    publish(served, "c-1", location="Mumbai")
    first = publish(served, "c-2", location="Chennai")
    publish(served, "c-3", location="Mumbai")
    second = publish(served, "c-4", location="Chennai")
    events = [client.next(), client.next()]

    assert [(e["offset"], e["prev"]) for e in events] == [(first, reply["offset"]), (second, first)]


def test_a_conflated_client_reaches_the_latest_state(connect: Connect, served: ServedHub) -> None:
    """However many updates there were."""
    client = connect("?channels=")
    welcomed(client)
    conflate = {"key": "contract_id", "max_hz": 5}
    ask(client, type="subscribe", channel="contracts", conflate=conflate)

    last = max(publish(served, "c-1") for _ in range(20))
    seen = [client.next()["offset"]]
    while seen[-1] < last:
        seen.append(client.next()["offset"])

    assert len(seen) < 20
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"where": {}}, "where: expected 1 to 16 names", id="no name"),
        pytest.param({"where": {"a": {"b": 1}}}, "where", id="an object"),
        pytest.param({"where": []}, "where: expected `object | null`, got `array`", id="no map"),
        pytest.param({"conflate": {}}, "key: expected a value, got nothing", id="no key"),
        pytest.param({"conflate": {"key": "k", "max_hz": 0}}, "conflate.max_hz", id="never"),
        pytest.param({"conflate": {"key": "k", "hz": 1}}, "hz: expected no such", id="misspelt"),
    ],
)
def test_a_view_that_is_none_is_refused(
    connect: Connect, fields: dict[str, object], said: str
) -> None:
    """With the field, what was expected and what came; the connection stays."""
    client = connect("?channels=")
    welcomed(client)

    refusal = ask(client, type="subscribe", channel="contracts", **fields)

    assert refusal["details"]["code"] == "invalid_command"
    assert said in refusal["details"]["message"]
    assert ask(client, type="ping")["type"] == "pong"


def test_text_is_no_message_where_binary_was_agreed_on(connect: Connect) -> None:
    """1003: each connection has one kind of frames."""
    client = connect("?channels=", [PACKED])
    welcomed(client)

    client.send('{"type":"ping"}')

    assert client.ended()[0] == 1003
