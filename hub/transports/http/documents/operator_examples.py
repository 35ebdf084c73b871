"""Examples of what operators ask of the hub."""

from collections.abc import Mapping
from typing import Any

_CLIENT_ID = "6c1f7a52-9b6e-4c53-8a0d-2f0a6d3a9c11"

_LATENCY = {"events": 240, "p50_ms": 1.6, "p95_ms": 4.1, "p99_ms": 7.3}
_NOW = {"events_in": 12.5, "events_out": 150.0, "connections": 12, "queued_bytes": 0}

# By method and address: what may be sent, and what may be answered.
OPERATOR_EXAMPLES: Mapping[tuple[str, str], tuple[Any, Any]] = {
    ("GET", "/api/connections"): (
        None,
        {
            "connections": [
                {
                    "client_id": _CLIENT_ID,
                    "node": "5b0e77d2",
                    "principal": "anna",
                    "connected_at": "2026-11-21T01:22:33.123456Z",
                    "client": "hub-client-python/0.1.0",
                    "protocol": "json",
                    "queued_bytes": 0,
                    "frames_out": 412,
                    "channels": 1,
                    "subscriptions": [
                        {
                            "channel": "contracts",
                            "position": "9f2c4e1a:17",
                            "behind": 0,
                            "mode": "live",
                            "where": {"location": ["Chennai", "Mumbai"]},
                            "conflate": {"key": "contract_id", "max_hz": 20.0},
                        }
                    ],
                    "address": "192.0.2.7",
                }
            ],
            "matching": 1,
            "next": None,
            "nodes": ["5b0e77d2", "c41f09aa"],
            "incomplete": [],
        },
    ),
    ("DELETE", "/api/connections/{client_id}"): (
        None,
        {
            "client_id": _CLIENT_ID,
            "node": "5b0e77d2",
            "principal": "anna",
            "close_code": 4509,
            "code": "disconnected",
        },
    ),
    ("GET", "/api/stats"): (
        None,
        {
            "at": "2026-11-21T01:22:34.000000Z",
            "every_s": 2,
            "now": {**_NOW, "latency": _LATENCY},
            "channels": [
                {
                    "channel": "contracts",
                    "head": 17,
                    "events_in": 12.5,
                    "events_out": 150.0,
                    "followers": 12,
                    "late": 0,
                    "behind": 0,
                }
            ],
            "points": [{"at": "2026-11-21T01:22:34.000000Z", **_NOW, "latency": _LATENCY}],
            "nodes": {
                "5b0e77d2": {
                    **_NOW,
                    "latency": _LATENCY,
                    "since": "2026-11-20T22:00:00.000000Z",
                }
            },
            "incomplete": [],
        },
    ),
}
