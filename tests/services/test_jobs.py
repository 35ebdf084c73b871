"""Jobs as a use case: whatever is reported, in whatever order, the rules hold."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hub.errors import IllegalTransition, InputNotExpected, InvalidFields, JobNotFound
from hub.model.answer_schema import check_schema
from hub.model.job import LEGAL_NEXT, STATUSES, TERMINAL, Artifact, InputRequest, Job, Progress
from hub.services.job_decisions import Upload
from hub.services.job_reports import Completion, JobAnswer, NewJob, StatusReport
from hub.stores.base import JobQuery
from support.use_cases import ANNA, UseCases, open_use_cases

SCHEMA = {"type": "object", "required": ["approve"]}


async def create(hub: UseCases, **metadata: Any) -> str:
    """Create a job and return its id."""
    answered = await hub.jobs.create(ANNA, NewJob(metadata=metadata or None), None)
    job_id: str = msgspec.json.decode(answered.body)["job_id"]
    return job_id


async def report(hub: UseCases, job_id: str, status: str, **fields: Any) -> Any:
    """Report and return the answer."""
    told = StatusReport(status, **fields)
    return msgspec.json.decode((await hub.jobs.report(ANNA, job_id, told, None)).body)


async def complete(hub: UseCases, job_id: str, status: str, **fields: Any) -> Any:
    """Complete and return the answer."""
    end = Completion(status, **fields)
    return msgspec.json.decode((await hub.jobs.complete(ANNA, job_id, end, None)).body)


class Report(NamedTuple):
    """One thing that happens to a job."""

    verb: str
    status: str = ""
    percentage: float | None = None


reports = st.one_of(
    st.builds(
        Report,
        st.just("report"),
        st.sampled_from(STATUSES),
        st.none() | st.integers(0, 100).map(float),
    ),
    st.builds(Report, st.just("complete"), st.sampled_from(sorted(TERMINAL))),
    st.builds(Report, st.just("input")),
)


async def apply(hub: UseCases, job_id: str, what: Report) -> bool:
    """Do it; say whether it was taken."""
    try:
        if what.verb == "input":
            await hub.jobs.answer(ANNA, job_id, JobAnswer(1), None)
        elif what.verb == "complete":
            await complete(hub, job_id, what.status)
        else:
            await report(hub, job_id, what.status, progress=Progress(percentage=what.percentage))
    except (IllegalTransition, InputNotExpected):
        return False
    return True


def is_legal(before: Job, what: Report) -> bool:
    """Say what the table says, written down a second time."""
    if what.verb == "input":
        return before.status == "NEEDS_INPUT"
    return what.status in LEGAL_NEXT[before.status] or (
        before.status in TERMINAL and what.status == before.status
    )


def check_step(before: Job, after: Job, what: Report, *, taken: bool) -> None:
    """Hold one step to the rules."""
    assert taken == is_legal(before, what)
    changed = taken and before.status not in TERMINAL
    assert after.revision == before.revision + changed
    if before.status in TERMINAL or not taken:
        assert after == before
    elif before.status == after.status:
        assert (after.progress.percentage or 0) >= (before.progress.percentage or 0)


async def run_story(story: list[Report]) -> None:
    """Let a story happen on a log of its own."""
    with tempfile.TemporaryDirectory() as folder:
        hub = await open_use_cases(Path(folder))
        job_id = await create(hub)
        for what in story:
            before = await hub.jobs.get(ANNA, job_id)
            taken = await apply(hub, job_id, what)
            after = await hub.jobs.get(ANNA, job_id)
            check_step(before, after, what, taken=taken)
        job = await hub.jobs.get(ANNA, job_id)
        assert len(hub.told) == job.revision
        entries = await hub.jobs.history(job)
        assert [entry.revision for entry in entries] == list(range(1, len(hub.told) + 1))
        await hub.publisher.close()
        await hub.log.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(reports, max_size=12))
def test_no_order_of_reports_breaks_a_job(story: list[Report]) -> None:
    """Final states never change, progress never falls, one revision and one event a change."""
    asyncio.run(run_story(story))


async def test_the_same_end_again_is_taken_without_an_event(hub: UseCases) -> None:
    """A repeated completion answers as the first did, and tells nobody."""
    job_id = await create(hub)
    first = await complete(hub, job_id, "DONE", completion_message="ready")

    again = await complete(hub, job_id, "DONE", completion_message="other words")
    reported = await report(hub, job_id, "DONE")

    assert (first["applied"], again["applied"], reported["applied"]) == (True, False, False)
    assert again["message"] == "ready"
    assert "offset" not in again
    assert len(hub.told) == 2


async def test_another_end_is_refused_and_named_final(hub: UseCases) -> None:
    """What has failed is not done afterwards."""
    job_id = await create(hub)
    await complete(hub, job_id, "FAILED")

    with pytest.raises(IllegalTransition, match="final") as refused:
        await complete(hub, job_id, "DONE")

    assert refused.value.legal_next == ()


async def test_an_end_tells_how_long_the_job_took(hub: UseCases) -> None:
    """`metadata.processing_time` is in seconds, from creation, whichever way a job ends."""
    one, other = await create(hub), await create(hub, user_id="u")
    hub.clock.advance(2.5)

    await complete(hub, one, "DONE")
    await report(hub, other, "FAILED", message="no disk")

    assert (await hub.jobs.get(ANNA, one)).metadata == {"processing_time": 2.5}
    assert (await hub.jobs.get(ANNA, other)).metadata == {
        "user_id": "u", "processing_time": 2.5, "error_message": "no disk"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param(180.5, 180.5, id="a number is the reporter's own measure"),
        pytest.param(0, 0, id="an explicit zero counts"),
        pytest.param(True, 4.0, id="true is no number"),
        pytest.param("long", 4.0, id="a word is no number"),
    ],
)
async def test_the_reporter_knows_better_how_long_it_took(
    hub: UseCases, told: Any, kept: float
) -> None:
    """`summary.processing_time`, as seed 0 sends it, wins over the hub's own clock."""
    job_id = await create(hub)
    hub.clock.advance(4)

    await complete(hub, job_id, "DONE", summary={"processing_time": told})

    assert (await hub.jobs.get(ANNA, job_id)).metadata["processing_time"] == kept


