"""What every log promises (`hub.stores.base.Log`), run on each adapter."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from hub.errors import BodyTooLarge, Conflict, IdempotencyKeyReused, LogUnavailable, Overloaded
from hub.model.channel import Defined, Definition
from hub.model.contract import Contract
from hub.model.event import Draft, Event
from hub.model.job import Job, JobEntry
from hub.model.unit import Answered, Decision, IdempotencyKey, Outcome, Rows, Unit
from hub.stores import snapshot as snapshots
from hub.stores.base import EventQuery, JobQuery, Store
from hub.stores.snapshot import MAX_OPEN
from support.clocks import FakeClock
from support.units import faulty, marked_as_test, offsets, refused, unit


def define(channel: str, definition: Definition) -> Unit:
    """Return a unit that defines a channel."""

    def decide(_rows: Rows) -> Decision:
        return Decision([Defined(channel, definition)], [], lambda _events: b"")

    return Unit("me", [], [channel], decide)


def bodies(outcomes: Sequence[Outcome]) -> list[bytes]:
    """Return the answers of units that were all committed."""
    answered = [outcome for outcome in outcomes if isinstance(outcome, Answered)]
    assert len(answered) == len(outcomes), outcomes
    return [outcome.body for outcome in answered]


async def read(log: Store, channel: str = "contracts", after: int = 0) -> list[int]:
    """Return the offsets that the log holds."""
    return [e.offset for e in await log.events(EventQuery(channel, 1000, after=after))]


def job(
    job_id: str, *, created: int, status: str = "PENDING", user: str = "u1", owner: str = "me"
) -> Unit:
    """Return a unit that stores a job and one line of its history."""

    def decide(_rows: Rows) -> Decision:
        row = Job(
            job_id=job_id,
            owner=owner,
            status=status,  # type: ignore[arg-type]
            created_at_us=created,
            updated_at_us=created,
            metadata={"user_id": user},
        )
        draft = Draft("jobs", "job_update", b"{}", job_id, owner=owner)
        entry = JobEntry(job_id, 1, created, status, "m", None)
        return Decision([row, entry], [draft], offsets)

    return Unit("me", [("job", job_id)], ["jobs"], decide)


async def test_offsets_grow_by_one_in_commit_order(log: Store) -> None:
    """Units of a group and of later groups get the next offsets, without holes."""
    first = await log.commit([unit("a"), unit("b")])
    second = await log.commit([unit("c")])

    assert bodies([*first, *second]) == [b"contracts:1", b"contracts:2", b"contracts:3"]
    assert await read(log) == [1, 2, 3]
    assert (await log.state()).heads["contracts"].offset == 3


async def test_one_unit_may_write_several_channels(log: Store) -> None:
    """Its events stand in each channel's own order, in one commit."""
    outcomes = await log.commit([unit("a", channels=["contracts", "jobs"]), unit("b")])

    assert bodies(outcomes) == [b"contracts:1,jobs:1", b"contracts:2"]


async def test_a_new_channel_begins_at_one(log: Store) -> None:
    """A channel that nobody made before is there after its first event."""
    await log.commit([unit(channels=["orders.eu"])])

    assert (await log.state()).heads["orders.eu"].offset == 1
    assert await read(log, "orders.eu") == [1]


async def test_a_refused_unit_leaves_no_trace_and_takes_no_offset(log: Store) -> None:
    """Its neighbours in the group are committed as if it had not been there."""
    first, refusal, last = await log.commit([unit("a"), refused(), unit("b")])

    assert isinstance(refusal, Conflict)
    assert bodies([first, last]) == [b"contracts:1", b"contracts:2"]


async def test_a_faulty_unit_fails_the_whole_group_and_nothing_is_kept(log: Store) -> None:
    """All or nothing: the caller runs the group again, one by one."""
    with pytest.raises((OverflowError, asyncpg.DataError)):
        await log.commit([unit("a"), faulty()])

    assert await read(log) == []
    assert bodies(await log.commit([unit("b")])) == [b"contracts:1"]


async def test_a_later_unit_sees_the_rows_of_an_earlier_one(log: Store) -> None:
    """Two updates of one row in one group do not lose the first."""
    seen: list[Contract | None] = []

    def decide(rows: Rows) -> Decision:
        seen.append(rows.contract("a"))
        return Decision([], [], offsets)

    await log.commit([unit("a"), Unit("me", [("contract", "a")], [], decide)])
    await log.commit([Unit("me", [("contract", "a")], [], decide)])

    assert [row.contract_id for row in seen if row] == ["a", "a"]


async def test_times_of_a_channel_never_fall(log: Store, clock: FakeClock) -> None:
    """A clock that steps back does not reorder history."""
    await log.commit([unit("a")])
    clock.advance(-3600)
    await log.commit([unit("b")])

    first, second = await log.events(EventQuery("contracts", 10))
    assert second.at_us == first.at_us


