"""Artifacts: the content of a job's results, uploaded to the hub and served by it.

A file is named by the hub, never by the caller, so no name can leave the folder (CWE-22).
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from hub.errors import (
    ArtifactNotFound,
    BodyTooLarge,
    FieldError,
    HubError,
    InvalidFields,
    LogUnavailable,
)
from hub.model.contract import shown
from hub.model.job import is_artifact_name
from hub.model.principal import Principal
from hub.model.unit import Answered
from hub.services.jobs import Jobs, Upload


class Found(NamedTuple):
    """Where an artifact is: a file of ours, or somebody's link."""

    file: Path | None
    link: str | None


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
        self, principal: Principal, job_id: str, name: str, content: AsyncIterator[bytes]
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
        before = (await self._jobs.get(job_id)).uploads.get(name)
        file_id = secrets.token_hex(16)
        path = self._folder / file_id
        try:
            size = await self._save(path, content)
            answered = await self._jobs.attach(principal, job_id, Upload(name, file_id, size))
        except (HubError, asyncio.CancelledError):
            path.unlink(missing_ok=True)
            raise
        if before is not None:
            (self._folder / before).unlink(missing_ok=True)
        return answered

    async def find(self, job_id: str, name: str) -> Found:
        """Return where the content is.

        Raises:
            JobNotFound: No such job.
            ArtifactNotFound: No such artifact, or it was reported as a label only.
        """
        job = await self._jobs.get(job_id)
        file_id = job.uploads.get(name)
        if file_id is not None:
            return Found(self._folder / file_id, None)
        link = next((a.download_url for a in job.artifacts if a.name == name), None)
        if link is None:
            raise ArtifactNotFound(
                f"expected the name of an uploaded or linked artifact, got {name[:80]!r}"
            )
        return Found(None, link)

    async def _save(self, path: Path, content: AsyncIterator[bytes]) -> int:
        size = 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                async for chunk in content:
                    size += len(chunk)
                    if size > self._max_bytes:
                        raise BodyTooLarge(f"expected at most {self._max_bytes} bytes, got more")
                    await asyncio.to_thread(file.write, chunk)
                # On disk before the log says that it is there.
                await asyncio.to_thread(_sync, file.fileno())
        except OSError as error:
            raise LogUnavailable(f"the artifact cannot be stored: {error.strerror}") from error
        return size


def _sync(handle: int) -> None:
    os.fsync(handle)
