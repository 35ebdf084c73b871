"""Stuck jobs: RUNNING, and nothing was heard of them for too long (seed 0: an hour).

A job that goes on telling its progress is not stuck, however long it runs.
"""

from collections.abc import Sequence

from hub.clock import SECOND_US
from hub.model.job import Job
from hub.stores.base import JobQuery, Records

_PAGE = 100
# So much is looked at in one go; the next one goes on from there.
_PAGES = 10


def is_stuck(job: Job, limit_s: float, now_us: int) -> bool:
    """Say whether a job is RUNNING and was last heard of longer ago than the limit."""
    return job.status == "RUNNING" and now_us - job.updated_at_us > limit_s * SECOND_US


class StuckJobs:
    """Goes through the jobs that are RUNNING, again and again, a bounded number at a time.

    Args:
        records: The rows.
        limit_s: Longer than this without a word is too long.
    """

    def __init__(self, records: Records, limit_s: float) -> None:
        self._records = records
        self._limit_s = limit_s
        self._at: tuple[int, str] | None = None

    async def look(self, now_us: int) -> Sequence[Job]:
        """Return the stuck ones among the next jobs, those made last first."""
        found: list[Job] = []
        for _ in range(_PAGES):
            # A job that was made since cannot have been silent for so long.
            at = self._at or (now_us - int(self._limit_s * SECOND_US), "")
            page = await self._records.jobs(JobQuery(_PAGE, "RUNNING", before=at))
            found += [job for job in page if is_stuck(job, self._limit_s, now_us)]
            last = page[-1] if len(page) == _PAGE else None
            self._at = None if last is None else (last.created_at_us, last.job_id)
            if last is None:
                break
        return found
