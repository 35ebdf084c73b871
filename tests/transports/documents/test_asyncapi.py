"""The served AsyncAPI document: valid, whole, and true to the frames that travel."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import jsonschema_rs
import msgspec
import pytest
from websockets.asyncio.client import connect

from hub.realtime import commands, replies
from hub.transports.http.documents.closes import CLOSES
from support.documents import asyncapi, schema_of
from support.running import CONTRACT, RunningHub

OFFICIAL = Path(__file__).parents[2] / "vectors" / "asyncapi-3.0.0.json"
COMMANDS: dict[str, dict[str, Any]] = {
    "subscribe": {"channel": "contracts", "since": {"epoch": "a", "offset": 1}},
    "unsubscribe": {"channel": "contracts"},
    "get_history": {"limit": 1},
    "get_status": {},
    "heartbeat": {},
    "ping": {},
}


def payload(key: str) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of a message."""
    schema = schema_of(asyncapi(), asyncapi()["components"]["messages"][key]["payload"])
    return jsonschema_rs.Draft202012Validator(schema)


def test_it_is_valid_asyncapi() -> None:
    """The official JSON Schema of AsyncAPI 3.0 has nothing to say against the document."""
    official = jsonschema_rs.validator_for(msgspec.json.decode(OFFICIAL.read_bytes()))

    assert [fault.message for fault in official.iter_errors(asyncapi())] == []


async def test_the_hub_serves_what_the_types_make(http: httpx.AsyncClient) -> None:
    """What is served is what these tests look at, but for the version."""
    served = (await http.get("/asyncapi.json")).json()

    served["info"]["version"] = asyncapi()["info"]["version"]
    assert served == asyncapi()


def references(value: Any) -> Iterator[str]:
    """Yield every `$ref` of a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_leads_somewhere() -> None:
    """A schema cannot say that; a dangling reference breaks every tool."""
    for reference in references(asyncapi()):
        place: Any = asyncapi()
        for step in reference.removeprefix("#/").split("/"):
            assert step in place, reference
            place = place[step]


@pytest.mark.parametrize(
    ("direction", "union"),
    [
        pytest.param("command", commands.Command, id="commands"),
        pytest.param("reply", replies.Reply, id="replies"),
        pytest.param("push", replies.Push, id="pushes"),
    ],
)
def test_every_frame_is_described(direction: str, union: Any) -> None:
    """Each member of the unions that the code reads and writes by is a message."""
    words = {kind.__struct_config__.tag for kind in get_args(union)}

    described = {
        message["name"]
        for key, message in asyncapi()["components"]["messages"].items()
        if key.startswith(f"{direction}.")
    }
    assert words <= described


def test_every_command_has_an_operation_with_its_replies() -> None:
    """The hub receives each command, and may refuse each."""
    operations = asyncapi()["operations"]

    for word in COMMANDS:
        answers = [ref["$ref"] for ref in operations[f"receive.{word}"]["reply"]["messages"]]
        assert "#/channels/ws/messages/reply.error" in answers
        assert len(answers) == 2


def test_close_codes_are_listed() -> None:
    """A client finds every close code and its verdict in the document."""
    listed = asyncapi()["channels"]["ws"]["x-close-codes"]

    assert [(row["code"], row["comes_back"]) for row in listed] == [
        (close.code, close.comes_back) for close in CLOSES
    ]


@pytest.mark.parametrize("word", COMMANDS)
def test_a_documented_command_is_one_that_the_hub_reads(word: str) -> None:
    """What the schema allows the hub takes, and what it forbids the hub refuses."""
    command = {"type": word, "id": 1, **COMMANDS[word]}

    payload(f"command.{word}").validate(command)

    assert isinstance(commands.read(msgspec.json.encode(command)), commands.Command)
    assert not payload(f"command.{word}").is_valid({**command, "unheard_of": 1})


async def test_frames_on_a_real_socket_are_as_documented(hub: RunningHub) -> None:
    """Welcome, replies, snapshot, history, events and errors all fit their schemas."""
    seen: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=hub.url) as http, connect(hub.ws) as socket:
        await http.post("/update", json=CONTRACT)
        await http.post("/update", json={**CONTRACT, "timestamp": "2020-01-01T00:00:00"})
        await http.post("/test/update", json=CONTRACT)
        await http.post("/api/jobs", json={})
        for command in (
            {"type": "subscribe", "channel": "contracts", "snapshot": True},
            {"type": "subscribe", "channel": "jobs", "since": {"epoch": "gone", "offset": 1}},
            {"type": "get_history"},
            {"type": "get_status"},
            {"type": "heartbeat"},
            {"type": "ping"},
            {"type": "unsubscribe", "channel": "jobs"},
            {"type": "sing"},
        ):
            await socket.send(msgspec.json.encode({**command, "id": 7}).decode())
        async with asyncio.timeout(10):
            while not seen or seen[-1]["type"] != "error":
                seen.append(msgspec.json.decode(await socket.recv()))

    for frame in seen:
        direction = "reply" if "reply_to" in frame else "event" if "id" in frame else "push"
        payload(f"{direction}.{frame['type']}").validate(frame)
    assert {frame["type"] for frame in seen} == {
        *("welcome", "snapshot", "contract_update", "contract_stale", "job_update", "error"),
        *("subscribed", "history", "status", "heartbeat", "pong", "unsubscribed"),
    }
