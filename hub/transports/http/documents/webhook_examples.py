"""Examples of what is asked and told of webhooks, by method and path."""

from typing import Any

_ONE = "/api/webhooks/{webhook_id}"
_DELIVERY = "/api/deliveries/{delivery_id}"
_REPLAY = "/api/replays/{replay_id}"
_ID = "ep_0f9a3c5be1d24c6f8a7b1e20"
_EVENT_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_DELIVERY_ID = "dl_01890a5d-ac97-7b11-8001-0c2f5d7a9e31"
_AT = "2024-01-01T12:00:00.250000Z"
_HASH = "9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"

_WEBHOOK: dict[str, Any] = {
    "id": _ID,
    "url": "https://example.com/hook",
    "owner": "billing",
    "state": "active",
    "why": "",
    "clearing": False,
    "event_types": ["contract_update", "job_*"],
    "channels": [],
    "where": {},
    "description": "",
    "ordered": False,
    "head": "block",
    "schedule": [5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0],
    "client_errors": "retry",
    "rate_per_s": 0.0,
    "concurrency": 8,
    "headers": [],
    "encryption": None,
    "signature": "v1",
    "keys": [
        {
            "id": "wk_7a1c0de4b2f94d6c9e3f5b80",
            "kind": "v1",
            "created_at": _AT,
            "until": None,
            "public_key": None,
        }
    ],
    "health": {"circuit": "closed", "failures": 0, "failing_since": None, "retry_at": None},
    "receipts": {"count": 0, "hash": ""},
    "waiting": {},
    "created_at": _AT,
    "updated_at": _AT,
}
# Cut short: whole, it would be taken for a leaked one by those who scan for them.
_CREATED = {**_WEBHOOK, "secret": "whsec_…"}
_DELIVERED: dict[str, Any] = {
    "id": _DELIVERY_ID,
    "webhook_id": _ID,
    "event": {
        "id": _EVENT_ID,
        "type": "contract_update",
        "channel": "contracts",
        "offset": 17,
        "key": "external-123",
        "timestamp": _AT,
    },
    "state": "pending",
    "round": 1,
    "attempts": 1,
    "reason": "status",
    "created_at": _AT,
    "due_at": "2024-01-01T12:00:05.250000Z",
    "ended_at": None,
}
_ATTEMPT = {
    "id": "at_01890a5d-ad10-7c02-9004-5a1b3c7d9e02",
    "delivery_id": _DELIVERY_ID,
    "webhook_id": _ID,
    "event_id": _EVENT_ID,
    "number": 1,
    "at": _AT,
    "worker": "5b0e77d2",
    "url": "https://example.com/hook",
    "address": "93.184.215.14",
    "status": 503,
    "failure": "status",
    "detail": "the receiver answered 503",
    "dns_ms": 3.1,
    "connect_ms": 21.4,
    "first_byte_ms": 48.0,
    "total_ms": 73.2,
    "sent_sha256": _HASH,
    "answer": {"encoding": "text", "body": "later", "bytes": 5, "sha256": _HASH},
    "receipt": 1,
    "previous": "",
    "hash": _HASH,
}
_REPLAYED = {
    "id": "rp_52c0f7be1d24c6f8a7b1e2aa",
    "webhook_id": _ID,
    "state": "running",
    "owner": "billing",
    "states": ["dead", "held"],
    "event_types": ["*"],
    "since": None,
    "channel": None,
    "after": None,
    "cursor": 0,
    "seen": 0,
    "again": 0,
    "created_at": _AT,
    "ended_at": None,
}
_TASK = "demo_task_123"
_CALLBACK_URL = "https://example.com/webhook/inspector_b"
_REGISTERED = {
    "status": "registered",
    "task_id": _TASK,
    "kind": "task",
    "id": _TASK,
    "client_id": "inspector_b",
    "callback_url": _CALLBACK_URL,
    "message": f"✅ Callback registered! You'll receive HTTP POST to {_CALLBACK_URL} when task "
    f"{_TASK} completes.",
    "registered_callbacks": 1,
    "timestamp": _AT,
    "callback_id": "cb_61d0b2f94d6c9e3f5b807a1c",
    "secret": "whsec_…",
}
_CALLBACKS = {
    "task_id": _TASK,
    "kind": "task",
    "id": _TASK,
    "callbacks": [
        {
            "callback_id": "cb_61d0b2f94d6c9e3f5b807a1c",
            "client_id": "inspector_b",
            "callback_url": _CALLBACK_URL,
            "state": "registered",
            "owner": "billing",
            "registered_at": _AT,
        }
    ],
    "registered_callbacks": 1,
    "timestamp": _AT,
}
# What is sent, and what is answered; None: nothing.
WEBHOOK_EXAMPLES: dict[tuple[str, str], tuple[Any, Any]] = {
    ("POST", "/api/webhooks"): (
        {
            "url": "https://example.com/hook",
            "event_types": ["contract_update", "job_*"],
            "where": {},
            "ordered": False,
        },
        _CREATED,
    ),
    ("GET", "/api/webhooks"): (None, {"webhooks": [_WEBHOOK], "next": None}),
    ("GET", _ONE): (None, _WEBHOOK),
    ("PATCH", _ONE): ({"where": {"location": ["Mumbai", "Chennai"]}, "rate_per_s": 5}, _WEBHOOK),
    ("DELETE", _ONE): (
        None,
        {"id": _ID, "url": "https://example.com/hook", "status": "removed"},
    ),
    ("POST", f"{_ONE}/rotate-secret"): ({"overlap_s": 3600}, _CREATED),
    ("POST", f"{_ONE}/test"): (
        None,
        {
            "id": _EVENT_ID,
            "delivered": True,
            "status": 204,
            "failure": None,
            "duration_ms": 73.2,
        },
    ),
    ("POST", f"{_ONE}/pause"): (
        {"reason": "moving house"},
        {**_WEBHOOK, "state": "paused", "why": "moving house"},
    ),
    ("POST", f"{_ONE}/resume"): (
        {"held": "send"},
        {**_WEBHOOK, "clearing": True, "waiting": {"held": 3}},
    ),
    ("GET", f"{_ONE}/deliveries"): (None, {"deliveries": [_DELIVERED], "next": None}),
    ("GET", f"{_ONE}/attempts"): (None, {"attempts": [_ATTEMPT], "next": None}),
    ("GET", _DELIVERY): (None, {**_DELIVERED, "tried": [_ATTEMPT]}),
    ("POST", f"{_DELIVERY}/replay"): (None, {**_DELIVERED, "round": 2, "attempts": 0}),
    ("POST", f"{_DELIVERY}/cancel"): (
        None,
        {**_DELIVERED, "state": "cancelled", "reason": "cancelled by billing"},
    ),
    ("POST", f"{_ONE}/replay"): ({"states": ["dead", "held"]}, _REPLAYED),
    ("GET", "/api/replays"): (None, {"replays": [_REPLAYED]}),
    ("GET", _REPLAY): (None, _REPLAYED),
    ("DELETE", _REPLAY): (None, {**_REPLAYED, "state": "cancelled", "ended_at": _AT}),
    ("POST", "/api/callbacks"): (
        {"task_id": _TASK, "client_id": "inspector_b", "callback_url": _CALLBACK_URL},
        _REGISTERED,
    ),
    ("GET", "/api/callbacks"): (None, _CALLBACKS),
    ("POST", "/webhook/{client_id}"): (
        None,
        {
            "status": "received",
            "client_id": "inspector_b",
            "verified": True,
            "verdict": f"signed by {_ID}",
        },
    ),
}
