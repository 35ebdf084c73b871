"""Resources of jobs and their artifacts (seed 0)."""

from typing import Annotated

import msgspec
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from hub.errors import FieldError, InvalidFields
from hub.model.contract import shown
from hub.model.job import JobEntry
from hub.model.job_document import HistoryEntry, JobDocument, to_document
from hub.model.timestamp import to_rfc3339
from hub.services.artifacts import Artifacts, Content, Link
from hub.services.job_reports import Completion, JobAnswer, NewJob, StatusReport
from hub.services.jobs import Jobs
from hub.stores.base import JobQuery
from hub.transports.http.answer import Answer, json
from hub.transports.http.call import Call, json_decoder
from hub.transports.http.download import Download

# A page token holds microseconds since 1970; more digits than these are no time.
_MAX_DIGITS = 18

_new = json_decoder(NewJob)
_report = json_decoder(StatusReport)
_completion = json_decoder(Completion)
_answer = json_decoder(JobAnswer)


class JobParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/jobs/{job_id}`."""

    include_history: bool = True


class JobsParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/jobs`; `before` is the last page's `next`."""

    status: str | None = None
    user_id: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    before: str | None = None


class JobView(msgspec.Struct):
    """Answer of `GET /api/jobs/{job_id}`; without `history` when it was not asked for."""

    job: JobDocument
    history: list[HistoryEntry] | msgspec.UnsetType = msgspec.UNSET


class JobsView(msgspec.Struct):
    """Answer of `GET /api/jobs`, newest first; `next` is `before` of the next page."""

    jobs: list[JobDocument]
    next: str | None


class JobsResource:
    """What can be done with jobs."""

    def __init__(self, jobs: Jobs, artifacts: Artifacts) -> None:
        self._jobs = jobs
        self._artifacts = artifacts

    async def create(self, call: Call) -> ASGIApp:
        """Create a job."""
        new = await call.json(_new)
        answered = await self._jobs.create(call.principal, new, call.key())
        return Answer(answered.body, answered.status)

    async def report(self, call: Call) -> ASGIApp:
        """Take a status report."""
        report = await call.json(_report)
        answered = await self._jobs.report(
            call.principal, call.params["job_id"], report, call.key()
        )
        return Answer(answered.body, answered.status)

    async def complete(self, call: Call) -> ASGIApp:
        """End a job."""
        end = await call.json(_completion)
        answered = await self._jobs.complete(call.principal, call.params["job_id"], end, call.key())
        return Answer(answered.body, answered.status)

    async def answer(self, call: Call) -> ASGIApp:
        """Take the answer to a job's question."""
        answer = await call.json(_answer)
        answered = await self._jobs.answer(
            call.principal, call.params["job_id"], answer, call.key()
        )
        return Answer(answered.body, answered.status)

    async def get(self, call: Call) -> ASGIApp:
        """Return a job, with its history unless told otherwise."""
        params = call.query(JobParams)
        job = await self._jobs.get(call.principal, call.params["job_id"])
        view = JobView(to_document(job))
        if params.include_history:
            view.history = [_entry(entry) for entry in await self._jobs.history(job)]
        return json(view)

    async def list(self, call: Call) -> ASGIApp:
        """Return a page of jobs."""
        params = call.query(JobsParams)
        query = JobQuery(params.limit + 1, params.status, params.user_id, _cursor(params.before))
        found = await self._jobs.list(call.principal, query)
        page = found[: params.limit]
        last = page[-1] if len(found) > params.limit else None
        return json(
            JobsView(
                jobs=[to_document(job) for job in page],
                next=f"{last.created_at_us}.{last.job_id}" if last else None,
            )
        )

    async def upload(self, call: Call) -> ASGIApp:
        """Store the content of an artifact."""
        answered = await self._artifacts.upload(
            call.principal,
            call.params["job_id"],
            call.params["name"],
            Content(call.body.chunks(), call.body.length),
        )
        return Answer(answered.body, answered.status)

    async def download(self, call: Call) -> ASGIApp:
        """Return the content of an artifact, or send the caller to where it is."""
        name = call.params["name"]
        found = await self._artifacts.find(call.principal, call.params["job_id"], name)
        if isinstance(found, Link):
            return RedirectResponse(found.address, 302)
        return Download(found, name)


def _entry(entry: JobEntry) -> HistoryEntry:
    return HistoryEntry(
        timestamp=to_rfc3339(entry.at_us),
        status=entry.status,
        message=entry.message,
        step=entry.step,
    )


def _cursor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    created, dot, job_id = text.partition(".")
    if not (dot and created.isascii() and created.isdigit() and len(created) <= _MAX_DIGITS):
        raise InvalidFields([FieldError("before", "the `next` of a page", shown(text))])
    return int(created), job_id
