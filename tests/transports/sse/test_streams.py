"""Streams of a real hub, under uvicorn with its HTTP parser of ours and under plain ones."""

import asyncio
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from hub.model.event import DEFAULT_CHANNELS
from hub.transports.http.corked import CorkedProtocol
from support.log_lines import logging_to, read
from support.sockets import Carrier, HubThread, hub_thread, publish, until
from support.sse import listening, old_client, plain_client

OURS = Carrier(http=CorkedProtocol)
HEARTBEAT_S = 0.05


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(OURS, id="our protocol"),
        pytest.param(Carrier(loop="asyncio", http="h11"), id="asyncio and h11"),
    ],
)
def hub(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubThread]:
    """A hub that is carried in different ways."""
    with hub_thread(tmp_path_factory.mktemp("hub"), request.param) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubThread]:
    """A hub as `hub serve` runs it."""
    with hub_thread(tmp_path_factory.mktemp("hub"), OURS) as found:
        yield found


def url(hub: HubThread) -> str:
    """Return where it listens."""
    return f"http://127.0.0.1:{hub.port}"


def count(hub: HubThread) -> int:
    """Return how many connections it counts."""
    found: int = get(hub, "/ws/status").json()["connections"]
    return found


def get(hub: HubThread, path: str, **headers: str) -> httpx.Response:
    """Ask for something that ends."""
    with plain_client(url(hub)) as client:
        return client.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})


