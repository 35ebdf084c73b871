"""What each method sends, to the letter of the contracts."""

import json
from typing import Any

import httpx
import pytest

from client.fakes import Caller, contract

OK = httpx.Response(200, json={"status": "ok"})
PROGRESS = {"current_step": "PDF", "percentage": 40}


@pytest.mark.parametrize(
    ("method", "args", "named", "line", "body"),
    [
        ("send_contract", [contract()], {}, "POST /update", contract()),
        ("test_contract", [contract()], {}, "POST /test/update", contract()),
        (
            "create_job",
            [{"pop_file_path": "a"}, {"user_id": "u"}],
            {},
            "POST /api/jobs",
            {"input_data": {"pop_file_path": "a"}, "metadata": {"user_id": "u"}},
        ),
        ("jobs.create", [], {}, "POST /api/jobs", {"input_data": {}, "metadata": {}}),
        (
            "push_status",
            ["j/1", "RUNNING"],
            {},
            "POST /api/jobs/j%2F1/status",
            {"status": "RUNNING", "progress": None, "message": None},
        ),
        (
            "jobs.push_status",
            ["j", "NEEDS_INPUT", PROGRESS, "Which?"],
            {"input_request": {"prompt": "Which?", "schema": {}}},
            "POST /api/jobs/j/status",
            {
                "status": "NEEDS_INPUT",
                "progress": PROGRESS,
                "message": "Which?",
                "input_request": {"prompt": "Which?", "schema": {}},
            },
        ),
        (
            "complete_job",
            ["j", "FAILED"],
            {},
            "POST /api/jobs/j/complete",
            {"final_status": "FAILED", "summary": None, "final_artifacts": None},
        ),
        (
            "jobs.complete",
            ["j"],
            {"summary": {"n": 1}, "artifacts": [{"name": "a"}], "message": "done"},
            "POST /api/jobs/j/complete",
            {
                "final_status": "DONE",
                "summary": {"n": 1},
                "final_artifacts": [{"name": "a"}],
                "completion_message": "done",
            },
        ),
        ("jobs.answer", ["j", 5], {}, "POST /api/jobs/j/input", {"input": 5}),
        (
            "publish",
            ["room.1", "moved", {"x": 1}],
            {},
            "POST /api/channels/room.1/events",
            {"type": "moved", "data": {"x": 1}},
        ),
        (
            "publish",
            ["r", "moved", [1], "k"],
            {},
            "POST /api/channels/r/events",
            {"type": "moved", "data": [1], "key": "k"},
        ),
        (
            "publish_many",
            ["r", [{"type": "a", "data": 1}]],
            {},
            "POST /api/channels/r/events",
            [{"type": "a", "data": 1}],
        ),
    ],
)
def test_a_post_is_the_seeds_body(
    caller: Caller, method: str, args: list[Any], named: dict[str, Any], line: str, body: object
) -> None:
    """Paths, fields and nulls are those of the contracts, and the answer is its JSON."""
    caller.answer(OK)

    answer = caller.call(method, *args, **named, options={"token": "t"})

    (request,) = caller.requests
    assert answer == {"status": "ok"}
    assert f"{request.method} {request.url.raw_path.decode()}" == line
    assert json.loads(request.content) == body
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("method", "args", "named", "target"),
    [
        ("contracts_status", [], {}, "/contracts/status"),
        ("pull_job", ["j"], {}, "/api/jobs/j?include_history=false"),
        ("pull_job", ["j", True], {}, "/api/jobs/j?include_history=true"),
        ("jobs.get", ["j"], {"include_history": True}, "/api/jobs/j?include_history=true"),
        ("jobs.list", [], {}, "/api/jobs"),
        ("jobs.list", [], {"status": "RUNNING", "limit": 2}, "/api/jobs?status=RUNNING&limit=2"),
        ("history", [], {"limit": 0}, "/api/channels/contracts/history?limit=0"),
        ("history", ["jobs"], {"since": 3}, "/api/channels/jobs/history?since=3"),
        ("history", ["jobs"], {"since": "e:3"}, "/api/channels/jobs/history?since=3&epoch=e"),
        ("history", ["r"], {"before": 9, "epoch": "e"}, "/api/channels/r/history?before=9&epoch=e"),
    ],
)  # fmt: skip
def test_a_get_names_only_what_was_asked(
    caller: Caller, method: str, args: list[Any], named: dict[str, Any], target: str
) -> None:
    """Parameters that were not given stay away, those that are 0 do not."""
    caller.answer(OK)

    caller.call(method, *args, **named)

    (request,) = caller.requests
    assert (request.method, request.url.raw_path.decode()) == ("GET", target)
    assert "Idempotency-Key" not in request.headers


@pytest.mark.parametrize(
    ("named", "body"),
    [
        ({}, {}),
        ({"durable": False}, {"durable": False}),
        ({"max_events": 5}, {"history": {"max_events": 5, "max_age_h": None}}),
        ({"durable": True, "max_age_h": 0.5},
         {"durable": True, "history": {"max_events": None, "max_age_h": 0.5}}),
    ],
)  # fmt: skip
def test_a_channel_is_defined_by_what_was_given(
    caller: Caller, named: dict[str, Any], body: object
) -> None:
    """What was not given is left to the hub; a PUT needs no key."""
    caller.answer(OK)

    caller.call("define_channel", "a/b", **named)

    (request,) = caller.requests
    assert (request.method, request.url.raw_path) == ("PUT", b"/api/channels/a%2Fb")
    assert json.loads(request.content) == body
    assert "Idempotency-Key" not in request.headers


def test_a_hub_below_a_path_keeps_its_path(caller: Caller) -> None:
    """Behind a proxy's prefix every path is below it."""
    caller.answer(OK)

    caller.call("contracts_status", options={"url": "http://h/hub/"})

    assert str(caller.requests[0].url) == "http://h/hub/contracts/status"


def test_an_empty_answer_is_an_empty_dict(caller: Caller) -> None:
    """204 says all there is to say."""
    caller.answer(httpx.Response(204))

    assert caller.call("send_contract", contract()) == {}
