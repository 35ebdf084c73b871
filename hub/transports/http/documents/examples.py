"""Examples of the served OpenAPI document: the seeds' own, to the letter, where they give one."""

from typing import Any, NamedTuple

from hub.transports.http.documents.operator_examples import OPERATOR_EXAMPLES
from hub.transports.http.documents.webhook_examples import WEBHOOK_EXAMPLES
from hub.transports.http.route import Route


class Example(NamedTuple):
    """What may be sent to an address, and what it may answer."""

    request: Any = None
    answer: Any = None


_JOB_ID = "550e8400-e29b-41d4-a716-446655440000"
_EVENT_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_EPOCH = "9f2c4e1a"

_UPDATE = {
    "contract_id": "external-123",
    "location": "Mumbai",
    "status": "active",
    "timestamp": "2024-01-01T12:00:00",
}
_NEW_JOB = {
    "input_data": {
        "pop_file_path": "populacja/data.xlsx",
        "pdf_directory": "pdfs/",
        "validation_mode": "full",
    },
    "metadata": {"user_id": "user123", "session_id": "session456"},
}
_JOB_CREATED = {
    "job_id": _JOB_ID,
    "status": "PENDING",
    "created_at": "2024-01-15T10:30:00Z",
    "message": "Job created successfully",
}
_PROGRESS = {
    "current_step": "PDF Processing",
    "total_steps": 5,
    "completed_steps": 2,
    "percentage": 40,
    "estimated_remaining": "5 minutes",
}
_REPORT = {"status": "RUNNING", "progress": _PROGRESS, "message": "Processing PDF files..."}
_ARTIFACTS = [
    {
        "name": "audit_report.xlsx",
        "path": "outputs/reports/audit_report_20240115.xlsx",
        "type": "excel_report",
        "size": 2048576,
        "description": "Comprehensive audit report",
    },
    {
        "name": "evidence_package.zip",
        "path": "outputs/evidence/evidence_20240115.zip",
        "type": "evidence_package",
        "size": 15728640,
        "description": "Complete evidence package",
    },
]
_COMPLETION = {
    "final_status": "DONE",
    "summary": {
        "total_records_processed": 1500,
        "validation_issues_found": 23,
        "high_risk_records": 5,
        "processing_time": 180.5,
        "artifacts_generated": 4,
    },
    "final_artifacts": _ARTIFACTS,
    "completion_message": "Audit completed successfully",
}
_JOB = {
    "job_id": _JOB_ID,
    "status": "RUNNING",
    "created_at": "2024-01-15T10:30:00Z",
    "updated_at": "2024-01-15T10:35:00Z",
    **_NEW_JOB,
    "progress": _PROGRESS,
    "artifacts": [],
}
_JOB_VIEW = {
    "job": _JOB,
    "history": [
        {
            "timestamp": "2024-01-15T10:30:00Z",
            "status": "PENDING",
            "message": "Job created",
            "step": "initialization",
        },
        {
            "timestamp": "2024-01-15T10:32:00Z",
            "status": "RUNNING",
            "message": "Processing POP data",
            "step": "pop_processing",
        },
    ],
}
_EVENT = {
    "type": "contract_update",
    "channel": "contracts",
    "offset": 17,
    "id": _EVENT_ID,
    "timestamp": "2024-01-01T12:00:00.250000Z",
    "data": _UPDATE,
}
_PLACE = {"id": _EVENT_ID, "channel": "contracts", "epoch": _EPOCH, "offset": 17}
_CHANGED = {
    "job_id": _JOB_ID,
    "updated_at": "2024-01-15T10:35:00.000000Z",
    "applied": True,
    "id": _EVENT_ID,
    "channel": "jobs",
    "epoch": _EPOCH,
    "offset": 4,
}
_HISTORY = {
    "channel": "contracts",
    "epoch": _EPOCH,
    "offset": 17,
    "oldest": 1,
    "complete": True,
    "events": [_EVENT],
    "next": 17,
}

_CHANNEL = {
    "channel": "orders.eu",
    "built_in": False,
    "durable": True,
    "history": {"max_events": 10_000, "max_age_h": 24.0},
    "readers": None,
    "head": 17,
    "oldest": 1,
    "followers": 3,
}

_RECORD = {
    "seq": 17,
    "timestamp": "2024-01-15T10:35:00.000000Z",
    "actor": "ops",
    "credential": "key:4f1c2a90",
    "action": "key.revoke",
    "target": "key:77aa01b2",
    "outcome": "done",
    "address": "10.0.0.7",
    "node": "c5d1e2f3",
    "details": {"reason": "lost"},
    "sealed": True,
}
_PAGE_OF_AUDIT = {"records": [_RECORD], "head": 17, "sealed": 17, "forgotten": 0, "next": 17}