def refused(hub: HubThread, query: str, **headers: str) -> Any:
    """Return the problem that a stream is refused with."""
    answer = get(hub, f"/api/events{query}", **headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.json()


def test_a_stream_tells_events_as_they_come(hub: HubThread) -> None:
    """The same objects as a history, as `message`, each with the positions after it."""
    with listening(url(hub), "?channels=contracts,jobs") as stream:
        welcome = stream.next()
        begun = stream.begun("contracts", "jobs")
        offset = publish(hub)

        (told,) = stream.take(1)

    history = get(hub, "/contracts/history?limit=1").json()
    epoch, jobs = history["epoch"], begun["jobs"]["offset"]
    assert welcome.type == "welcome"
    assert told.json == history["events"][0]
    assert (told.json["offset"], begun["contracts"]["offset"]) == (offset, offset - 1)
    assert told.id == f"{epoch};contracts={offset};jobs={jobs}"
    assert 1_000 <= stream.browser.retry_ms <= 4_000


def test_its_head_keeps_it_from_being_kept(hub: HubThread) -> None:
    """No cache, no proxy's buffer, no compression; and no demand on Accept."""
    with listening(url(hub), Accept="application/json", Accept_Encoding="gzip") as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["connection"] == "close"
        assert "content-encoding" not in stream.headers


def test_head_opens_nothing(hub: HubThread) -> None:
    """The same head, no body, nobody to count; and the connection goes on."""
    with plain_client(url(hub)) as client:
        answer = client.head("/api/events")
        wrong = client.head("/api/events?channels=nowhere")

        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"] == "text/event-stream"
        assert wrong.status_code == 404
        assert count(hub) == 0


def test_without_channels_it_follows_the_default_ones(hub: HubThread) -> None:
    """Like a socket that asks for nothing."""
    with listening(url(hub)) as stream:
        assert list(stream.begun(*DEFAULT_CHANNELS)) == list(DEFAULT_CHANNELS)


def test_a_parameter_may_repeat(hub: HubThread) -> None:
    """As lists of forms do; each channel is followed once."""
    with listening(url(hub), "?channels=jobs&channels=contracts,jobs") as stream:
        assert list(stream.begun("jobs", "contracts")) == ["jobs", "contracts"]


def test_who_returns_gets_what_it_missed(hub: HubThread) -> None:
    """By Last-Event-ID, each once and in order, then what is new; other channels are ignored."""
    with listening(url(hub), "?channels=contracts") as stream:
        stream.begun("contracts")
        first = publish(hub)
        assert stream.offsets(1) == [first]
        last = stream.browser.last_id
    missed = [publish(hub) for _ in range(3)]

    with listening(url(hub), "?channels=contracts", Last_Event_ID=f"{last};nowhere=5") as stream:
        begun = stream.begun("contracts")["contracts"]
        live = publish(hub)
        seen = stream.offsets(4)

    assert (begun["recovered"], begun["offset"], begun["reason"]) == (True, first, None)
    assert seen == [*missed, live]


@pytest.mark.parametrize("name", ["since", "last_event_id"])
def test_who_cannot_set_a_header_says_it_in_the_address(hub: HubThread, name: str) -> None:
    """A page that has kept its position, and libraries; what a browser sends goes before it."""
    publish(hub)
    last = publish(hub)
    epoch = get(hub, "/contracts/history").json()["epoch"]
    query = f"?channels=contracts&{name}={quote(f'{epoch};contracts={last - 2}')}"

    with listening(url(hub), query) as stream:
        assert stream.offsets(2) == [last - 1, last]
    newer = f"{epoch};contracts={last - 1}"
    with listening(url(hub), query, Last_Event_ID=newer) as stream:
        assert stream.offsets(1) == [last]


def test_an_empty_position_is_none(hub: HubThread) -> None:
    """Libraries send their parameter before they have an id."""
    with listening(url(hub), "?channels=jobs&last_event_id=&since=") as stream:
        assert stream.begun("jobs")["jobs"]["recovered"] is False


def test_a_position_of_another_log_is_refused_and_said(hub: HubThread) -> None:
    """The loss is told, then the channel begins now; a new id only when all have begun."""
    with listening(url(hub), "?channels=contracts", Last_Event_ID="other;contracts=1") as stream:
        welcome, begun = stream.next(), stream.next()
        offset = publish(hub)
        (told,) = stream.take(1)

    assert (welcome.type, welcome.id) == ("welcome", "other;contracts=1")
    assert (begun.json["recovered"], begun.json["reason"]) == (False, "epoch_changed")
    assert begun.json["offset"] == offset - 1
    assert told.id.endswith(f";contracts={offset}")


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        pytest.param("history=2", "message", id="with the last events"),
        pytest.param("snapshot=true", "snapshot", id="with a snapshot"),
    ],
)
def test_where_it_cannot_resume_it_begins_as_the_address_says(
    hub: HubThread, query: str, kind: str
) -> None:
    """A page whose position is gone paints what there is, without being asked."""
    publish(hub, "c-1")
    last = publish(hub, "c-2")
    query = f"?channels=contracts&{query}"

    with listening(url(hub), query, Last_Event_ID="other;contracts=1") as stream:
        refused = stream.begun("contracts")["contracts"]
        anew = stream.begun("contracts")["contracts"]
        told = stream.named(kind)
        if kind == "snapshot":
            assert {"c-1", "c-2"} <= {item["contract_id"] for item in told.json["items"]}
            assert anew["offset"] == last
        else:
            assert (told.json["offset"], anew["offset"]) == (last - 1, last - 2)
            assert stream.offsets(1) == [last]

    assert (refused["reason"], anew["reason"]) == ("epoch_changed", None)


def test_what_it_can_resume_it_does_not_begin_anew(hub: HubThread) -> None:
    """A browser asks for the same address again, with the position it has come to."""
    publish(hub, "c-1")
    with listening(url(hub), "?channels=contracts&snapshot=true") as stream:
        stream.named("snapshot")
        last = stream.browser.last_id
    offset = publish(hub, "c-2")

    with listening(url(hub), "?channels=contracts&snapshot=true", Last_Event_ID=last) as stream:
        told = [stream.next() for _ in range(3)]

    assert [each.type for each in told] == ["welcome", "subscribed", "message"]
    assert told[-1].json["offset"] == offset


def test_history_comes_first(hub: HubThread) -> None:
    """The last events, then what is new."""
    last = [publish(hub) for _ in range(3)][-1]

    with listening(url(hub), "?channels=contracts&history=2") as stream:
        stream.begun("contracts")
        live = publish(hub)
        assert stream.offsets(3) == [last - 1, last, live]


