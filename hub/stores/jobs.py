"""Jobs as rows of the tables `jobs` and `job_entries`."""

from typing import Any

import msgspec

from hub.model.job import Job, JobEntry
from hub.stores.base import JobQuery

# The jobs of a JSON list of ids, as one JSON list.
BY_ID = (
    "SELECT json_group_array(json(document)) "
    "FROM json_each(?) AS wanted CROSS JOIN jobs ON job_id = wanted.value"
)
_AFTER_ID = "SELECT document FROM jobs WHERE job_id > ? ORDER BY job_id LIMIT ?"
_AFTER_ID_OF = "SELECT document FROM jobs WHERE owner = ? AND job_id > ? ORDER BY job_id LIMIT ?"
INTO = "jobs (job_id, owner, status, user_id, created_at_us, document)"
REPLACE = (
    "ON CONFLICT (job_id) DO UPDATE SET "
    "status = excluded.status, user_id = excluded.user_id, document = excluded.document"
)
INTO_ENTRIES = "job_entries (job_id, revision, at_us, status, message, step)"
ENTRIES = (
    "SELECT job_id, revision, at_us, status, message, step FROM job_entries "
    "WHERE job_id = ? ORDER BY revision"
)

_decode = msgspec.json.Decoder(Job).decode
decode = msgspec.json.Decoder(list[Job]).decode
_encode = msgspec.json.Encoder().encode


def to_row(job: Job) -> tuple[str, str, str, str, int, str]:
    """Return a row of `jobs`."""
    user_id = job.metadata.get("user_id")
    return (
        job.job_id,
        job.owner,
        job.status,
        user_id if isinstance(user_id, str) else "",
        job.created_at_us,
        _encode(job).decode(),
    )


def from_row(row: tuple[str]) -> Job:
    """Return the job of a row."""
    return _decode(row[0])


def entry_from_row(row: tuple[str, int, int, str, str | None, str | None]) -> JobEntry:
    """Return one line of a job's own history."""
    return JobEntry(*row)


def select_after(job_id: str, limit: int, owner: str | None) -> tuple[str, tuple[Any, ...]]:
    """Return the statement of the jobs that follow one by id, and its values."""
    if owner is None:
        return _AFTER_ID, (job_id, limit)
    return _AFTER_ID_OF, (owner, job_id, limit)


def columns(query: JobQuery) -> tuple[tuple[str, str | None], ...]:
    """Return the columns that a page is narrowed by, and what each must be; None: anything."""
    return (("status", query.status), ("user_id", query.user_id), ("owner", query.owner))


def select(query: JobQuery) -> tuple[str, list[Any]]:
    """Return the statement of a page of jobs, newest first, and its values."""
    wheres: list[str] = []
    values: list[Any] = []
    for column, value in columns(query):
        if value is not None:
            wheres.append(f"{column} = ?")
            values.append(value)
    if query.before is not None:
        wheres.append("(created_at_us, job_id) < (?, ?)")
        values += query.before
    where = f"WHERE {' AND '.join(wheres)} " if wheres else ""
    sql = (
        f"SELECT document FROM jobs {where}"  # noqa: S608 own words only
        "ORDER BY created_at_us DESC, job_id DESC LIMIT ?"
    )
    return sql, [*values, query.limit]
