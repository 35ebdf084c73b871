"""What an update makes of a job: pure steps from its row to its next state (seed 0).

`services.jobs` hands them to the publisher, which runs them inside the transaction that writes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from hub.errors import InputNotExpected, JobNotFound
from hub.model.answer_schema import check_answer
from hub.model.event import Event
from hub.model.job import (
    TERMINAL,
    Artifact,
    InputRequest,
    Job,
    check_move,
    merge_artifacts,
    merge_progress,
)
from hub.model.job_document import to_draft, to_entry
from hub.model.timestamp import to_rfc3339
from hub.model.unit import Decision, Rows
from hub.services.job_reports import (
    Completion,
    JobAnswer,
    JobChanged,
    JobCreated,
    NewJob,
    StatusReport,
)

_encode = msgspec.json.Encoder().encode


class Upload(msgspec.Struct):
    """An artifact whose content the hub holds."""

    name: str
    file_id: str
    size: int


# The job's next state, given the job and the time; or a refusal.
Step = Callable[[Job, int], Job]


def create(rows: Rows, *, job_id: str, owner: str, new: NewJob) -> Decision:
    """Make a job that waits to start."""
    job = Job(
        job_id=job_id,
        owner=owner,
        status="PENDING",
        created_at_us=rows.now_us,
        updated_at_us=rows.now_us,
        input_data=new.input_data or {},
        metadata=new.metadata or {},
        message="Job created",
    )
    created_at = to_rfc3339(job.created_at_us)
    answer = _encode(JobCreated(job_id, job.status, created_at, "Job created successfully"))
    entry = to_entry(job, step="initialization")
    return Decision((job, entry), (to_draft(job),), lambda _events: answer, status=201)


def change(
    rows: Rows,
    *,
    job_id: str,
    step: Step,
    epoch: str,
    end: str | None = None,
    note: str | None = None,
    owner: str | None = None,
) -> Decision:
    """Take a step with a job.

    Args:
        rows: Holds the job.
        job_id: Which one.
        step: What to make of it.
        epoch: The log's epoch; stands in the answer.
        end: Where the step leads: a job that has already ended there stays as it is.
        note: Message of the history entry, where that is not the job's own.
        owner: Whose jobs alone are there, for who asks; None: everybody's.

    Raises:
        JobNotFound: No such job.
        HubError: What the step refuses.
    """
    job = rows.job(job_id)
    if job is None or owner not in {None, job.owner}:
        raise missing(job_id)
    if job.status in TERMINAL and job.status == end:
        return Decision((), (), partial(_answer, job=job, epoch=epoch))
    changed = step(job, rows.now_us)
    changed = msgspec.structs.replace(changed, revision=job.revision + 1, updated_at_us=rows.now_us)
    entry = to_entry(changed, message=note)
    answer = partial(_answer, job=changed, epoch=epoch)
    return Decision((changed, entry), (to_draft(changed),), answer)


def report(job: Job, now_us: int, *, told: StatusReport) -> Job:
    """Move on, or tell of progress.

    Raises:
        IllegalTransition: The job cannot move there.
    """
    check_move(job, told.status)
    same = job.status == told.status
    asks = told.status == "NEEDS_INPUT"
    return msgspec.structs.replace(
        job,
        status=told.status,
        progress=merge_progress(job.progress, told.progress, same_status=same),
        message=told.message,
        input_request=_question(job, told) if asks else None,
        # The answer to an earlier question must not be taken for the answer to this one.
        input=msgspec.UNSET if asks and not same else job.input,
        metadata=_metadata(job, now_us, status=told.status, message=told.message),
    )


def complete(job: Job, now_us: int, *, end: Completion) -> Job:
    """End.

    Raises:
        IllegalTransition: The job has already ended otherwise.
    """
    check_move(job, end.final_status)
    metadata = _metadata(job, now_us, status=end.final_status, message=end.completion_message)
    took = (end.summary or {}).get("processing_time")
    if isinstance(took, int | float) and not isinstance(took, bool):
        metadata["processing_time"] = took
    return msgspec.structs.replace(
        job,
        status=end.final_status,
        summary=end.summary,
        artifacts=merge_artifacts(job.artifacts, end.final_artifacts, job.uploads),
        message=end.completion_message,
        metadata=metadata,
        input_request=None,
    )


def answer_input(job: Job, _now_us: int, *, answer: JobAnswer) -> Job:
    """Take the answer to the job's question and go on.

    Raises:
        InputNotExpected: The job asks nothing.
        InvalidFields: The answer does not meet the job's schema.
    """
    if job.status != "NEEDS_INPUT":
        raise InputNotExpected(f"expected job {job.job_id} in NEEDS_INPUT, it is {job.status}")
    check_answer(job.input_request.schema if job.input_request else None, answer.input)
    return msgspec.structs.replace(
        job, status="RUNNING", input=answer.input, input_request=None, message="Input received"
    )


def attach(job: Job, _now_us: int, *, upload: Upload) -> Job:
    """Add an uploaded artifact; also to a job that has ended, whose status and message stay."""
    artifact = Artifact(name=upload.name, size=upload.size)
    return msgspec.structs.replace(
        job,
        artifacts=merge_artifacts(job.artifacts, [artifact]),
        uploads={**job.uploads, upload.name: upload.file_id},
    )


def missing(job_id: str) -> JobNotFound:
    """Return the refusal for a job that is not there."""
    return JobNotFound(f"expected the id of a job, got {job_id[:80]!r}, which none has")


def _question(job: Job, told: StatusReport) -> InputRequest | None:
    return told.input_request or job.input_request


def _metadata(job: Job, now_us: int, *, status: str, message: str | None) -> dict[str, Any]:
    """Return the job's metadata, with what its end adds (seed 0)."""
    if status not in TERMINAL:
        return job.metadata
    took_s = round((now_us - job.created_at_us) / 1_000_000, 3)
    metadata = {**job.metadata, "processing_time": took_s}
    if status == "FAILED" and message is not None:
        metadata["error_message"] = message
    return metadata


def _answer(events: Sequence[Event], *, job: Job, epoch: str) -> bytes:
    answer = JobChanged(
        job_id=job.job_id,
        status=job.status,
        updated_at=to_rfc3339(job.updated_at_us),
        message=job.message,
        applied=bool(events),
    )
    for event in events:
        answer.id, answer.channel = event.id, event.channel
        answer.epoch, answer.offset = epoch, event.offset
    return _encode(answer)