async def test_a_test_event_is_not_kept(log: Store) -> None:
    """It has an id, but neither an offset nor a place in history."""
    (outcome,) = await log.commit([marked_as_test()])

    assert isinstance(outcome, Answered)
    assert outcome.events[0].offset == 0
    assert outcome.body.decode() == outcome.events[0].id
    assert await read(log) == []


async def test_a_key_is_answered_again_without_a_second_event(log: Store) -> None:
    """In the same group, and in a later one."""
    first, twin = await log.commit([unit(key="k"), unit(key="k")])
    (later,) = await log.commit([unit(key="k")])

    assert bodies([first, twin, later]) == [b"contracts:1"] * 3
    assert [out.replayed for out in (first, twin, later) if isinstance(out, Answered)] == [
        False,
        True,
        True,
    ]
    assert await read(log) == [1]


async def test_a_key_with_another_body_is_refused(log: Store) -> None:
    """The same key must mean the same request."""
    await log.commit([unit(key="k")])
    other = unit()._replace(key=IdempotencyKey("k", b"other"))

    (outcome,) = await log.commit([other])

    assert isinstance(outcome, IdempotencyKeyReused)


async def test_the_answer_of_a_refused_request_is_not_kept(log: Store) -> None:
    """Its retry is judged anew."""
    await log.commit([refused()._replace(key=IdempotencyKey("k", b"hash"))])

    (outcome,) = await log.commit([unit(key="k")])

    assert isinstance(outcome, Answered)
    assert not outcome.replayed


async def test_kept_answers_are_forgotten_by_age(log: Store, clock: FakeClock) -> None:
    """Only those older than asked, and at most as many as asked."""
    await log.commit([unit(key="a"), unit(key="b")])
    clock.advance(10)
    await log.commit([unit(key="c")])

    assert await log.forget_answers(clock.now, 1) == 1
    assert await log.forget_answers(clock.now, 5) == 1
    (kept,) = await log.commit([unit(key="c")])
    assert isinstance(kept, Answered)
    assert kept.replayed


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(EventQuery("contracts", 2), [5, 6], id="the last ones"),
        pytest.param(EventQuery("contracts", 2, after=2), [3, 4], id="what follows"),
        pytest.param(EventQuery("contracts", 2, before=4), [2, 3], id="what precedes"),
        pytest.param(EventQuery("contracts", 9, after=1, before=4), [2, 3], id="between"),
        pytest.param(EventQuery("contracts", 9, key="b"), [2, 5], id="of one entity"),
        pytest.param(EventQuery("contracts", 9, tag="Mumbai"), [1, 2, 3, 4, 5, 6], id="of a tag"),
        pytest.param(EventQuery("contracts", 9, tag="Chennai"), [], id="of a tag nobody has"),
        pytest.param(EventQuery("nothing", 9), [], id="of a channel that is not there"),
    ],
)
async def test_history_is_read_in_pages(log: Store, query: EventQuery, expected: list[int]) -> None:
    """Every page is oldest first, from whichever end it was asked for."""
    await log.commit([unit(name) for name in "abcabc"])

    assert [event.offset for event in await log.events(query)] == expected


async def test_a_time_is_found_without_an_index(log: Store, clock: FakeClock) -> None:
    """The offset before a time is the newest event that is older."""
    for _ in range(20):
        await log.commit([unit()])
        clock.advance(1)
    start = clock.now - 20_000_000

    found = [await log.offset_before("contracts", start + s * 1_000_000) for s in (0, 1, 7, 99)]

    assert found == [0, 1, 7, 20]
    assert await log.offset_before("nothing", start) == 0


async def test_pruning_forgets_a_prefix_in_small_steps(log: Store) -> None:
    """At most `limit` events a step, never above the head, and offsets go on."""
    await log.commit([unit() for _ in range(10)])

    assert (await log.prune("contracts", below=8, limit=3)).oldest == 4
    assert await read(log) == [4, 5, 6, 7, 8, 9, 10]
    assert (await log.prune("contracts", below=99, limit=99)).oldest == 11
    assert await read(log) == []
    assert bodies(await log.commit([unit()])) == [b"contracts:11"]
    assert (await log.offset_before("contracts", 0)) == 10


async def test_a_snapshot_is_the_state_at_one_offset(log: Store) -> None:
    """Commits after it was opened do not show in its pages."""
    await log.commit([unit("a"), unit("b"), unit("c")])
    snapshot = await log.snapshot("contracts")
    await log.commit([unit("d")])

    first, more = await snapshot.page(2)
    second, end = await snapshot.page(2)
    await snapshot.close()
    await snapshot.close()

    assert snapshot.offset == 3
    assert [row.contract_id for row in [*first, *second] if isinstance(row, Contract)] == [
        "a",
        "b",
        "c",
    ]
    assert (more, end) == (True, False)


