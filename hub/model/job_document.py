"""How a job is told: to who reads it, in events, and in its own history (seed 0)."""

from typing import Any
from urllib.parse import quote

import msgspec

from hub.model.event import JOBS, Draft
from hub.model.job import Artifact, InputRequest, Job, JobEntry, Progress, Status
from hub.model.timestamp import to_rfc3339


class HistoryEntry(msgspec.Struct, kw_only=True):
    """One entry of `history`, as seed 0 shows it."""

    timestamp: str
    status: str
    message: str | None
    step: str | None


class JobDocument(msgspec.Struct, kw_only=True):
    """A job as its readers get it: seed 0's structure; the last four fields extend it."""

    job_id: str
    status: Status
    created_at: str
    updated_at: str
    input_data: dict[str, Any]
    progress: Progress
    artifacts: list[Artifact]
    metadata: dict[str, Any]
    message: str | msgspec.UnsetType = msgspec.UNSET
    summary: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    input_request: InputRequest | msgspec.UnsetType = msgspec.UNSET
    input: Any = msgspec.UNSET


def to_document(job: Job) -> JobDocument:
    """Return the job as its readers get it."""
    return JobDocument(
        job_id=job.job_id,
        status=job.status,
        created_at=to_rfc3339(job.created_at_us),
        updated_at=to_rfc3339(job.updated_at_us),
        input_data=job.input_data,
        progress=job.progress,
        artifacts=[_linked(job, artifact) for artifact in job.artifacts],
        metadata=job.metadata,
        message=_or_unset(job.message),
        summary=_or_unset(job.summary),
        input_request=_or_unset(job.input_request),
        input=job.input,
    )


def to_data(job: Job) -> bytes:
    """Return the `data` of a `job_update`: the job without what it was created from.

    `message` is always there, null when nothing was said: simple screens show it as it is.
    """
    document = msgspec.structs.asdict(to_document(job))
    del document["input_data"]
    document["message"] = job.message
    return msgspec.json.encode({k: v for k, v in document.items() if v is not msgspec.UNSET})


def to_draft(job: Job) -> Draft:
    """Return the event that tells of the job's newest state."""
    return Draft(
        channel=JOBS, type="job_update", data=to_data(job), key=job.job_id, owner=job.owner
    )


def to_entry(job: Job, *, message: str | None = None, step: str | None = None) -> JobEntry:
    """Return the line of the job's own history for its newest state.

    Args:
        job: The job as it now is.
        message: What to say, where that is not the job's own message.
        step: The step, where that is not the one of its progress.
    """
    return JobEntry(
        job.job_id,
        job.revision,
        job.updated_at_us,
        job.status,
        message or job.message,
        step or job.progress.current_step,
    )


def artifact_address(job_id: str, name: str) -> str:
    """Return the path under which the hub serves an uploaded artifact."""
    return f"/api/jobs/{job_id}/artifacts/{quote(name, safe='')}"


def _linked(job: Job, artifact: Artifact) -> Artifact:
    if artifact.name not in job.uploads:
        return artifact
    address = artifact_address(job.job_id, artifact.name)
    return msgspec.structs.replace(artifact, download_url=address)


def _or_unset(value: Any) -> Any:
    return msgspec.UNSET if value is None else value
