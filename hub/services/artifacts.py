"""Artifacts: the content of a job's results, uploaded to the hub and served by it.

A file is named by the hub, never by the caller, so no name can leave the folder (CWE-22). A
file is on disk before the log tells of it, and what no job names is swept away at the next
start: a crash in between, a replaced content, an upload whose outcome is not known.
"""

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from hub.errors import (
    ArtifactNotFound,
    BodyTooLarge,
    FieldError,
    HubError,
    InvalidFields,
    LogUnavailable,
    OutcomeUnknown,
)
from hub.model.contract import shown
from hub.model.job import Job, is_artifact_name
from hub.model.principal import Principal
from hub.model.unit import Answered
from hub.services.job_decisions import Upload
from hub.services.jobs import Jobs
from hub.stores.base import JobQuery, Records
from hub.telemetry.logging import logger

# A replaced file stays that long: somebody has just been told of it and is about to open it.
GRACE_S = 60.0
# A sweep leaves alone what somebody else put into the folder.
_OURS = re.compile(r"[0-9a-f]{32}")
# Jobs that a sweep reads at a time.
_PAGE = 500


class Content(NamedTuple):
    """What is uploaded: its bytes as they come, and how many, where that is told beforehand."""

    chunks: AsyncIterator[bytes]
    length: int | None = None


class File(NamedTuple):
    """An artifact whose content the hub holds; `file_id` is never used for other content."""

    path: Path
    file_id: str


class Link(NamedTuple):
    """An artifact that lies elsewhere."""

    address: str


class Artifacts:
    """Takes and finds the content of artifacts.

    Args:
        jobs: The jobs they belong to.
        folder: Where files go.
        max_bytes: Largest content.
    """

    def __init__(self, jobs: Jobs, folder: Path, max_bytes: int) -> None:
        self._jobs = jobs
        self._folder = folder
        self._max_bytes = max_bytes

    async def upload(
        self, principal: Principal, job_id: str, name: str, content: Content
    ) -> Answered:
        """Store the content, then tell of it; a file under the same name is replaced.

        Raises:
            JobNotFound: No such job.
            InvalidFields: The name cannot stand in an address.
            BodyTooLarge: The content is over the limit.
            LogUnavailable: The folder cannot be written.
        """
        if not is_artifact_name(name):
            expected = "1 to 255 characters without / or control characters"
            raise InvalidFields([FieldError("name", expected, shown(name))])
        await self._jobs.get(principal, job_id)
        self._check(content.length or 0)
        file_id = secrets.token_hex(16)
        size = await self._save(file_id, content.chunks)
        before = (await self._jobs.get(principal, job_id)).uploads.get(name)
        try:
            answered = await self._jobs.attach(principal, job_id, Upload(name, file_id, size))
        except OutcomeUnknown:
            raise  # the log may name the file; if it does not, the next start sweeps it away
        except HubError:
            self._remove(file_id)
            raise
        if before is not None:
            asyncio.get_running_loop().call_later(GRACE_S, self._remove, before)
        return answered

    async def find(self, principal: Principal, job_id: str, name: str) -> File | Link:
        """Return where the content is.

        Raises:
            JobNotFound: No such job.
            ArtifactNotFound: No such artifact, or it was reported as a label only.
        """
        job = await self._jobs.get(principal, job_id)
        file_id = job.uploads.get(name)
        if file_id is not None:
            return File(self._folder / file_id, file_id)
        link = next((a.download_url for a in job.artifacts if a.name == name), None)
        if link is None:
            raise ArtifactNotFound(
                f"expected the name of an uploaded or linked artifact, got {name[:80]!r}"
            )
        return Link(link)

    async def _save(self, file_id: str, chunks: AsyncIterator[bytes]) -> int:
        try:
            return await self._write(self._folder / file_id, chunks)
        except OSError as error:
            self._remove(file_id)
            raise LogUnavailable(f"the artifact cannot be stored: {error.strerror}") from error
        except BaseException:
            self._remove(file_id)
            raise

    async def _write(self, path: Path, chunks: AsyncIterator[bytes]) -> int:
        size = 0
        self._folder.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                self._check(size)
                await asyncio.to_thread(file.write, chunk)
            # On disk, and in its folder, before the log says that it is there.
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        await asyncio.to_thread(_sync_folder, self._folder)
        return size

    def _check(self, size: int) -> None:
        if size > self._max_bytes:
            raise BodyTooLarge(f"expected at most {self._max_bytes} bytes, got more")

    def _remove(self, file_id: str) -> None:
        (self._folder / file_id).unlink(missing_ok=True)


def files_in(folder: Path, *, older_than_s: float = 0) -> set[str]:
    """Return the names of the files that the hub keeps in a folder and has not written lately."""
    if not folder.is_dir():
        return set()
    newest = time.time() - older_than_s
    return {
        path.name
        for path in folder.iterdir()
        if _OURS.fullmatch(path.name) and (not older_than_s or path.stat().st_mtime < newest)
    }


async def sweep(records: Records, folder: Path, files: Collection[str]) -> None:
    """Delete those of the files that no job names.

    Args:
        records: The jobs.
        folder: Where the files are.
        files: `files_in(folder)` from before uploads were taken, so that none of a job to come
            is among them; the sweep itself may go on beside them.
    """
    orphans = set(files)
    query = JobQuery(_PAGE)
    while orphans and (page := await records.jobs(query)):
        orphans -= _named(page)
        query = query._replace(before=(page[-1].created_at_us, page[-1].job_id))
    for name in orphans:
        (folder / name).unlink(missing_ok=True)
    if orphans:
        logger("artifacts").info("files without a job deleted", files=len(orphans))


def _named(jobs: Sequence[Job]) -> set[str]:
    return {file_id for job in jobs for file_id in job.uploads.values()}


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
