"""What each method of `client.webhooks` sends."""

import inspect
import json
from typing import Any

import httpx
import pytest

from client.fakes import Caller
from hub_client import AsyncWebhooks, NetworkError, WebhookFailed, Webhooks

OK = httpx.Response(200, json={"status": "ok"})
URL = "https://shop.example/hook"


@pytest.mark.parametrize(
    ("method", "args", "named", "line", "body"),
    [
        ("create", [URL], {}, "POST /api/webhooks", {"url": URL}),
        (
            "create",
            [URL],
            {"event_types": ["job_*"], "ordered": False, "schedule": [], "rate_per_s": 0},
            "POST /api/webhooks",
            {
                "url": URL,
                "event_types": ["job_*"],
                "ordered": False,
                "schedule": [],
                "rate_per_s": 0,
            },
        ),
        ("list", [], {}, "GET /api/webhooks", None),
        ("list", [], {"limit": 2, "before": "b"}, "GET /api/webhooks?limit=2&before=b", None),
        ("get", ["ep/1"], {}, "GET /api/webhooks/ep%2F1", None),
        (
            "update",
            ["ep"],
            {"url": URL, "encryption": None},
            "PATCH /api/webhooks/ep",
            {"url": URL, "encryption": None},
        ),
        ("delete", ["ep"], {}, "DELETE /api/webhooks/ep", None),
        ("rotate_secret", ["ep"], {}, "POST /api/webhooks/ep/rotate-secret", {}),
        (
            "rotate_secret",
            ["ep"],
            {"overlap_s": 0, "signature": "v1a"},
            "POST /api/webhooks/ep/rotate-secret",
            {"overlap_s": 0, "signature": "v1a"},
        ),
        ("test", ["ep"], {}, "POST /api/webhooks/ep/test", None),
        ("pause", ["ep", "repair"], {}, "POST /api/webhooks/ep/pause", {"reason": "repair"}),
        ("resume", ["ep"], {}, "POST /api/webhooks/ep/resume", None),
        ("resume", ["ep"], {"adopt": True}, "POST /api/webhooks/ep/resume", {"adopt": True}),
        ("resume", ["ep", "leave"], {}, "POST /api/webhooks/ep/resume", {"held": "leave"}),
        ("deliveries", ["ep"], {}, "GET /api/webhooks/ep/deliveries", None),
        (
            "deliveries",
            ["ep"],
            {"state": "dead", "event_type": "job_*", "limit": 5, "before": 9},
            "GET /api/webhooks/ep/deliveries?state=dead&event_type=job_%2A&limit=5&before=9",
            None,
        ),
        ("attempts", ["ep"], {"limit": 5}, "GET /api/webhooks/ep/attempts?limit=5", None),
        ("delivery", ["dl"], {}, "GET /api/deliveries/dl", None),
        ("replay_delivery", ["dl"], {}, "POST /api/deliveries/dl/replay", None),
        ("replay", ["ep"], {}, "POST /api/webhooks/ep/replay", {}),
        (
            "replay",
            ["ep"],
            {"channel": "jobs", "after": "e:4"},
            "POST /api/webhooks/ep/replay",
            {"channel": "jobs", "after": "e:4"},
        ),
        ("replay_status", ["rp"], {}, "GET /api/replays/rp", None),
        ("cancel_replay", ["rp"], {}, "DELETE /api/replays/rp", None),
        ("replays", [], {"limit": 3}, "GET /api/replays?limit=3", None),
        ("cancel_delivery", ["dl"], {}, "POST /api/deliveries/dl/cancel", None),
        ("receipts", ["ep"], {}, "GET /api/webhooks/ep/receipts", None),
        (
            "register_callback",
            ["job", "j", URL],
            {"client_id": "shop"},
            "POST /api/callbacks",
            {"kind": "job", "id": "j", "client_id": "shop", "callback_url": URL},
        ),
        (
            "callbacks",
            [],
            {"kind": "job", "subject": "j"},
            "GET /api/callbacks?kind=job&id=j",
            None,
        ),
    ],
)
def test_a_call_is_one_request(
    caller: Caller, method: str, args: list[Any], named: dict[str, Any], line: str, body: object
) -> None:
    """What was not given stays away, what is 0, empty or None does not."""
    caller.answer(OK)

    answer = caller.call(f"webhooks.{method}", *args, **named)

    (request,) = caller.requests
    assert answer == {"status": "ok"}
    assert f"{request.method} {request.url.raw_path.decode()}" == line
    assert (json.loads(request.content) if request.content else None) == body
    # The hub keeps no answer that may hold a secret, and refuses a key for it.
    assert "Idempotency-Key" not in request.headers


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(httpx.ConnectError("away"), NetworkError, id="no answer"),
        pytest.param(httpx.Response(503), WebhookFailed, id="an answer that says nothing"),
    ],
)
@pytest.mark.parametrize("method", ["create", "rotate_secret", "test", "replay_delivery"])
def test_what_makes_something_new_is_sent_once(
    caller: Caller, method: str, answer: Any, error: type[Exception]
) -> None:
    """A second try could make a second endpoint, whose secret nobody has seen."""
    caller.answer(answer, OK)

    with pytest.raises(error):
        caller.call(f"webhooks.{method}", "x")

    assert len(caller.requests) == 1


def test_a_refusal_is_tried_again(caller: Caller) -> None:
    """Who was told to wait may come again: nothing was done."""
    caller.answer(httpx.Response(429, headers={"Retry-After": "1"}), OK)

    assert caller.call("webhooks.create", URL) == {"status": "ok"}


def test_both_clients_have_the_same_methods() -> None:
    """Who knows one knows the other."""

    def methods(kind: type) -> dict[str, object]:
        return {
            name: inspect.signature(method).replace(return_annotation=None)
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(Webhooks) == methods(AsyncWebhooks)