async def test_a_snapshot_of_jobs_holds_jobs_and_others_are_empty(log: Store) -> None:
    """A channel without entities has an empty state."""
    await log.commit([job("j1", created=1)])
    jobs, tasks = await log.snapshot("jobs"), await log.snapshot("tasks")

    rows, _ = await jobs.page(5)
    none, _ = await tasks.page(5)

    assert [row.job_id for row in rows if isinstance(row, Job)] == ["j1"]
    assert none == []


async def test_what_belongs_to_one_owner_is_read_alone(log: Store) -> None:
    """Its events, its list, its snapshot; in pages as full as anybody's."""
    for number, owner in enumerate(["anna", "bert", "bert", "anna", "bert"], 1):
        await log.commit([job(f"j{number}", created=number, owner=owner)])

    newest = await log.events(EventQuery("jobs", 2, owner="bert"))
    later = await log.events(EventQuery("jobs", 2, after=2, owner="bert"))
    keyed = await log.events(EventQuery("jobs", 9, key="j1", owner="bert"))
    listed = await log.jobs(JobQuery(2, owner="anna"))
    snapshot = await log.snapshot("jobs", "bert")
    first, more = await snapshot.page(2)
    second, _ = await snapshot.page(2)
    await snapshot.close()

    assert [event.offset for event in newest] == [3, 5]
    assert [event.offset for event in later] == [3, 5]
    assert keyed == []
    assert [found.job_id for found in listed] == ["j4", "j1"]
    assert [row.job_id for row in [*first, *second] if isinstance(row, Job)] == ["j2", "j3", "j5"]
    assert more


