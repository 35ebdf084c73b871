"""Requests about jobs, with the bodies that seed's clients send."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub_client.calls.request import Request, get, post
from hub_client.tracing import current


def create(
    input_data: Mapping[str, Any] | None, metadata: Mapping[str, Any] | None, key: str | None
) -> Request:
    """Return the request that creates a job."""
    payload = {"input_data": input_data or {}, "metadata": metadata or {}}
    return post("/api/jobs", payload, key=key)


def push_status(
    job_id: str,
    status: str,
    progress: Mapping[str, Any] | None,
    message: str | None,
    *,
    input_request: Mapping[str, Any] | None,
    key: str | None,
) -> Request:
    """Return the request that reports a job's status."""
    payload: dict[str, Any] = {"status": status, "progress": progress, "message": message}
    if input_request is not None:
        payload["input_request"] = input_request
    return post(f"{_path(job_id)}/status", payload, key=key, on_job=True)


def pull(job_id: str, *, include_history: bool) -> Request:
    """Return the request for one job."""
    return get(_path(job_id), on_job=True, include_history=include_history)


def page(
    *, status: str | None, limit: int | None, since: str | None, before: str | None
) -> Request:
    """Return the request for a page of jobs."""
    return get("/api/jobs", status=status, limit=limit, since=since, before=before)


def complete(
    job_id: str,
    final_status: str,
    summary: Mapping[str, Any] | None,
    artifacts: Sequence[Mapping[str, Any]] | None,
    *,
    message: str | None,
    key: str | None,
) -> Request:
    """Return the request that ends a job."""
    payload: dict[str, Any] = {
        "final_status": final_status,
        "summary": summary,
        "final_artifacts": artifacts,
    }
    if message is not None:
        payload["completion_message"] = message
    return post(f"{_path(job_id)}/complete", payload, key=key, on_job=True)


def answer(job_id: str, value: object, key: str | None) -> Request:
    """Return the request that answers a job in NEEDS_INPUT."""
    return post(f"{_path(job_id)}/input", {"input": value}, key=key, on_job=True)


def upload(job_id: str, name: str, content: bytes | Path, content_type: str) -> Request:
    """Return the request that stores an artifact; PUT is idempotent by itself."""
    headers = {"Content-Type": content_type, **current()}
    path = _artifact(job_id, name)
    return Request(method="PUT", path=path, headers=headers, upload=content, bulk=True)


def download(job_id: str, name: str) -> Request:
    """Return the request for an artifact's bytes."""
    return Request(method="GET", path=_artifact(job_id, name), bulk=True)


def _path(job_id: str) -> str:
    return f"/api/jobs/{quote(str(job_id), safe='')}"


def _artifact(job_id: str, name: str) -> str:
    return f"{_path(job_id)}/artifacts/{quote(name, safe='')}"
