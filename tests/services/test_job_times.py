"""Job times: from a job's creation to its end and its artifacts, each counted once."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from hub.model.job import Artifact
from hub.services.artifacts import Content
from hub.services.job_reports import Completion, NewJob, StatusReport
from support.use_cases import ANNA, UseCases


async def created(hub: UseCases) -> str:
    """Create a job; return its id."""
    answered = await hub.jobs.create(ANNA, NewJob(), None)
    job_id: str = msgspec.json.decode(answered.body)["job_id"]
    return job_id


async def chunks() -> AsyncIterator[bytes]:
    """Return a small file."""
    yield b"content"


async def test_a_job_is_timed_from_its_creation_to_its_end(hub: UseCases) -> None:
    """By what the end was, however it was told."""
    one, two = await created(hub), await created(hub)
    hub.clock.advance(90)
    await hub.jobs.complete(ANNA, one, Completion("DONE"), None)
    hub.clock.advance(10)
    await hub.jobs.report(ANNA, two, StatusReport("RUNNING"), None)
    await hub.jobs.report(ANNA, two, StatusReport("FAILED"), None)

    times = {word: (took.count, took.total) for word, took in hub.jobs.times.ended_s.items()}

    assert times == {"DONE": (1, 90.0), "FAILED": (1, 100.0)}


async def test_an_end_that_is_told_twice_counts_once(hub: UseCases) -> None:
    """A retry changes nothing."""
    job_id = await created(hub)
    end: Any = Completion("DONE", final_artifacts=[Artifact("report.pdf")])

    for _ in range(2):
        await hub.jobs.complete(ANNA, job_id, end, None)

    assert hub.jobs.times.ended_s["DONE"].count == hub.jobs.times.artifacts_s.count == 1


async def test_an_artifact_is_timed_to_its_upload_or_to_the_end_that_names_it(
    hub: UseCases,
) -> None:
    """Once: an end names also those that were uploaded before."""
    job_id = await created(hub)
    hub.clock.advance(5)
    await hub.artifacts.upload(ANNA, job_id, "a b.bin", Content(chunks()))
    hub.clock.advance(15)
    named = [Artifact("a b.bin"), Artifact("linked.pdf", download_url="https://example.org/x")]
    await hub.jobs.complete(ANNA, job_id, Completion("DONE", final_artifacts=named), None)
    hub.clock.advance(10)
    await hub.artifacts.upload(ANNA, job_id, "late.bin", Content(chunks()))

    times = hub.jobs.times
    assert (times.artifacts_s.count, times.artifacts_s.total) == (3, 5.0 + 20.0 + 30.0)
    assert times.ended_s["DONE"].count == 1
