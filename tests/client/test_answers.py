"""What the hub's answers become."""

import httpx
import pytest

from client.fakes import Caller
from hub_client import (
    AuthenticationFailed,
    HubError,
    InvalidStatus,
    JobNotFound,
    RequestRefused,
    SerializationError,
    TimedOut,
    WebhookFailed,
)
from hub_client.calls.answer import unreachable

PAGE = "http://hub.test/docs/errors/E_INVALID_STATUS"


@pytest.mark.parametrize(
    ("method", "status", "problem", "kind", "code"),
    [
        pytest.param("pull_job", 404, {}, JobNotFound, "E_JOB_NOT_FOUND", id="a job's 404"),
        pytest.param(
            "jobs.download_artifact",
            404,
            {"code": "E_JOB_NOT_FOUND"},
            JobNotFound,
            "E_JOB_NOT_FOUND",
            id="an artifact's job",
        ),
        pytest.param(
            "jobs.download_artifact",
            404,
            {"code": "artifact_not_found"},
            RequestRefused,
            "artifact_not_found",
            id="an artifact itself",
        ),
        pytest.param(
            "pull_job", 409, {"code": "E_INVALID_STATUS"}, InvalidStatus, "E_INVALID_STATUS",
            id="a status that cannot be",
        ),
        pytest.param(
            "pull_job", 422, {"code": "validation"}, RequestRefused, "validation", id="validation"
        ),
        pytest.param("pull_job", 409, {"code": 7}, RequestRefused, "http_409", id="no word"),
        pytest.param(
            "pull_job", 401, {}, AuthenticationFailed, "E_AUTHENTICATION_FAILED", id="unknown"
        ),
        pytest.param(
            "pull_job", 403, {"code": "forbidden"}, AuthenticationFailed,
            "E_AUTHENTICATION_FAILED", id="not allowed",
        ),
        pytest.param("pull_job", 408, {}, TimedOut, "E_TIMEOUT", id="request timeout"),
        pytest.param(
            "pull_job", 429, {"code": "rate_limited"}, RequestRefused, "rate_limited", id="too fast"
        ),
        pytest.param(
            "pull_job", 503, {"code": "E_TIMEOUT"}, WebhookFailed, "E_WEBHOOK_FAILED",
            id="server errors are one code",
        ),
    ],
)  # fmt: skip
def test_a_refusal_is_one_exception(
    caller: Caller,
    method: str,
    status: int,
    problem: dict[str, object],
    kind: type[HubError],
    code: str,
) -> None:
    """The hub's own E_ word wins, then the status decides, then it is RequestRefused."""
    caller.answer(httpx.Response(status, json=problem))
    args = ("j", "a.txt") if "artifact" in method else ("j",)

    with pytest.raises(kind) as caught:
        caller.call(method, *args, options={"max_retries": 0})

    assert (type(caught.value), caught.value.code, caught.value.status) == (kind, code, status)
    assert caught.value.problem == problem


def test_an_error_carries_the_hubs_problem(caller: Caller) -> None:
    """Text, page and legal next states come from the answer."""
    problem = {
        "type": PAGE,
        "title": "Invalid status",
        "detail": "DONE is final",
        "code": "E_INVALID_STATUS",
        "legal_next": [],
    }
    caller.answer(httpx.Response(409, json=problem))

    with pytest.raises(InvalidStatus, match="HTTP 409: DONE is final") as caught:
        caller.call("push_status", "j", "RUNNING")

    assert caught.value.help == PAGE
    assert caught.value.problem["legal_next"] == []
    assert not caught.value.retryable


@pytest.mark.parametrize("page", ["about:blank", 5, None])
def test_a_type_that_is_no_page_is_no_help(caller: Caller, page: object) -> None:
    """Help is always an address."""
    caller.answer(httpx.Response(400, json={"type": page, "code": "bad"}))

    with pytest.raises(RequestRefused) as caught:
        caller.call("contracts_status")

    assert caught.value.help == "http://hub.test/docs/errors/bad"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff"])
def test_a_proxys_page_is_an_error_as_well(caller: Caller, body: bytes) -> None:
    """A refusal need not be JSON."""
    caller.answer(httpx.Response(400, content=body))

    with pytest.raises(RequestRefused, match="no reason given") as caught:
        caller.call("contracts_status")

    assert caught.value.code == "http_400"


def test_an_answer_that_cannot_be_unpacked_is_final() -> None:
    """Broken compression is E_SERIALIZATION_ERROR."""
    assert isinstance(unreachable(httpx.DecodingError("bad gzip")), SerializationError)