async def test_a_snapshot_that_nobody_reads_on_makes_room(
    log: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen clients that read nothing must not keep all others from theirs."""
    opened = [await log.snapshot("contracts") for _ in range(MAX_OPEN)]
    monkeypatch.setattr(snapshots, "IDLE_S", 0.0)
    await opened[0].page(10)

    opened.append(await log.snapshot("contracts"))

    with pytest.raises(LogUnavailable, match="read on"):
        await opened[1].page(10)
    for one in (opened[0], *opened[2:]):
        await one.page(10)
    for one in opened:
        await one.close()


async def test_open_snapshots_are_few(log: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is refused, not queued; a closed one makes room."""
    # All of them are being read, however long a busy machine takes to open sixteen.
    monkeypatch.setattr("hub.stores.snapshot.IDLE_S", 60.0)
    opened = [await log.snapshot("contracts") for _ in range(MAX_OPEN)]

    with pytest.raises(Overloaded):
        await log.snapshot("contracts")
    await opened[0].close()
    await log.snapshot("contracts")


async def test_jobs_are_listed_newest_first_in_stable_pages(log: Store) -> None:
    """A page goes on where the last one ended, also among jobs of one moment."""
    await log.commit([job("a", created=1), job("b", created=2), job("c", created=2)])
    await log.commit([job("d", created=3, status="DONE", user="u2")])

    first = await log.jobs(JobQuery(2))
    rest = await log.jobs(JobQuery(9, before=(first[-1].created_at_us, first[-1].job_id)))

    assert [j.job_id for j in [*first, *rest]] == ["d", "c", "b", "a"]
    assert [j.job_id for j in await log.jobs(JobQuery(9, status="DONE"))] == ["d"]
    assert [j.job_id for j in await log.jobs(JobQuery(9, user_id="u1"))] == ["c", "b", "a"]


async def test_a_job_comes_back_as_it_was_stored(log: Store) -> None:
    """The row and its history are what the unit decided; an unknown id is None."""
    await log.commit([job("a", created=1)])

    found = await log.job("a")

    assert found is not None
    assert found.metadata == {"user_id": "u1"}
    assert [entry.message for entry in await log.job_entries("a")] == ["m"]
    assert await log.job("nobody") is None


async def test_contracts_are_counted(log: Store) -> None:
    """By location and status, with the newest update."""
    await log.commit([unit("a"), unit("b"), unit("a")])

    (count,) = await log.contract_counts()

    assert (count.location, count.status, count.contracts) == ("Mumbai", "active", 2)


async def test_a_new_epoch_is_another_log(log: Store) -> None:
    """Heads stay, the word changes."""
    before = await log.state()

    await log.new_epoch("e2")

    after = await log.state()
    assert after.epoch == "e2" != before.epoch
    assert after.log_id == before.log_id


async def test_a_large_group_is_written_whole(log: Store) -> None:
    """More rows than one statement takes."""
    outcomes = await log.commit([unit(f"c-{n}", key=f"k-{n}") for n in range(200)])

    assert bodies(outcomes)[-1] == b"contracts:200"
    assert await read(log) == list(range(1, 201))


async def test_readers_do_not_wait_for_the_writer(log: Store) -> None:
    """Reads and commits at the same time all succeed."""
    results = await asyncio.gather(
        *(log.commit([unit(f"c-{n}")]) for n in range(20)), *(log.state() for _ in range(20))
    )

    assert len(results) == 40
    assert await read(log) == list(range(1, 21))


async def test_a_probe_of_a_sound_log_says_nothing(log: Store) -> None:
    """And it changes nothing."""
    before = await log.state()

    await log.probe()

    assert await log.state() == before


async def test_a_page_is_bounded_in_bytes_after_one_event(log: Store) -> None:
    """From either end, without a hole: a few large events must not fill the memory."""
    await log.commit([unit() for _ in range(5)])

    first = await log.events(EventQuery("contracts", 9, after=0, max_bytes=1))
    two = await log.events(EventQuery("contracts", 9, after=0, max_bytes=3))
    last = await log.events(EventQuery("contracts", 9, max_bytes=3))

    assert [[event.offset for event in page] for page in (first, two, last)] == [
        [1],
        [1, 2],
        [4, 5],
    ]


async def test_an_event_that_no_client_could_take_is_refused(log: Store) -> None:
    """Clients end at a frame over 1 MiB, and would again at every resume."""

    def decide(_rows: Rows) -> Decision:
        drafts = [Draft("jobs", "job_update", b"{}"), Draft("jobs", "job_update", b"x" * 600_000)]
        return Decision([], drafts, offsets)

    (outcome,) = await log.commit([Unit("me", [], ["jobs"], decide)])

    assert isinstance(outcome, BodyTooLarge)
    assert await read(log, "jobs") == []


async def test_a_definition_is_kept_beside_the_head(log: Store) -> None:
    """A channel is there as soon as it is defined, and its events do not undo that."""
    definition = Definition(max_events=5, max_age_us=7)
    await log.commit([define("orders", Definition()), define("orders", definition)])
    before = (await log.state()).heads["orders"]
    await log.commit([unit(channels=["orders"])])
    pruned = await log.prune("orders", below=2, limit=9)

    after = (await log.state()).heads["orders"]
    assert (before.offset, before.definition) == (0, definition)
    assert (after.offset, after.definition) == (1, definition)
    assert pruned.definition == definition
    assert (await log.state()).heads["contracts"].definition is None


async def test_a_decision_sees_how_its_channel_is_defined(log: Store) -> None:
    """Also where an earlier unit of the same group has defined it, or appended to it."""
    seen: list[tuple[int, bool]] = []

    def look(rows: Rows) -> Decision:
        head = rows.heads["moves"]
        seen.append((head.offset, head.is_durable))
        return Decision([], [], offsets)

    looking = Unit("me", [], ["moves"], look)
    await log.commit([looking, define("moves", Definition(durable=False)), looking])
    await log.commit([looking, unit(channels=["moves"]), looking])

    assert seen == [(0, True), (0, False), (0, False), (1, False)]


async def test_a_refused_unit_makes_no_channel(log: Store) -> None:
    """Nobody has defined it, and it has no event."""
    await log.commit([refused()._replace(channels=["orders"])])

    assert "orders" not in (await log.state()).heads


async def test_a_trace_is_kept_with_its_event(log: Store) -> None:
    """It is of the unit; an event of a unit without one has none."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await log.commit([unit("a")._replace(trace=trace), unit("b")])

    kept = await log.events(EventQuery("contracts", 10))

    assert [event.trace for event in kept] == [trace, ""]


@pytest.mark.parametrize("channels", [["contracts"], ["contracts", "jobs", "orders"]])
async def test_an_event_is_found_by_its_id(
    log: Store, clock: FakeClock, channels: list[str]
) -> None:
    """Of whichever channel, also among many of one moment, and of moments with none between."""
    for _ in range(7):
        clock.advance(0.0004)
        await log.commit([unit(channels=channels) for _ in range(3)])
    made = [e for name in channels for e in await log.events(EventQuery(name, 100, after=0))]

    found = [await log.event(event.id) for event in made]

    assert found == made
    assert len(made) == 21 * len(channels)


async def test_an_event_is_found_where_others_were_pruned(log: Store, clock: FakeClock) -> None:
    """What retention has taken is not there any more; what it left is."""
    made: list[Event] = []
    for _ in range(5):
        clock.advance(1)
        await log.commit([unit()])
        made += await log.events(EventQuery("contracts", 1))
    await log.prune("contracts", below=4, limit=10)

    found = [await log.event(event.id) for event in made]

    assert found == [None, None, None, *made[3:]]


async def test_what_is_no_id_is_not_looked_for(log: Store) -> None:
    """It could be of nothing in the log."""
    assert await log.event("c-1") is None