async def test_a_question_is_answered_and_the_job_goes_on(hub: UseCases) -> None:
    """Prompt and schema are pushed with the question, the answer with what follows."""
    job_id = await create(hub)
    question = InputRequest("Approve?", SCHEMA)
    await report(hub, job_id, "NEEDS_INPUT", input_request=question)

    answered = await hub.jobs.answer(ANNA, job_id, JobAnswer({"approve": False}), None)

    asked, went_on = (msgspec.json.decode(event.data) for event in hub.told[1:])
    assert asked["input_request"] == {"prompt": "Approve?", "schema": SCHEMA}
    assert (went_on["status"], went_on["input"]) == ("RUNNING", {"approve": False})
    assert "input_request" not in went_on
    assert msgspec.json.decode(answered.body)["applied"] is True


async def test_an_answer_that_does_not_fit_changes_nothing(hub: UseCases) -> None:
    """The job goes on waiting, and nobody is told."""
    job_id = await create(hub)
    await report(hub, job_id, "NEEDS_INPUT", input_request=InputRequest("Approve?", SCHEMA))

    with pytest.raises(InvalidFields, match="approve"):
        await hub.jobs.answer(ANNA, job_id, JobAnswer({}), None)

    assert (await hub.jobs.get(ANNA, job_id)).status == "NEEDS_INPUT"
    assert len(hub.told) == 2


async def test_a_question_without_schema_takes_any_answer_once(hub: UseCases) -> None:
    """Null is an answer; a second one comes too late."""
    job_id = await create(hub)
    await report(hub, job_id, "NEEDS_INPUT")

    await hub.jobs.answer(ANNA, job_id, JobAnswer(None), None)

    assert (await hub.jobs.get(ANNA, job_id)).input is None
    with pytest.raises(InputNotExpected, match="RUNNING"):
        await hub.jobs.answer(ANNA, job_id, JobAnswer(None), None)


async def test_an_old_answer_is_not_taken_for_a_new_one(hub: UseCases) -> None:
    """A new question clears the answer to the last; progress on the way does not."""
    job_id = await create(hub)
    await report(hub, job_id, "NEEDS_INPUT")
    await hub.jobs.answer(ANNA, job_id, JobAnswer("yes"), None)
    await report(hub, job_id, "RUNNING", progress=Progress(percentage=50))
    between = (await hub.jobs.get(ANNA, job_id)).input

    await report(hub, job_id, "NEEDS_INPUT", input_request=InputRequest("And now?"))

    assert between == "yes"
    assert (await hub.jobs.get(ANNA, job_id)).input is msgspec.UNSET


async def test_a_question_stays_while_the_job_waits(hub: UseCases) -> None:
    """A report that only says that the job still waits does not take the question away."""
    job_id = await create(hub)
    await report(hub, job_id, "NEEDS_INPUT", input_request=InputRequest("Approve?"))

    await report(hub, job_id, "NEEDS_INPUT", message="still here")

    assert (await hub.jobs.get(ANNA, job_id)).input_request == InputRequest("Approve?")


