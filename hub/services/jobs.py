"""Jobs (seed 0): create, report, complete, ask and answer, attach results."""

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from hub.errors import FieldError, InputNotExpected, InvalidFields, JobNotFound, UnknownStatus
from hub.model.answer_schema import check_answer, check_schema
from hub.model.contract import shown
from hub.model.event import JOBS, Event
from hub.model.job import (
    STATUSES,
    TERMINAL,
    Artifact,
    InputRequest,
    Job,
    JobEntry,
    check_artifacts,
    check_move,
    check_progress,
    merge_artifacts,
    merge_progress,
    to_draft,
    to_entry,
)
from hub.model.principal import Principal
from hub.model.timestamp import to_rfc3339
from hub.model.unit import Answered, Decision, IdempotencyKey, Rows, Unit
from hub.services.job_reports import (
    Completion,
    JobAnswer,
    JobChanged,
    JobCreated,
    NewJob,
    StatusReport,
)
from hub.services.publisher import Publisher
from hub.stores.base import JobQuery, Records

_encode = msgspec.json.Encoder().encode


class Upload(msgspec.Struct):
    """An artifact whose content the hub holds."""

    name: str
    file_id: str
    size: int


Step = Callable[[Job, int], Job]


class Jobs:
    """The updates and reads of jobs.

    Args:
        publisher: Where units go.
        records: Where reads come from.
        epoch: The log's epoch; stands in every answer.
    """

    def __init__(self, publisher: Publisher, records: Records, epoch: str) -> None:
        self._publisher = publisher
        self._records = records
        self._epoch = epoch

    async def create(
        self, principal: Principal, new: NewJob, key: IdempotencyKey | None
    ) -> Answered:
        """Create a job that waits to start."""
        decide = partial(_create, job_id=str(uuid.uuid4()), owner=principal.name, new=new)
        return await self._publisher.submit(Unit(principal.name, (), (JOBS,), decide, key))

    async def report(
        self, principal: Principal, job_id: str, report: StatusReport, key: IdempotencyKey | None
    ) -> Answered:
        """Move a job on, or tell its progress.

        Raises:
            JobNotFound: No such job.
            UnknownStatus: The word is no status.
            IllegalTransition: The job cannot move there.
            InvalidFields: Numbers, or an input request, that make no sense.
        """
        _check_report(report)
        step = partial(_report, report=report)
        return await self._change(principal, job_id, step, key, end=report.status)

    async def complete(
        self, principal: Principal, job_id: str, end: Completion, key: IdempotencyKey | None
    ) -> Answered:
        """End a job as DONE or FAILED; the same end again changes nothing.

        Raises:
            JobNotFound: No such job.
            UnknownStatus: The word is no final status.
            IllegalTransition: The job has already ended otherwise.
        """
        if end.final_status not in TERMINAL:
            raise UnknownStatus(
                [FieldError("$.final_status", "DONE or FAILED", shown(end.final_status))]
            )
        check_artifacts(end.final_artifacts, "$.final_artifacts")
        step = partial(_complete, end=end)
        return await self._change(principal, job_id, step, key, end=end.final_status)

    async def answer(
        self, principal: Principal, job_id: str, answer: JobAnswer, key: IdempotencyKey | None
    ) -> Answered:
        """Answer the question of a job in NEEDS_INPUT; it goes on RUNNING, with the answer.

        Raises:
            JobNotFound: No such job.
            InputNotExpected: The job asks nothing.
            InvalidFields: The answer does not meet the job's schema.
        """
        step = partial(_answer_input, answer=answer)
        return await self._change(principal, job_id, step, key)

    async def attach(self, principal: Principal, job_id: str, upload: Upload) -> Answered:
        """Add an uploaded artifact to its job.

        Raises:
            JobNotFound: No such job.
        """
        return await self._change(principal, job_id, partial(_attach, upload=upload), None)

    async def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            JobNotFound: No such job.
        """
        job = await self._records.job(job_id)
        if job is None:
            raise _missing(job_id)
        return job

    async def history(self, job_id: str) -> Sequence[JobEntry]:
        """Return a job's own history, oldest first; empty when there is no such job."""
        return await self._records.job_entries(job_id)

    async def list(self, query: JobQuery) -> Sequence[Job]:
        """Return a page of jobs, newest first.

        Raises:
            UnknownStatus: The word is no status.
        """
        if query.status is not None:
            _check_status("status", query.status)
        return await self._records.jobs(query)

    async def _change(
        self,
        principal: Principal,
        job_id: str,
        step: Step,
        key: IdempotencyKey | None,
        *,
        end: str | None = None,
    ) -> Answered:
        decide = partial(_decide, job_id=job_id, step=step, epoch=self._epoch, end=end)
        refs = (("job", job_id),)
        return await self._publisher.submit(Unit(principal.name, refs, (JOBS,), decide, key))