_STREAM = f"""\
retry: 2750
event: subscribed
id: {_EPOCH};jobs=3
data: {{"type":"subscribed","channel":"jobs","epoch":"{_EPOCH}","offset":3,"head":3,\
"recovered":false,"reason":null}}

id: {_EPOCH};jobs=4
data: {{"type":"job_update","channel":"jobs","offset":4,"id":"{_EVENT_ID}",\
"timestamp":"2024-01-15T10:35:00.000000Z","data":{{"job_id":"{_JOB_ID}","status":"DONE"}}}}

"""
_KEY = {
    "id": "7tMx0Q4bVn2e",
    "name": "billing",
    "state": "active",
    "roles": ["service"],
    "scopes": ["events:read", "jobs:create"],
    "channels": ["jobs", "orders.*"],
    "created_at": "2024-01-01T12:00:00.000000Z",
    "created_by": "anna",
    "expires_at": "2090-01-01T00:00:00.000000Z",
    "last_used_at": None,
    "revoked_at": None,
    "old_secret_until": None,
}
# Cut short: what looks like a whole key is taken for a leaked one by those who scan for them.
_KEY_CREATED = {"token": "hub_7tMx0Q4bVn2e_…", "key": _KEY}
_REVOCATION = {
    "credential": "sub:anna",
    "at": "2024-01-01T12:00:00.000000Z",
    "until": "2090-01-01T00:00:00.000000Z",
}
_ONE_JOB = "/api/jobs/{job_id}"
_ONE_KEY = "/api/tokens/{token_id}"
_EXAMPLES = {
    ("POST", "/update"): Example(_UPDATE, {"status": "ok", **_PLACE, "applied": True}),
    ("POST", "/test/update"): Example(
        _UPDATE, {"status": "ok", "id": _EVENT_ID, "channel": "contracts", "test": True}
    ),
    ("GET", "/contracts/history"): Example(answer=_HISTORY),
    ("GET", "/api/events"): Example(answer=_STREAM),
    ("POST", "/api/jobs"): Example(_NEW_JOB, _JOB_CREATED),
    ("GET", "/api/jobs"): Example(answer={"jobs": [_JOB], "next": None}),
    ("GET", _ONE_JOB): Example(answer=_JOB_VIEW),
    ("POST", f"{_ONE_JOB}/status"): Example(
        _REPORT, {**_CHANGED, "status": "RUNNING", "message": "Processing PDF files..."}
    ),
    ("POST", f"{_ONE_JOB}/complete"): Example(
        _COMPLETION, {**_CHANGED, "status": "DONE", "message": "Audit completed successfully"}
    ),
    ("POST", f"{_ONE_JOB}/input"): Example(
        {"input": {"approved": True}},
        {**_CHANGED, "status": "RUNNING", "message": "Input received"},
    ),
    ("POST", "/api/tokens"): Example(
        {
            "name": "billing",
            "roles": ["service"],
            "scopes": ["events:read", "jobs:create"],
            "channels": ["jobs", "orders.*"],
            "expires_at": "2090-01-01T00:00:00Z",
        },
        _KEY_CREATED,
    ),
    ("GET", "/api/tokens"): Example(answer={"tokens": [_KEY], "next": None}),
    ("GET", _ONE_KEY): Example(answer=_KEY),
    ("POST", f"{_ONE_KEY}/rotate"): Example({"overlap_s": 3600}, _KEY_CREATED),
    ("POST", "/api/revocations"): Example(
        {"credential": "sub:anna", "until": "2090-01-01T00:00:00Z"}, _REVOCATION
    ),
    ("GET", "/api/revocations"): Example(answer={"revocations": [_REVOCATION]}),
    ("POST", "/api/ws/ticket"): Example(
        answer={"ticket": "…", "expires_at": "2024-01-01T12:00:30.000000Z"}
    ),
    ("PUT", "/api/channels/{channel}"): Example(
        {"durable": True, "history": {"max_events": 10_000, "max_age_h": 24}}, _CHANNEL
    ),
    ("GET", "/api/channels/{channel}"): Example(answer=_CHANNEL),
    ("GET", "/api/audit"): Example(answer=_PAGE_OF_AUDIT),
    ("GET", "/api/channels"): Example(answer={"channels": [_CHANNEL]}),
    ("POST", "/api/channels/{channel}/events"): Example(
        {"type": "order_placed", "data": {"order": 4711, "total": 99.5}, "key": "4711"},
        {
            "status": "ok",
            "channel": "orders.eu",
            "epoch": _EPOCH,
            "offset": 1,
            "ids": [_EVENT_ID],
        },
    ),
}

_TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_EXAMPLES["GET", "/api/events/{event_id}/trace"] = Example(
    answer={
        "id": _EVENT_ID,
        "channel": "contracts",
        "epoch": _EPOCH,
        "offset": 17,
        "type": "contract_update",
        "owner": "anonymous",
        "timestamp": "2024-01-01T12:00:00.250000Z",
        "trace": _TRACEPARENT,
        "accepted_by": "5b0e77d2",
        "accepted_at": "2024-01-01T12:00:00.249800Z",
        "committed_at": "2024-01-01T12:00:00.250700Z",
        "announced_at": "2024-01-01T12:00:00.250790Z",
        "nodes": [
            {
                "node": "5b0e77d2",
                "received_at": None,
                "delivered_at": "2024-01-01T12:00:00.250960Z",
                "clients": 12,
            },
            {
                "node": "c41f09aa",
                "received_at": "2024-01-01T12:00:00.251400Z",
                "delivered_at": "2024-01-01T12:00:00.251600Z",
                "clients": 3,
            },
        ],
        "incomplete": [],
        "webhooks": [],
    }
)


_MORE = {**WEBHOOK_EXAMPLES, **OPERATOR_EXAMPLES}
_EXAMPLES |= {place: Example(*pair) for place, pair in _MORE.items()}


def example_of(route: Route) -> Example:
    """Return the example of a route; empty where there is none."""
    for path in (route.path, route.path.removeprefix("/api")):
        if (route.method, path) in _EXAMPLES:
            return _EXAMPLES[route.method, path]
    return Example()