async def test_only_a_job_that_asks_has_a_question(hub: UseCases) -> None:
    """A question beside another status is a fault of the reporter."""
    job_id = await create(hub)

    with pytest.raises(InvalidFields, match="NEEDS_INPUT"):
        await report(hub, job_id, "RUNNING", input_request=InputRequest("Approve?"))


async def test_a_hostile_schema_is_refused_when_it_is_reported(hub: UseCases) -> None:
    """The reporter hears of it, not the person who answers."""
    job_id = await create(hub)
    hostile = InputRequest("Approve?", {"$ref": "http://127.0.0.1:9/"})
    with pytest.raises(InvalidFields):
        check_schema(hostile.schema)

    with pytest.raises(InvalidFields, match="JSON Schema"):
        await report(hub, job_id, "NEEDS_INPUT", input_request=hostile)


async def test_an_upload_after_the_end_leaves_status_and_message(hub: UseCases) -> None:
    """A late artifact is told and noted, and the job stays as it ended."""
    job_id = await create(hub)
    await complete(hub, job_id, "DONE", completion_message="ready")

    await hub.jobs.attach(ANNA, job_id, Upload("a.txt", "f" * 32, 5))

    job = await hub.jobs.get(ANNA, job_id)
    assert (job.status, job.message, job.uploads) == ("DONE", "ready", {"a.txt": "f" * 32})
    assert (await hub.jobs.history(job))[-1].message == "Artifact a.txt uploaded"


async def test_a_report_cannot_change_the_size_of_an_upload(hub: UseCases) -> None:
    """The hub holds the content, so it knows its size; the label is the reporter's."""
    job_id = await create(hub)
    await hub.jobs.attach(ANNA, job_id, Upload("a.txt", "f" * 32, 5))

    reported = Artifact("a.txt", path="out/a.txt", size=99)
    await complete(hub, job_id, "DONE", final_artifacts=[reported])

    artifact = (await hub.jobs.get(ANNA, job_id)).artifacts[0]
    assert (artifact.path, artifact.size) == ("out/a.txt", 5)


@pytest.mark.parametrize("verb", ["report", "complete", "input", "attach", "get"])
async def test_a_job_that_is_not_there_is_named(hub: UseCases, verb: str) -> None:
    """Whatever is asked of it, the refusal says which job is meant."""
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "report": lambda: report(hub, "nobody", "RUNNING"),
        "complete": lambda: complete(hub, "nobody", "DONE"),
        "input": lambda: hub.jobs.answer(ANNA, "nobody", JobAnswer(1), None),
        "attach": lambda: hub.jobs.attach(ANNA, "nobody", Upload("a", "f", 1)),
        "get": lambda: hub.jobs.get(ANNA, "nobody"),
    }

    with pytest.raises(JobNotFound, match="nobody"):
        await calls[verb]()


async def test_pages_of_jobs_are_stable_while_new_ones_come(hub: UseCases) -> None:
    """Whoever pages sees each job that was there exactly once, whatever is created meanwhile."""
    there = [await create(hub) for _ in range(7)]  # all in the same microsecond
    seen: list[str] = []
    query = JobQuery(2)

    while page := await hub.jobs.list(ANNA, query):
        seen += [job.job_id for job in page]
        query = query._replace(before=(page[-1].created_at_us, page[-1].job_id))
        hub.clock.advance(1)
        await create(hub)

    assert sorted(seen) == sorted(there)


async def test_jobs_are_listed_newest_first_and_filtered(hub: UseCases) -> None:
    """Filters join, and only match what they say."""
    one = await create(hub, user_id="u")
    hub.clock.advance(1)
    two = await create(hub, user_id="u")
    await create(hub, user_id="v")
    await report(hub, two, "RUNNING")

    async def listed(**filters: Any) -> list[str]:
        return [job.job_id for job in await hub.jobs.list(ANNA, JobQuery(10, **filters))]

    assert await listed(user_id="u") == [two, one]
    assert await listed(status="RUNNING") == [two]
    assert await listed(status="PENDING", user_id="u") == [one]
    assert await listed(user_id="") == []


async def test_history_is_that_of_the_job_as_it_was_read(hub: UseCases) -> None:
    """An update that comes between the two reads is in neither."""
    job_id = await create(hub)
    job = await hub.jobs.get(ANNA, job_id)
    await report(hub, job_id, "RUNNING")

    entries = await hub.jobs.history(job)

    assert [(entry.revision, entry.step) for entry in entries] == [(1, "initialization")]
