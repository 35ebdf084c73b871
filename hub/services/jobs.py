"""Jobs (seed 0): create, report, complete, ask and answer, attach results."""

import uuid
from collections.abc import Sequence
from functools import partial

from hub.auth.policy import owner_shown
from hub.errors import FieldError, InvalidFields, UnknownStatus
from hub.model.answer_schema import check_schema
from hub.model.contract import shown
from hub.model.event import JOBS
from hub.model.job import STATUSES, TERMINAL, Job, JobEntry, check_artifacts, check_progress
from hub.model.principal import Principal
from hub.model.unit import Answered, IdempotencyKey, Unit
from hub.services import job_decisions as decisions
from hub.services.job_decisions import Step, Upload
from hub.services.job_reports import Completion, JobAnswer, NewJob, StatusReport
from hub.services.job_times import JobTimes
from hub.services.publisher import Publisher
from hub.stores.base import JobQuery, Records


class Jobs:
    """The updates and reads of jobs.

    Args:
        publisher: Where units go.
        records: Where reads come from.
        epoch: The log's epoch; stands in every answer.

    Attributes:
        times: How long jobs and their artifacts took.
    """

    def __init__(self, publisher: Publisher, records: Records, epoch: str) -> None:
        self.times = JobTimes()
        self._publisher = publisher
        self._records = records
        self._epoch = epoch

    async def create(
        self, principal: Principal, new: NewJob, key: IdempotencyKey | None
    ) -> Answered:
        """Create a job that waits to start."""
        job_id = str(uuid.uuid4())
        decide = partial(decisions.create, job_id=job_id, owner=principal.name, new=new)
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
        step = partial(decisions.report, told=report)
        answered = await self._change(principal, job_id, step, key, end=report.status)
        if report.status in TERMINAL:
            self.times.ended(answered.events)
        return answered

    async def complete(
        self, principal: Principal, job_id: str, end: Completion, key: IdempotencyKey | None
    ) -> Answered:
        """End a job as DONE or FAILED; the same end again changes nothing.

        Raises:
            JobNotFound: No such job.
            UnknownStatus: The word is no final status.
            IllegalTransition: The job has already ended otherwise.
            InvalidFields: An artifact without a usable name, size or link.
        """
        if end.final_status not in TERMINAL:
            raise UnknownStatus(
                [FieldError("$.final_status", "DONE or FAILED", shown(end.final_status))]
            )
        check_artifacts(end.final_artifacts, "$.final_artifacts")
        step = partial(decisions.complete, end=end)
        answered = await self._change(principal, job_id, step, key, end=end.final_status)
        self.times.ended(answered.events, [one.name for one in end.final_artifacts or ()])
        return answered

    async def answer(
        self, principal: Principal, job_id: str, answer: JobAnswer, key: IdempotencyKey | None
    ) -> Answered:
        """Answer the question of a job in NEEDS_INPUT; it goes on RUNNING, with the answer.

        Raises:
            JobNotFound: No such job.
            InputNotExpected: The job asks nothing.
            InvalidFields: The answer does not meet the job's schema.
        """
        step = partial(decisions.answer_input, answer=answer)
        return await self._change(principal, job_id, step, key)

    async def attach(self, principal: Principal, job_id: str, upload: Upload) -> Answered:
        """Add an uploaded artifact to its job.

        Raises:
            JobNotFound: No such job.
        """
        step = partial(decisions.attach, upload=upload)
        note = f"Artifact {upload.name} uploaded"
        answered = await self._change(principal, job_id, step, None, note=note)
        self.times.uploaded(answered.events)
        return answered

    async def get(self, principal: Principal, job_id: str) -> Job:
        """Return a job.

        Raises:
            JobNotFound: No such job, for this principal.
        """
        job = await self._records.job(job_id)
        if job is None or owner_shown(principal, JOBS) not in {None, job.owner}:
            raise decisions.missing(job_id)
        return job

    async def history(self, job: Job) -> Sequence[JobEntry]:
        """Return a job's own history, oldest first, up to the state that is given."""
        entries = await self._records.job_entries(job.job_id)
        return [entry for entry in entries if entry.revision <= job.revision]

    async def list(self, principal: Principal, query: JobQuery) -> Sequence[Job]:
        """Return a page of the jobs that a principal is shown, newest first.

        Raises:
            UnknownStatus: The word is no status.
        """
        if query.status is not None:
            _check_status("status", query.status)
        owner = owner_shown(principal, JOBS)
        return await self._records.jobs(query._replace(owner=owner))

    async def _change(
        self,
        principal: Principal,
        job_id: str,
        step: Step,
        key: IdempotencyKey | None,
        *,
        end: str | None = None,
        note: str | None = None,
    ) -> Answered:
        decide = partial(
            decisions.change,
            job_id=job_id,
            step=step,
            epoch=self._epoch,
            end=end,
            note=note,
            owner=owner_shown(principal, JOBS),
        )
        refs = (("job", job_id),)
        return await self._publisher.submit(Unit(principal.name, refs, (JOBS,), decide, key))


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