def test_a_filter_lets_its_events_through(hub: HubThread) -> None:
    """`where` as a socket says it; the position moves past the others by heartbeats."""
    where = quote(json.dumps({"location": ["Chennai", "Hyderabad"]}))

    with listening(url(hub), f"?channels=contracts&where={where}") as stream:
        start = stream.begun("contracts")["contracts"]["offset"]
        publish(hub, location="Mumbai")
        wanted = publish(hub, location="Chennai")
        (told,) = stream.take(1)

    assert (told.json["offset"], told.json["prev"]) == (wanted, start)
    assert told.json["data"]["location"] == "Chennai"


def test_a_conflated_stream_gets_the_newest(hub: HubThread) -> None:
    """Of each value of the key, so often at most; a terminal event at once."""
    with listening(url(hub), "?channels=jobs&conflate=job_id:0.01") as stream:
        stream.begun("jobs")
        job = hub.post("/api/jobs", {})["job_id"]
        for percentage in (10, 20, 30):
            report = {"status": "RUNNING", "progress": {"percentage": percentage}}
            hub.post(f"/api/jobs/{job}/status", report)
        hub.post(f"/api/jobs/{job}/complete", {"final_status": "DONE"})
        created, done = stream.take(2)

    assert created.json["data"]["status"] == "PENDING"
    assert done.json["data"]["status"] == "DONE"


def test_an_event_of_any_text_stays_in_its_block(hub: HubThread) -> None:
    """Line breaks of every kind, and what looks like fields of a stream."""
    text = "a\n\ndata: b\r\revent: error\r\nid: x\u2028\u2029\u0085:\n"
    hub.post("/api/channels/notes/events", {"type": "note", "data": {"first": 1}})

    with listening(url(hub), "?channels=notes") as stream:
        stream.begun("notes")
        hub.post("/api/channels/notes/events", {"type": "note", "data": {"text": text}})
        (told,) = stream.take(1)

    assert told.json["data"] == {"text": text}


def test_streams_are_counted_and_leave_nothing(hub: HubThread) -> None:
    """Among connections and subscriptions, until the client goes."""
    with (
        listening(url(hub), "?channels=jobs") as one,
        listening(url(hub), "?channels=jobs,contracts") as other,
    ):
        one.begun("jobs")
        other.begun("jobs", "contracts")
        status = get(hub, "/ws/status").json()

    assert status["connections"] == 2
    assert status["subscriptions"] == {"contracts": 1, "jobs": 2}
    until(lambda: count(hub) == 0)
    assert not hub.node._fanout.interest.followers
    assert "sse-" not in str(hub.call(_names_of_tasks))


async def _names_of_tasks() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks()]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("since=17", "since", id="an offset"),
        pytest.param("since=e1;jobs", "since", id="half a position"),
        pytest.param("last_event_id=e1;jobs=-1", "last_event_id", id="a negative offset"),
        pytest.param("channels=", "channels", id="no channel"),
        pytest.param(
            "channels=" + ",".join(f"c{n}" for n in range(65)), "channels", id="too many channels"
        ),
        pytest.param("history=-1", "history", id="a negative count"),
        pytest.param("history=1001", "history", id="too many events"),
        pytest.param("history=1&snapshot=true", "snapshot", id="two beginnings"),
        pytest.param("where=Mumbai", "where", id="no JSON"),
        pytest.param("where=[]", "where", id="no object"),
        pytest.param("where={}", "where", id="no name"),
        pytest.param('where={"a":[]}', "where.a", id="no value"),
        pytest.param('where={"a":{"b":1}}', "where", id="a value that is none"),
        pytest.param("where=" + "[" * 2_000, "where", id="a deep one"),
        pytest.param("conflate=", "conflate.key", id="no key"),
        pytest.param("conflate=job_id:fast", "conflate", id="no rate"),
        pytest.param("conflate=job_id:121", "conflate.max_hz", id="too fast"),
        pytest.param("conflate=job_id:nan", "conflate.max_hz", id="not a number"),
        pytest.param("chanels=jobs", "chanels", id="a misspelt name"),
    ],
)
def test_a_wrong_address_is_refused(server: HubThread, query: str, field: str) -> None:
    """422, with the parameter, what was expected and what came; nothing is opened."""
    problem = refused(server, f"?{query}")

    assert (problem["status"], problem["code"]) == (422, "validation_failed")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_wrong_last_event_id_is_refused(server: HubThread) -> None:
    """To take it for none would lose events silently."""
    problem = refused(server, "", Last_Event_ID="17")

    assert (problem["status"], problem["errors"][0]["field"]) == (422, "Last-Event-ID")


