"""Jobs, as `client.jobs`."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

from hub_client.aio.http import AsyncHttp
from hub_client.calls import jobs
from hub_client.calls.artifact import complete_file

Json = dict[str, Any]


class AsyncJobs:
    """What a worker and its backend say to each other about jobs."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def create(
        self,
        input_data: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Json:
        """Create a job; returns job_id, status, created_at and message."""
        answer: Json = await self._http.send(jobs.create(input_data, metadata, idempotency_key))
        return answer

    async def push_status(
        self,
        job_id: str,
        status: str,
        progress: Mapping[str, Any] | None = None,
        message: str | None = None,
        *,
        input_request: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Json:
        """Report a job's status.

        Args:
            job_id: Of the job.
            status: PENDING, RUNNING, NEEDS_INPUT, FAILED or DONE.
            progress: current_step, total_steps, completed_steps, percentage (0 to 100) …
            message: For people.
            input_request: With NEEDS_INPUT: prompt, and schema of the answer.
            idempotency_key: Two reports under one key are one.

        Raises:
            JobNotFound: There is no such job.
            InvalidStatus: It cannot move to that status.
        """
        request = jobs.push_status(
            job_id, status, progress, message, input_request=input_request, key=idempotency_key
        )
        answer: Json = await self._http.send(request)
        return answer

    async def get(self, job_id: str, *, include_history: bool = False) -> Json:
        """Return `{"job": …}`, with `"history"` if asked for.

        Raises:
            JobNotFound: There is no such job.
        """
        answer: Json = await self._http.send(jobs.pull(job_id, include_history=include_history))
        return answer

    async def list(
        self,
        *,
        status: str | None = None,
        limit: int | None = None,
        since: str | None = None,
        before: str | None = None,
    ) -> Json:
        """Return `{"jobs": […], "next": …}`; give `next` back as `since` or `before`."""
        request = jobs.page(status=status, limit=limit, since=since, before=before)
        answer: Json = await self._http.send(request)
        return answer

    async def complete(
        self,
        job_id: str,
        final_status: str = "DONE",
        summary: Mapping[str, Any] | None = None,
        artifacts: Sequence[Mapping[str, Any]] | None = None,
        message: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Json:
        """End a job as DONE or FAILED; the same end again changes nothing.

        Raises:
            JobNotFound: There is no such job.
            InvalidStatus: It has ended otherwise.
        """
        request = jobs.complete(
            job_id, final_status, summary, artifacts, message=message, key=idempotency_key
        )
        answer: Json = await self._http.send(request)
        return answer

    async def answer(
        self, job_id: str, value: object, *, idempotency_key: str | None = None
    ) -> Json:
        """Answer a job that is in NEEDS_INPUT.

        Raises:
            JobNotFound: There is no such job.
            InvalidStatus: It does not wait for an answer.
        """
        answer: Json = await self._http.send(jobs.answer(job_id, value, idempotency_key))
        return answer

    async def upload_artifact(
        self,
        job_id: str,
        name: str,
        content: bytes | Path,
        content_type: str = "application/octet-stream",
    ) -> Json:
        """Store an artifact; a path is streamed, and read anew on every try."""
        answer: Json = await self._http.send(jobs.upload(job_id, name, content, content_type))
        return answer

    @overload
    async def download_artifact(self, job_id: str, name: str) -> bytes: ...

    @overload
    async def download_artifact(self, job_id: str, name: str, to: Path) -> Path: ...

    async def download_artifact(
        self, job_id: str, name: str, to: Path | None = None
    ) -> bytes | Path:
        """Return an artifact, or stream it into the file `to`.

        The file appears complete or not at all; what was there before stays
        until then.
        """
        request = jobs.download(job_id, name)
        if to is None:
            sink = io.BytesIO()
            await self._http.fetch(request, sink)
            return sink.getvalue()
        with complete_file(to) as file:
            await self._http.fetch(request, file)
        return to
