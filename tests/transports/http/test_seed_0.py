"""Seed 0, job status webhooks: every request, answer and field of the document."""

import datetime as dt
import uuid
from typing import Any

import httpx
import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATION = {
    "input_data": {
        "pop_file_path": "populacja/data.xlsx",
        "pdf_directory": "pdfs/",
        "validation_mode": "full",
    },
    "metadata": {"user_id": "user123", "session_id": "session456"},
}
PROGRESS = {
    "current_step": "PDF Processing",
    "total_steps": 5,
    "completed_steps": 2,
    "percentage": 40,
    "estimated_remaining": "5 minutes",
}
REPORT = {"status": "RUNNING", "progress": PROGRESS, "message": "Processing PDF files..."}
SUMMARY = {
    "total_records_processed": 1500,
    "validation_issues_found": 23,
    "high_risk_records": 5,
    "processing_time": 180.5,
    "artifacts_generated": 4,
}
ARTIFACTS = [
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
COMPLETION = {
    "final_status": "DONE",
    "summary": SUMMARY,
    "final_artifacts": ARTIFACTS,
    "completion_message": "Audit completed successfully",
}


class Client:
    """The document's own functions, as it has them, against a real hub."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._headers = {"Authorization": "Bearer mcp_webhook_token_12345"}

    async def push_status(
        self, job_id: str, status: str, progress: Any = None, message: str | None = None
    ) -> Any:
        """`push_status`: nulls are sent for what is not given."""
        payload = {"status": status, "progress": progress, "message": message}
        path = f"/api/jobs/{job_id}/status"
        return (await self._http.post(path, json=payload, headers=self._headers)).json()

    async def pull_job(self, job_id: str, *, include_history: bool = False) -> Any:
        """`pull_job`: `requests` writes Python's False as it is spelled."""
        params = {"include_history": str(include_history)}
        path = f"/api/jobs/{job_id}"
        return (await self._http.get(path, params=params, headers=self._headers)).json()

    async def complete_job(
        self, job_id: str, final_status: str, summary: Any = None, artifacts: Any = None
    ) -> Any:
        """`complete_job`: without a message."""
        payload = {"final_status": final_status, "summary": summary, "final_artifacts": artifacts}
        path = f"/api/jobs/{job_id}/complete"
        return (await self._http.post(path, json=payload, headers=self._headers)).json()


@pytest_asyncio.fixture(loop_scope="module")
async def job_id(http: httpx.AsyncClient) -> str:
    """The document's job."""
    created: str = (await http.post("/api/jobs", json=CREATION)).json()["job_id"]
    return created


def is_time(text: str) -> bool:
    """Say whether a text is an ISO 8601 time in UTC."""
    return dt.datetime.fromisoformat(text).utcoffset() == dt.timedelta(0)


async def test_creation_answers_with_exactly_the_documents_fields(
    http: httpx.AsyncClient,
) -> None:
    """A UUID, PENDING, a time and the document's words."""
    answer = await http.post("/api/jobs", json=CREATION)

    told = answer.json()
    assert answer.status_code == 201
    assert set(told) == {"job_id", "status", "created_at", "message"}
    assert str(uuid.UUID(told["job_id"])) == told["job_id"]
    assert is_time(told["created_at"])
    assert (told["status"], told["message"]) == ("PENDING", "Job created successfully")


async def test_a_job_may_be_created_from_nothing(http: httpx.AsyncClient) -> None:
    """Neither input nor metadata is required, and null is as good as nothing."""
    for body in ({}, {"input_data": None, "metadata": None}):
        created = (await http.post("/api/jobs", json=body)).json()
        job = (await http.get(f"/api/jobs/{created['job_id']}")).json()["job"]

        assert (job["input_data"], job["metadata"]) == ({}, {})


async def test_input_data_is_kept_as_it_came(http: httpx.AsyncClient) -> None:
    """`custom_rules` is any object, to any sane depth."""
    rules = {"max": 2**53, "deep": [[{"ü": [None, True, 0, -1.5, ""]}]], "": {}}
    data = {**CREATION["input_data"], "custom_rules": rules}

    created = (await http.post("/api/jobs", json={"input_data": data})).json()

    job = (await http.get(f"/api/jobs/{created['job_id']}")).json()["job"]
    assert job["input_data"] == data


async def test_a_report_is_shown_as_it_was_sent(http: httpx.AsyncClient, job_id: str) -> None:
    """The document's status update, then its retrieval."""
    answered = await http.post(f"/api/jobs/{job_id}/status", json=REPORT)

    view = (await http.get(f"/api/jobs/{job_id}")).json()
    job = view["job"]
    assert answered.status_code == 200
    assert set(view) == {"job", "history"}
    assert {
        "job_id", "status", "created_at", "updated_at",
        "input_data", "progress", "artifacts", "metadata",
    } <= set(job)  # fmt: skip
    assert (job["job_id"], job["status"]) == (job_id, "RUNNING")
    assert (job["progress"], job["message"]) == (PROGRESS, REPORT["message"])
    assert (job["input_data"], job["metadata"]) == (CREATION["input_data"], CREATION["metadata"])
    assert is_time(job["created_at"])
    assert is_time(job["updated_at"])


async def test_history_has_the_documents_four_words(http: httpx.AsyncClient, job_id: str) -> None:
    """Oldest first: the creation with its step, then each report."""
    await http.post(f"/api/jobs/{job_id}/status", json=REPORT)

    history = (await http.get(f"/api/jobs/{job_id}")).json()["history"]

    assert [set(entry) for entry in history] == [{"timestamp", "status", "message", "step"}] * 2
    assert [(entry["status"], entry["message"], entry["step"]) for entry in history] == [
        ("PENDING", "Job created", "initialization"),
        ("RUNNING", "Processing PDF files...", "PDF Processing"),
    ]
    assert all(is_time(entry["timestamp"]) for entry in history)


async def test_completion_keeps_summary_and_artifacts(http: httpx.AsyncClient, job_id: str) -> None:
    """The document's completion; `processing_time` stands in the metadata too."""
    answered = await http.post(f"/api/jobs/{job_id}/complete", json=COMPLETION)

    job = (await http.get(f"/api/jobs/{job_id}")).json()["job"]
    assert answered.status_code == 200
    assert (job["status"], job["message"]) == ("DONE", "Audit completed successfully")
    assert (job["summary"], job["artifacts"]) == (SUMMARY, ARTIFACTS)
    assert job["metadata"] == {**CREATION["metadata"], "processing_time": 180.5}


async def test_the_documents_client_runs_a_job(http: httpx.AsyncClient, job_id: str) -> None:
    """Its functions as they are written: nulls for what is not given, Python's False."""
    client = Client(http)

    reported = await client.push_status(job_id, "RUNNING")
    pulled = await client.pull_job(job_id)
    completed = await client.complete_job(job_id, "FAILED")
    with_history = await client.pull_job(job_id, include_history=True)

    assert (reported["status"], reported["applied"]) == ("RUNNING", True)
    assert set(pulled) == {"job"}
    assert completed["status"] == "FAILED"
    assert [entry["status"] for entry in with_history["history"]] == [
        "PENDING", "RUNNING", "FAILED"
    ]  # fmt: skip


@pytest.mark.parametrize("spelled", ["False", "false", "0"])
async def test_false_is_understood_as_it_is_spelled(
    http: httpx.AsyncClient, job_id: str, spelled: str
) -> None:
    """Whatever language wrote the query."""
    view = (await http.get(f"/api/jobs/{job_id}?include_history={spelled}")).json()

    assert "history" not in view


async def test_a_failure_tells_its_message(http: httpx.AsyncClient, job_id: str) -> None:
    """`metadata.error_message` holds what the report of the failure said."""
    await Client(http).push_status(job_id, "FAILED", message="no space left")

    metadata = (await http.get(f"/api/jobs/{job_id}")).json()["job"]["metadata"]
    assert metadata["error_message"] == "no space left"
    assert metadata["processing_time"] >= 0


@pytest.mark.parametrize("status", ["PENDING", "RUNNING", "NEEDS_INPUT", "FAILED", "DONE"])
async def test_each_status_of_the_document_can_be_reported(
    http: httpx.AsyncClient, job_id: str, status: str
) -> None:
    """A job that waits may be told to be anywhere."""
    answered = await Client(http).push_status(job_id, status)

    assert (answered["status"], answered["applied"]) == (status, True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("status", {"status": "BUSY"}, id="a status that is none"),
        pytest.param("status", {"status": "running"}, id="a status in lower case"),
        pytest.param("complete", {"final_status": "RUNNING"}, id="an end that is none"),
    ],
)
async def test_an_unknown_status_is_e_invalid_status(
    http: httpx.AsyncClient, job_id: str, path: str, body: dict[str, str]
) -> None:
    """422 with the document's word and the words that exist."""
    answer = await http.post(f"/api/jobs/{job_id}/{path}", json=body)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "E_INVALID_STATUS")
    assert "DONE" in problem["errors"][0]["expected"]


