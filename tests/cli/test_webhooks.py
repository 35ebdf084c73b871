"""`hub webhooks`: what the commands ask of a hub, and what they show of its answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.commands import Finished, invoke
from support.hooks import Hook, Receiver, Said, receiver

SECRET = "whsec_" + "a" * 43 + "="
WEBHOOK = {
    "id": "ep_1",
    "url": "https://shop.example/hook",
    "owner": "anna",
    "state": "active",
    "why": "",
    "event_types": ["job_*"],
    "channels": [],
    "where": {},
    "description": "the shop",
    "keys": [{"id": "wk_1", "kind": "v1", "public_key": None}],
    "health": {"circuit": "closed", "failures": 0},
    "waiting": {},
}
DELIVERY = {
    "id": "dl_1",
    "webhook_id": "ep_1",
    "event": {"id": "e-1", "type": "job_update"},
    "state": "dead",
    "attempts": 10,
    "reason": "exhausted",
    "created_at": "2026-11-21T09:00:00.000000Z",
    "due_at": None,
    "tried": [
        {
            "at": "2026-11-21T09:00:00.000000Z",
            "number": 1,
            "status": 500,
            "total_ms": 12.4,
            "address": "192.0.2.1",
            "failure": "status",
            "detail": "answered 500\x1b[2J",
        }
    ],
}
REPLAY = {"id": "rp_1", "state": "running", "seen": 3, "again": 2}


def answering(*values: object, status: int = 200) -> Callable[[Hook], Said]:
    """Answer with these as JSON, in turn; the last one stays."""
    left = [*values]

    def answer(_: Hook) -> Said:
        value = left.pop(0) if len(left) > 1 else left[0]
        return Said(status, (("content-type", "application/json"),), json.dumps(value).encode())

    return answer


def asked(taking: Receiver) -> list[tuple[str, Any]]:
    """Return what the hub was asked."""
    return [
        (f"{hook.method} {hook.path}", json.loads(hook.body) if hook.body else None)
        for hook in taking.hooks
    ]


def hub(taking: Receiver, *args: str) -> Finished:
    """Run a command against a hub that is played."""
    return invoke("webhooks", *args, HUB_URL=f"http://127.0.0.1:{taking.port}", HUB_TOKEN="t")  # noqa: S106


@pytest.mark.parametrize(
    ("args", "line", "body"),
    [
        pytest.param(["show", "ep_1"], "GET /api/webhooks/ep_1", None, id="show"),
        pytest.param(
            ["pause", "ep_1", "--reason", "x"],
            "POST /api/webhooks/ep_1/pause",
            {"reason": "x"},
            id="pause",
        ),
        pytest.param(["resume", "ep_1"], "POST /api/webhooks/ep_1/resume", None, id="resume"),
        pytest.param(
            ["resume", "ep_1", "--held", "discard"],
            "POST /api/webhooks/ep_1/resume",
            {"held": "discard"},
            id="resume without what was held",
        ),
        pytest.param(
            ["resume", "ep_1", "--adopt"],
            "POST /api/webhooks/ep_1/resume",
            {"adopt": True},
            id="resume one of nobody",
        ),
        pytest.param(["delete", "ep/1"], "DELETE /api/webhooks/ep%2F1", None, id="delete"),
        pytest.param(
            ["create", "https://a/"], "POST /api/webhooks", {"url": "https://a/"}, id="create"
        ),
        pytest.param(
            [
                *("create", "https://a/", "--events", "job_*", "--events", "x", "--ordered"),
                *("--retry", "5s", "--retry", "2h", "--rate", "0.5", "--header", "X-Team: a:b"),
                *("--where", "location=Mumbai", "--encrypt", '{"kty":"OKP"}', "--pointer", "/data"),
            ],
            "POST /api/webhooks",
            {
                "url": "https://a/",
                "event_types": ["job_*", "x"],
                "ordered": True,
                "schedule": [5.0, 7200.0],
                "rate_per_s": 0.5,
                "headers": {"X-Team": "a:b"},
                "where": {"location": ["Mumbai"]},
                "encryption": {"jwk": {"kty": "OKP"}, "pointers": ["/data"]},
            },
            id="create with everything",
        ),
        pytest.param(
            ["rotate", "ep_1", "--overlap", "0s"],
            "POST /api/webhooks/ep_1/rotate-secret",
            {"overlap_s": 0},
            id="rotate",
        ),
    ],
)
def test_a_command_is_one_request(args: list[str], line: str, body: object) -> None:
    """As whoever HUB_TOKEN is; what was not said is left to the hub."""
    with receiver(answering(WEBHOOK | {"secret": SECRET})) as taking:
        finished = hub(taking, *args)

    assert finished.code == 0, finished.err
    assert asked(taking) == [(line, body)]
    assert taking.hooks[0].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize("args", [["create", "https://a/"], ["rotate", "ep_1"]])
def test_a_secret_stands_alone_on_stdout(args: list[str]) -> None:
    """So that it can be piped where it belongs; what people read is on stderr."""
    with receiver(answering(WEBHOOK | {"secret": SECRET})) as taking:
        finished = hub(taking, *args)

    assert finished.out == f"{SECRET}\n"
    assert "ep_1" in finished.err
    assert "shown this once" in finished.err


def test_a_public_key_stands_there_where_there_is_no_secret() -> None:
    """The receiver verifies with it; the hub keeps the other half."""
    keys = [{"id": "wk_1", "kind": "v1a", "public_key": "whpk_x"}]
    with receiver(answering(WEBHOOK | {"secret": None, "keys": keys})) as taking:
        finished = hub(taking, "create", "https://a/", "--signature", "v1a")

    assert finished.out == "whpk_x\n"


def test_the_list_has_every_page() -> None:
    """And shows how each fares."""
    sick = WEBHOOK | {
        "id": "ep_2", "state": "disabled", "why": "gone",
        "health": {"circuit": "open", "failures": 7}, "waiting": {"held": 3},
    }  # fmt: skip
    pages = ({"webhooks": [WEBHOOK], "next": "b"}, {"webhooks": [sick], "next": None})
    with receiver(answering(*pages)) as taking:
        finished = hub(taking, "list")

    first, second = finished.out.splitlines()
    assert [line for line, _ in asked(taking)] == [
        "GET /api/webhooks?limit=100",
        "GET /api/webhooks?limit=100&before=b",
    ]
    assert "active" in first
    for word in ("disabled", "circuit open", "7 failures", "3 waiting", "gone"):
        assert word in second


def test_json_is_the_hubs_answer() -> None:
    """The list as one value, everything as the hub said it."""
    with receiver(answering({"webhooks": [WEBHOOK], "next": None})) as taking:
        finished = hub(taking, "list", "-o", "json")

    assert json.loads(finished.out) == [WEBHOOK]


@pytest.mark.parametrize(("delivered", "code"), [(True, 0), (False, 1)])
def test_a_test_that_was_not_taken_is_a_failure(delivered: bool, code: int) -> None:  # noqa: FBT001
    """Scripts go by the exit code."""
    outcome = {
        "id": "e", "delivered": delivered, "status": 204 if delivered else None,
        "failure": None if delivered else "timeout", "duration_ms": 12.0,
    }  # fmt: skip
    with receiver(answering(outcome)) as taking:
        finished = hub(taking, "test", "ep_1")

    assert finished.code == code
    assert ("✓ taken" in finished.out) == delivered


def test_deliveries_are_chosen_by_the_hub() -> None:
    """States, type and time go along; a next page is told."""
    page = {"deliveries": [DELIVERY], "next": 7}
    with receiver(answering(page)) as taking:
        finished = hub(
            taking, "deliveries", "ep_1", "--state", "dead", "--state", "held", "--events", "job_*"
        )

    ((line, _),) = asked(taking)
    assert line == (
        "GET /api/webhooks/ep_1/deliveries?state=dead%2Cheld&event_type=job_%2A&limit=50"
    )
    for word in ("dl_1", "dead", "exhausted", "job_update"):
        assert word in finished.out
    assert "before=7" in finished.err


def test_a_delivery_shows_its_attempts() -> None:
    """Without what a receiver could make a terminal do."""
    with receiver(answering(DELIVERY)) as taking:
        finished = hub(taking, "deliveries", "dl_1")

    assert asked(taking)[0][0] == "GET /api/deliveries/dl_1"
    assert "500" in finished.out
    assert "\x1b" not in finished.out


def test_one_delivery_is_sent_again() -> None:
    """By its own route."""
    with receiver(answering(DELIVERY | {"state": "pending"})) as taking:
        finished = hub(taking, "replay", "dl_1")

    assert asked(taking) == [("POST /api/deliveries/dl_1/replay", None)]
    assert "pending" in finished.out


def test_a_replay_is_followed_to_its_end() -> None:
    """How far it is stands on stderr, what came of it on stdout."""
    with receiver(answering(REPLAY, REPLAY | {"state": "done", "again": 5})) as taking:
        finished = hub(taking, "replay", "ep_1", "--state", "dead", "--wait")

    assert asked(taking) == [
        ("POST /api/webhooks/ep_1/replay", {"states": ["dead"]}),
        ("GET /api/replays/rp_1", None),
    ]
    assert "3 looked at, 2 to be sent again" in finished.err
    assert "done" in finished.out
    assert "5 sent again" in finished.out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param(["replay", "dl_1", "--wait"], "a delivery alone", id="waiting for one"),
        pytest.param(["replay", "ep_1", "--channel", "jobs"], "--after", id="half a position"),
        pytest.param(["create", "u", "--header", "secret"], "NAME: VALUE", id="no header"),
        pytest.param(["create", "u", "--pointer", "/a"], "--encrypt", id="pointer without key"),
    ],
)
def test_wrong_usage_is_told(args: list[str], said: str) -> None:
    """Before anything is asked."""
    with receiver() as taking:
        finished = hub(taking, *args)

    assert finished.code == 2
    assert said in finished.err
    assert taking.hooks == []


def test_a_refusal_is_told() -> None:
    """With the hub's words and exit code 4."""
    problem = {"code": "webhook_not_found", "detail": "expected a webhook, found no ep_9"}
    with receiver(answering(problem, status=404)) as taking:
        finished = hub(taking, "show", "ep_9")

    assert finished.code == 4
    assert "found no ep_9" in finished.err
