"""The auditor: deeds are recorded before their answer, refusals soon, none is lost in silence."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.auth.refusals import FIRST_WINDOW_US
from hub.errors import Forbidden, LogUnavailable, OutcomeUnknown, Unauthenticated
from hub.model.audit import REFUSED
from hub.model.principal import Principal
from hub.services.auditor import GROUP, MAX_WAITING, Auditor
from hub.stores.audit import AuditQuery
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.clocks import START_US, FakeClock
from support.log_lines import logging_to, written
from support.notes import MemoryAudit

ANNA = Principal("anna", ("admin",), credential="key:a1")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands."""
    return FakeClock()


@pytest.fixture
def log() -> MemoryAudit:
    """An empty log."""
    return MemoryAudit()


@pytest.fixture
def auditor(log: MemoryAudit, clock: FakeClock) -> Auditor:
    """The auditor of a node."""
    return Auditor(log, clock, "n1")  # type: ignore[arg-type]


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteLog]:
    """A real log."""
    opened = SqliteLog(DataFile(tmp_path / "hub.db"), clock)
    opened.migrate()
    yield opened
    await opened.close()


async def test_a_deed_is_on_disk_before_it_is_answered(store: SqliteLog, clock: FakeClock) -> None:
    """Who did what to what, from where, and how it was."""
    auditor = Auditor(store.audit, clock, "n1")
    await auditor.record(
        "key.revoke", ANNA, target="key:b2", address="10.0.0.1", details={"reason": "lost"}
    )

    (record,) = await store.audit.records(AuditQuery(10))
    assert record == (
        1, START_US, "anna", "key:a1", "key.revoke", "key:b2", "done", "10.0.0.1", "n1",
        '{"reason":"lost"}',
    )  # fmt: skip
    assert (auditor.written, auditor.failed) == (1, 0)


async def test_refusals_are_written_later_and_in_groups(auditor: Auditor, log: MemoryAudit) -> None:
    """Whoever is refused does not wait for a disk, and no disk for each of them."""
    auditor.refused(Unauthenticated("none"), target="GET /api/jobs", address="10.0.0.1")
    auditor.refused(Forbidden("no"), ANNA, target="PUT /api/channels/a", address="10.0.0.1")
    assert log.notes == []

    await auditor.flush()

    assert [(n.actor, n.credential, n.action, n.outcome, n.target) for n in log.notes] == [
        ("", "", REFUSED, "E_AUTHENTICATION_FAILED", "GET /api/jobs"),
        ("anna", "key:a1", REFUSED, "forbidden", "PUT /api/channels/a"),
    ]
    assert log.groups == [2]


async def test_refusals_that_were_counted_come_with_their_window(
    auditor: Auditor, log: MemoryAudit, clock: FakeClock
) -> None:
    """Or at the end of the node, whichever is sooner."""
    for _ in range(5):
        auditor.refused(Forbidden("no"), address="10.0.0.1")
    clock.advance(FIRST_WINDOW_US / 1_000_000)
    await auditor.flush()
    auditor.refused(Forbidden("no"), address="10.0.0.1")
    await auditor.flush(at_end=True)

    assert [note.details[:10] for note in log.notes] == ["{}", '{"count":4', '{"count":1']


async def test_a_deed_that_cannot_be_recorded_is_not_answered_as_done(
    auditor: Auditor, log: MemoryAudit
) -> None:
    """503: it was done, and the caller must look; the record is in the lines, and comes later."""
    log.failure = LogUnavailable("the disk is full")
    stream = io.StringIO()

    with logging_to(stream), pytest.raises(OutcomeUnknown, match=r"key.revoke.*the disk is full"):
        await auditor.record("key.revoke", ANNA, target="key:b2")
    log.failure = None
    await auditor.flush()

    (line,) = await written(stream)
    assert (line["event"], line["action"], line["target"], line["actor"]) == (
        "audit record not written", "key.revoke", "key:b2", "anna"
    )  # fmt: skip
    assert [note.target for note in log.notes] == ["key:b2"]
    assert (auditor.written, auditor.failed, auditor.lost) == (1, 1, 0)


async def test_what_cannot_be_written_is_logged_once_and_tried_again(
    auditor: Auditor, log: MemoryAudit
) -> None:
    """However long the disk is away; in order, when it is back."""
    log.failure = LogUnavailable("the disk is full")
    stream = io.StringIO()
    with logging_to(stream):
        for n in range(3):
            auditor.note("a", target=str(n))
            await auditor.flush()
        log.failure = None
        auditor.note("a", target="3")
        await auditor.flush()

    lines = await written(stream)
    assert [line["target"] for line in lines] == ["0", "1", "2"]
    assert [note.target for note in log.notes] == ["0", "1", "2", "3"]
    assert (auditor.written, auditor.failed, auditor.lost) == (4, 3, 0)


async def test_memory_is_bounded_and_the_first_ones_stay(
    auditor: Auditor, log: MemoryAudit
) -> None:
    """Nobody can push out of it what he did before; what finds no room is a line and a number."""
    stream = io.StringIO()
    with logging_to(stream):
        for n in range(MAX_WAITING + 2):
            auditor.note("a", target=str(n))
        await auditor.flush()

    lines = await written(stream)
    assert [line["target"] for line in lines] == ["1000", "1001"]
    assert (auditor.written, auditor.lost, auditor.failed) == (MAX_WAITING, 2, 2)
    assert log.notes[0].target == "0"
    assert max(log.groups) == GROUP
