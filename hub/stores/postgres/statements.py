"""The log's statements in PostgreSQL's words. Values go in as arrays: one round trip a step."""

from typing import Any

from hub.model.event import JOBS
from hub.stores.base import EventQuery, JobQuery
from hub.stores.events import IS_JOBS
from hub.stores.jobs import columns

# In the order of their names, everywhere: two groups can then wait for each other, never both.
LOCK_CHANNELS = (
    "SELECT name, head, at_us, oldest, definition FROM channels "
    "WHERE name = ANY($1) ORDER BY name FOR UPDATE"
)
MAKE_CHANNELS = (
    "INSERT INTO channels SELECT name, 0, 0, 1 FROM unnest($1::text[]) AS made(name) "
    "ORDER BY name ON CONFLICT DO NOTHING"
)
# Contracts, jobs and kept answers of a group, as JSON: the rows are locked until its commit.
LOAD = """
SELECT
    (SELECT json_agg(json_build_array(
        contract_id, owner, location, status, timestamp, sent_at_us, updated_at_us))
     FROM (SELECT * FROM contracts WHERE contract_id = ANY($1)
           ORDER BY contract_id FOR UPDATE) AS c),
    (SELECT json_agg(document::json)
     FROM (SELECT document FROM jobs WHERE job_id = ANY($2) ORDER BY job_id FOR UPDATE) AS j),
    (SELECT json_agg(json_build_array(scope, encode(body_hash, 'hex'), status,
        encode(body, 'hex'), at_us))
     FROM answers WHERE scope = ANY($3))
"""
STORE = """
WITH
    stored_contracts AS (
        INSERT INTO contracts SELECT * FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
        ON CONFLICT (contract_id) DO UPDATE SET
            location = excluded.location, status = excluded.status,
            timestamp = excluded.timestamp, sent_at_us = excluded.sent_at_us,
            updated_at_us = excluded.updated_at_us),
    stored_jobs AS (
        INSERT INTO jobs SELECT * FROM unnest(
            $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[])
        ON CONFLICT (job_id) DO UPDATE SET
            status = excluded.status, user_id = excluded.user_id, document = excluded.document),
    stored_entries AS (
        INSERT INTO job_entries SELECT * FROM unnest(
            $14::text[], $15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::text[])),
    stored_events AS (
        INSERT INTO events SELECT * FROM unnest(
            $20::text[], $21::bigint[], $22::text[], $23::text[], $24::bigint[], $25::text[],
            $26::text[], $27::text[], $28::bytea[], $29::text[])),
    stored_answers AS (
        INSERT INTO answers SELECT * FROM unnest(
            $30::text[], $31::bytea[], $32::integer[], $33::bytea[], $34::bigint[]))
UPDATE channels SET head = moved.head, at_us = moved.at_us
FROM unnest($35::text[], $36::bigint[], $37::bigint[]) AS moved(name, head, at_us)
WHERE channels.name = moved.name
"""
DEFINE = (
    "UPDATE channels SET definition = defined.definition "
    "FROM unnest($1::text[], $2::text[]) AS defined(name, definition) "
    "WHERE channels.name = defined.name"
)
HEADS = "SELECT name, head, at_us, oldest, definition FROM channels"
LOG = "SELECT id, epoch FROM log"
HAS_EVENT = 'SELECT id FROM events WHERE channel = $1 AND "offset" = $2'
ENDS = "SELECT oldest - 1, head FROM channels WHERE name = $1"
TIME_OF = 'SELECT at_us FROM events WHERE channel = $1 AND "offset" = $2'
PRUNE = 'DELETE FROM events WHERE channel = $1 AND "offset" < $2'
MOVE_OLDEST = "UPDATE channels SET oldest = $2 WHERE name = $1"
FORGET_ANSWERS = (
    "DELETE FROM answers WHERE scope IN "
    "(SELECT scope FROM answers WHERE at_us < $1 ORDER BY at_us LIMIT $2)"
)
JOB = "SELECT document FROM jobs WHERE job_id = $1"
ENTRIES = (
    "SELECT job_id, revision, at_us, status, message, step FROM job_entries "
    "WHERE job_id = $1 ORDER BY revision"
)
COUNTS = (
    "SELECT location, status, count(*), max(updated_at_us) FROM contracts "
    "GROUP BY location, status ORDER BY location, status"
)
CONTRACTS_AFTER = (
    "SELECT contract_id, owner, location, status, timestamp, sent_at_us, updated_at_us "
    "FROM contracts WHERE contract_id > $1 ORDER BY contract_id LIMIT $2"
)
JOBS_AFTER = "SELECT document FROM jobs WHERE job_id > $1 ORDER BY job_id LIMIT $2"
JOBS_AFTER_OF = (
    "SELECT document FROM jobs WHERE owner = $3 AND job_id > $1 ORDER BY job_id LIMIT $2"
)

_EVENT = 'channel, "offset", id, type, at_us, owner, "key", tag, data, trace'


class _Values(list[Any]):
    """The values of a statement, and where each stands in it."""

    def add(self, value: object) -> str:
        self.append(value)
        return f"${len(self)}"


def select_events(query: EventQuery) -> tuple[str, list[Any]]:
    """Return the statement of a page of history, oldest first, and its values.

    The page ends with the event that fills it: sizes are added up from their headers, before any
    data is read.
    """
    values = _Values()
    wheres = [f"channel = {values.add(query.channel)}"]
    if query.key is not None:
        wheres.append(f'"key" = {values.add(query.key)}')
    if query.tag is not None:
        wheres.append(f"tag = {values.add(query.tag)} AND tag <> ''")
    if query.owner is not None:
        wheres.append(f"owner = {values.add(query.owner)}")
        if query.channel == JOBS:
            wheres.append(IS_JOBS)
    if query.after is not None:
        wheres.append(f'"offset" > {values.add(query.after)}')
    if query.before is not None:
        wheres.append(f'"offset" < {values.add(query.before)}')
    order = "DESC" if query.after is None else "ASC"
    page = (
        f"SELECT {_EVENT} FROM events WHERE {' AND '.join(wheres)} "  # noqa: S608 own words
        f'ORDER BY "offset" {order} LIMIT {values.add(query.limit)}'
    )
    sized = (
        f'SELECT *, sum(octet_length(data)) OVER (ORDER BY "offset" {order}) '  # noqa: S608
        f"- octet_length(data) AS size_before FROM ({page}) AS page"
    )
    whole = (
        f"SELECT {_EVENT} FROM ({sized}) AS sized "  # noqa: S608 own words
        f'WHERE size_before < {values.add(query.max_bytes)} ORDER BY "offset"'
    )
    return whole, values


def select_jobs(query: JobQuery) -> tuple[str, list[Any]]:
    """Return the statement of a page of jobs, newest first, and its values."""
    values = _Values()
    wheres = [
        f"{column} = {values.add(value)}" for column, value in columns(query) if value is not None
    ]
    if query.before is not None:
        at_us, job_id = query.before
        wheres.append(f"(created_at_us, job_id) < ({values.add(at_us)}, {values.add(job_id)})")
    where = f"WHERE {' AND '.join(wheres)} " if wheres else ""
    sql = (
        f"SELECT document FROM jobs {where}"  # noqa: S608 own words
        f"ORDER BY created_at_us DESC, job_id DESC LIMIT {values.add(query.limit)}"
    )
    return sql, values