@pytest.mark.parametrize("channel", ["nowhere", "Jobs", "a%0Ab", "x" * 200])
def test_a_channel_that_is_none_is_refused(server: HubThread, channel: str) -> None:
    """404, whatever the name, and also when others are there."""
    problem = refused(server, f"?channels=jobs,{channel}")

    assert (problem["status"], problem["code"]) == (404, "channel_not_found")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({"Origin": "https://evil.example"}, "foreign_origin", id="a foreign page"),
        pytest.param({"Host": "evil.example"}, "foreign_host", id="a foreign name"),
        pytest.param({"X_Forwarded_For": "8.8.8.8"}, "proxied_in_open_mode", id="a proxy"),
    ],
)
def test_the_door_is_that_of_every_route(
    server: HubThread, headers: dict[str, str], code: str
) -> None:
    """403 before anything is looked at."""
    assert refused(server, "", **headers)["code"] == code


def test_another_method_is_told_which_there_are(server: HubThread) -> None:
    """405 with Allow."""
    with plain_client(url(server)) as client:
        answer = client.post("/api/events")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_client_of_http_1_0_gets_the_bare_events(server: HubThread) -> None:
    """No chunks, which it would take for lines; the end of the connection is the end."""
    with old_client(server.port, "?channels=contracts") as (stream, _):
        stream.begun("contracts")
        offset = publish(server)

        assert "transfer-encoding" not in stream.headers
        assert stream.headers["connection"] == "close"
        assert stream.offsets(1) == [offset]


def test_a_request_behind_a_stream_does_not_keep_it(tmp_path: Path) -> None:
    """The client goes with a request waiting behind its stream: that ends like others."""
    log = io.StringIO()
    with logging_to(log), hub_thread(tmp_path, OURS) as hub:
        with socket.create_connection(("127.0.0.1", hub.port)) as sock:
            sock.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: count(hub) == 1)
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            peers: Any = hub._server.server_state.connections
            until(lambda: any(peer.pipeline for peer in tuple(peers)))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        until(lambda: publish(hub) > 0 and count(hub) == 0)

    assert {line["level"] for line in read(log)} == {"info"}


def test_heartbeats_keep_it_open(tmp_path: Path) -> None:
    """A comment for proxies, and where the client stands, past what it does not see."""
    where = quote('{"location":"Chennai"}')
    with (
        hub_thread(tmp_path, OURS, heartbeat_s=HEARTBEAT_S) as hub,
        listening(url(hub), f"?channels=contracts&where={where}") as stream,
    ):
        stream.begun("contracts")
        unseen = publish(hub, location="Mumbai")
        beats = [stream.named("heartbeat")]
        while beats[-1].json["positions"] != {"contracts": unseen}:
            beats.append(stream.named("heartbeat"))

    assert beats[-1].id.endswith(f";contracts={unseen}")
    assert stream.browser.comments == len(beats)


def test_one_line_in_the_log_at_the_end(tmp_path: Path) -> None:
    """With what it was told and by which name; none at the start."""
    log = io.StringIO()
    with logging_to(log), hub_thread(tmp_path, OURS) as hub:
        with listening(url(hub), "?channels=jobs") as stream:
            client = stream.named("welcome").json["client_id"]
            stream.begun("jobs")
            publish(hub)
            early = log.getvalue()
        until(lambda: count(hub) == 0)

    (line,) = [line for line in read(log) if line.get("client_id") == client]
    assert client not in early
    assert (line["event"], line["path"], line["status"]) == ("request", "/api/events", 200)
    assert line["frames_out"] == 2
    assert {"error", "warning"}.isdisjoint(line["level"] for line in read(log))
