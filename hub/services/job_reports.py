"""What callers report of a job, and what they are answered (seed 0)."""

from typing import Any

import msgspec

from hub.model.job import Artifact, InputRequest, Progress


class NewJob(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /api/jobs`."""

    input_data: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class StatusReport(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /api/jobs/{job_id}/status`."""

    status: str
    progress: Progress | None = None
    message: str | None = None
    input_request: InputRequest | None = None


class Completion(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /api/jobs/{job_id}/complete`."""

    final_status: str
    summary: dict[str, Any] | None = None
    final_artifacts: list[Artifact] | None = None
    completion_message: str | None = None


class JobAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /api/jobs/{job_id}/input`."""

    input: Any


class JobCreated(msgspec.Struct):
    """Answer of `POST /api/jobs`, to the letter of seed 0."""

    job_id: str
    status: str
    created_at: str
    message: str


class JobChanged(msgspec.Struct, kw_only=True):
    """Answer of every later update of a job; no `id` and no position when nothing changed."""

    job_id: str
    status: str
    updated_at: str
    message: str | None
    applied: bool
    id: str | msgspec.UnsetType = msgspec.UNSET
    channel: str | msgspec.UnsetType = msgspec.UNSET
    epoch: str | msgspec.UnsetType = msgspec.UNSET
    offset: int | msgspec.UnsetType = msgspec.UNSET