async def test_an_illegal_move_names_the_legal_ones(http: httpx.AsyncClient, job_id: str) -> None:
    """409 with the document's word, in a sentence and as a list."""
    client = Client(http)
    await client.push_status(job_id, "RUNNING")

    answer = await http.post(f"/api/jobs/{job_id}/status", json={"status": "PENDING"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "E_INVALID_STATUS")
    assert problem["legal_next"] == ["RUNNING", "NEEDS_INPUT", "FAILED", "DONE"]
    assert "NEEDS_INPUT, FAILED, DONE" in problem["detail"]


async def test_nothing_follows_an_end(http: httpx.AsyncClient, job_id: str) -> None:
    """The list of legal moves is there, and empty."""
    await Client(http).complete_job(job_id, "DONE")

    answer = await http.post(f"/api/jobs/{job_id}/status", json={"status": "RUNNING"})

    assert (answer.status_code, answer.json()["legal_next"]) == (409, [])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        pytest.param("GET", "", None, id="retrieval"),
        pytest.param("POST", "/status", {"status": "RUNNING"}, id="report"),
        pytest.param("POST", "/complete", {"final_status": "DONE"}, id="completion"),
        pytest.param("POST", "/input", {"input": 1}, id="input"),
        pytest.param("GET", "/artifacts/a.txt", None, id="download"),
    ],
)
async def test_an_unknown_job_is_e_job_not_found(
    http: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    """404 with the document's word, whatever is asked of it."""
    answer = await http.request(method, f"/api/jobs/{uuid.uuid4()}{path}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "E_JOB_NOT_FOUND")


async def test_a_question_is_asked_answered_and_refused(
    http: httpx.AsyncClient, job_id: str
) -> None:
    """NEEDS_INPUT: prompt and schema in the report, the answer checked against it."""
    request = {
        "prompt": "Which mode?",
        "schema": {"type": "string", "enum": ["full", "quick"]},
    }
    report = {"status": "NEEDS_INPUT", "input_request": request}
    await http.post(f"/api/jobs/{job_id}/status", json=report)
    asked = (await http.get(f"/api/jobs/{job_id}")).json()["job"]

    wrong = await http.post(f"/api/jobs/{job_id}/input", json={"input": "slow"})
    right = await http.post(f"/api/jobs/{job_id}/input", json={"input": "quick"})
    late = await http.post(f"/api/jobs/{job_id}/input", json={"input": "quick"})

    answered = (await http.get(f"/api/jobs/{job_id}")).json()["job"]
    assert asked["input_request"] == request
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "$.input")
    assert wrong.json()["errors"][0]["got"] == '"slow"'
    assert (right.status_code, right.json()["status"]) == (200, "RUNNING")
    assert (late.status_code, late.json()["code"]) == (409, "input_not_expected")
    assert (answered["input"], "input_request" in answered) == ("quick", False)


async def test_jobs_are_paged_newest_first(fresh: httpx.AsyncClient) -> None:
    """`GET /api/jobs` with `next`, by status and by user."""
    made = [(await fresh.post("/api/jobs", json=CREATION)).json()["job_id"] for _ in range(5)]
    await Client(fresh).push_status(made[0], "RUNNING")

    first = (await fresh.get("/api/jobs?limit=3")).json()
    rest = (await fresh.get("/api/jobs", params={"limit": 3, "before": first["next"]})).json()
    running = (await fresh.get("/api/jobs?status=RUNNING")).json()
    others = (await fresh.get("/api/jobs?user_id=somebody-else")).json()

    listed = [job["job_id"] for page in (first, rest) for job in page["jobs"]]
    assert listed == made[::-1]
    assert rest["next"] is None
    assert [job["job_id"] for job in running["jobs"]] == [made[0]]
    assert others == {"jobs": [], "next": None}


async def test_an_update_answers_where_its_event_stands(
    http: httpx.AsyncClient, job_id: str
) -> None:
    """The answer of a change names the event; the same end again has none to name."""
    first = (await http.post(f"/api/jobs/{job_id}/complete", json=COMPLETION)).json()
    again = (await http.post(f"/api/jobs/{job_id}/complete", json=COMPLETION)).json()

    events = (await http.get("/api/channels/jobs/history?limit=2")).json()["events"]
    assert (first["id"], first["offset"]) == (events[-1]["id"], events[-1]["offset"])
    assert set(first) - set(again) == {"id", "channel", "epoch", "offset"}
    assert [event["data"]["status"] for event in events] == ["PENDING", "DONE"]
