"""Upgrades node by node: old nodes run on what a newer one has made of the database."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import asyncpg
import httpx
import pytest

from support.commands import run
from support.redis_server import RedisServer
from support.running import CONTRACT, RunningHub, running_hub

# What a later migration may do while older nodes run: add, with a default.
LATER = [
    *(
        f"ALTER TABLE {table} ADD COLUMN later TEXT NOT NULL DEFAULT 'unknown'"
        for table in ("log", "channels", "events", "contracts", "jobs", "job_entries", "answers")
    ),
    "CREATE TABLE endpoints (id TEXT PRIMARY KEY)",
    "CREATE INDEX events_by_later ON events (later)",
    "INSERT INTO migrations VALUES (9999, '9999_later', 'a checksum', 0)",
]


async def migrate(database: str) -> None:
    """Bring a database to the schema of a later version."""
    if database.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as file:
            for statement in LATER:
                file.execute(statement)
            file.commit()
        return
    connection = await asyncpg.connect(database)
    for statement in LATER:
        await connection.execute(statement)
    await connection.close()


async def use(hub: RunningHub, number: int) -> None:
    """Write into every table, and read back."""
    async with httpx.AsyncClient(base_url=hub.url, timeout=30) as http:
        key = {"Idempotency-Key": f"key-{number}"}
        answers = [await http.post("/update", json=CONTRACT, headers=key) for _ in range(2)]
        job = await http.post("/api/jobs", json={})
        place = f"/api/jobs/{job.json()['job_id']}"
        answers.append(await http.post(f"{place}/status", json={"status": "RUNNING"}))
        answers.append(await http.get(f"{place}"))
        answers.append(await http.get("/ready"))
        event = {"type": "placed", "data": {}}
        made = await http.post(f"/api/channels/orders.{number}/events", json=event)
        history = await http.get("/contracts/history")

    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert (job.status_code, made.status_code) == (201, 201)
    assert [event["offset"] for event in history.json()["events"]] == list(range(1, number + 1))


async def test_a_running_node_goes_on_when_a_newer_one_has_migrated(
    tmp_path: Path, database: str, redis: RedisServer
) -> None:
    """It writes and reads what it knows, and leaves what is new at its default."""
    where = {"database_url": database, "redis_url": redis.url, "artifacts_dir": str(tmp_path)}
    async with running_hub(tmp_path, **where) as old:
        await use(old, 1)
        await migrate(database)
        await use(old, 2)
        await use(old, 3)


@pytest.mark.parametrize("apply", ["0", "1"], ids=["migrations left alone", "migrations applied"])
async def test_an_older_hub_does_not_start_on_a_newer_database(
    tmp_path: Path, database: str, apply: str
) -> None:
    """It could not know what it breaks: one line and exit code 2."""
    async with running_hub(tmp_path, database_url=database, artifacts_dir=str(tmp_path)):
        pass
    await migrate(database)

    ended = await asyncio.to_thread(
        run, "serve", DATABASE_URL=database, PORT="0", HUB_MIGRATE_ON_START=apply
    )

    assert ended.code == 2
    assert "the database has migration 9999" in ended.err
    assert ended.err.count("\n") == 1