def _create(rows: Rows, *, job_id: str, owner: str, new: NewJob) -> Decision:
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
    entry = to_entry(job)._replace(step="initialization")
    created_at = to_rfc3339(job.created_at_us)
    answer = _encode(JobCreated(job_id, job.status, created_at, "Job created successfully"))
    return Decision((job, entry), (to_draft(job),), lambda _events: answer, status=201)


def _decide(rows: Rows, *, job_id: str, step: Step, epoch: str, end: str | None) -> Decision:
    job = rows.job(job_id)
    if job is None:
        raise _missing(job_id)
    if job.status in TERMINAL and job.status == end:
        return Decision((), (), partial(_answer, job=job, epoch=epoch))
    changed = step(job, rows.now_us)
    changed = msgspec.structs.replace(changed, revision=job.revision + 1, updated_at_us=rows.now_us)
    answer = partial(_answer, job=changed, epoch=epoch)
    return Decision((changed, to_entry(changed)), (to_draft(changed),), answer)


def _report(job: Job, _now_us: int, *, report: StatusReport) -> Job:
    check_move(job, report.status)
    return msgspec.structs.replace(
        job,
        status=report.status,
        progress=merge_progress(
            job.progress, report.progress, same_status=job.status == report.status
        ),
        message=report.message,
        input_request=_question(job, report),
        metadata=_with_error(job.metadata, report.status, report.message),
    )


def _question(job: Job, report: StatusReport) -> InputRequest | None:
    if report.status != "NEEDS_INPUT":
        return None
    return report.input_request or job.input_request


def _complete(job: Job, now_us: int, *, end: Completion) -> Job:
    check_move(job, end.final_status)
    took = (end.summary or {}).get("processing_time")
    if not isinstance(took, int | float):
        took = round((now_us - job.created_at_us) / 1_000_000, 3)
    metadata = {**job.metadata, "processing_time": took}
    return msgspec.structs.replace(
        job,
        status=end.final_status,
        summary=end.summary,
        artifacts=merge_artifacts(job.artifacts, end.final_artifacts),
        message=end.completion_message,
        metadata=_with_error(metadata, end.final_status, end.completion_message),
        input_request=None,
    )


def _answer_input(job: Job, _now_us: int, *, answer: JobAnswer) -> Job:
    if job.status != "NEEDS_INPUT":
        raise InputNotExpected(f"expected job {job.job_id} in NEEDS_INPUT, it is {job.status}")
    check_answer(job.input_request.schema if job.input_request else None, answer.input)
    return msgspec.structs.replace(
        job, status="RUNNING", input=answer.input, input_request=None, message="Input received"
    )


def _attach(job: Job, _now_us: int, *, upload: Upload) -> Job:
    return msgspec.structs.replace(
        job,
        artifacts=merge_artifacts(job.artifacts, [Artifact(name=upload.name, size=upload.size)]),
        uploads={**job.uploads, upload.name: upload.file_id},
        message=f"Artifact {upload.name} uploaded",
    )


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


def _check_report(report: StatusReport) -> None:
    _check_status("$.status", report.status)
    check_progress(report.progress)
    if report.input_request is not None:
        if report.status != "NEEDS_INPUT":
            expected = "nothing, unless status is NEEDS_INPUT"
            raise InvalidFields([FieldError("$.input_request", expected, "a question")])
        check_schema(report.input_request.schema)


def _check_status(field: str, status: str) -> None:
    if status not in STATUSES:
        raise UnknownStatus([FieldError(field, f"one of {', '.join(STATUSES)}", shown(status))])


def _with_error(metadata: dict[str, Any], status: str, message: str | None) -> dict[str, Any]:
    if status == "FAILED" and message is not None:
        return {**metadata, "error_message": message}
    return metadata


def _missing(job_id: str) -> JobNotFound:
    return JobNotFound(f"expected the id of a job, got {job_id[:80]!r}, which none has")
