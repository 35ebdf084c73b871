"""The sealer: one node closes the records, and says the newest hash where no database keeps it."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import LogUnavailable
from hub.model.audit_chain import verify
from hub.services import sealer as sealing
from hub.services.sealer import FORGET_EVERY_US, LEASE_US, Sealer
from hub.stores.audit import AuditQuery
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from hub.stores.sqlite_audit import SqliteAudit
from support.clocks import FakeClock
from support.log_lines import logging_to, read
from support.notes import KEY, a_note

DAY_US = 24 * 3600 * 1_000_000


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands."""
    return FakeClock()


@pytest.fixture
async def audit(tmp_path: Path, clock: FakeClock) -> AsyncIterator[SqliteAudit]:
    """An empty log."""
    log = SqliteLog(DataFile(tmp_path / "hub.db"), clock)
    log.migrate()
    yield log.audit
    await log.close()


def node(audit: SqliteAudit, clock: FakeClock, name: str = "n1", key: bytes | None = KEY) -> Sealer:
    """Return a node's sealer."""
    return Sealer(audit, clock, name, key=key, max_age_us=DAY_US)


async def test_what_is_new_is_sealed_and_the_head_is_said(
    audit: SqliteAudit, clock: FakeClock
) -> None:
    """Hash, signature and place stand in the lines of the hub, from where they cannot be taken."""
    stream = io.StringIO()
    with logging_to(stream):
        await audit.append([a_note(), a_note()])
        await node(audit, clock).round()

    (seal,) = await audit.seals(10)
    (line,) = read(stream)
    assert (line["part"], line["event"], line["level"]) == ("audit", "audit sealed", "info")
    assert (line["batch"], line["last_seq"], line["hash"], line["hmac"]) == (
        1, 2, seal.hash, seal.hmac
    )  # fmt: skip
    records = await audit.records(AuditQuery(10))
    assert verify(records, [seal], [KEY], last_seq=2, head=line["hash"]) == []


async def test_many_records_are_many_batches(
    audit: SqliteAudit, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one round, and the newest hash is said: it stands for those before."""
    monkeypatch.setattr(sealing, "BATCH", 2)
    sealer, stream = node(audit, clock), io.StringIO()
    await audit.append([a_note()] * 5)
    with logging_to(stream):
        await sealer.round()

    assert [line["batch"] for line in read(stream)] == [3]
    assert (sealer.sealed, (await audit.audit_state()).sealed) == (3, 5)


async def test_without_a_key_seals_are_chained_and_not_signed(
    audit: SqliteAudit, clock: FakeClock
) -> None:
    """The head outside the database still tells."""
    await audit.append([a_note()])
    await node(audit, clock, key=None).round()

    (seal,) = await audit.seals(10)
    assert seal.hmac == ""
    assert verify(await audit.records(AuditQuery(10)), [seal], last_seq=1, head=seal.hash) == []


async def test_an_idle_hub_writes_nothing(
    audit: SqliteAudit, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No renewal of a right that nobody needs."""
    sealer = node(audit, clock)
    await audit.append([a_note()])
    await sealer.round()

    async def fail(*_: object) -> None:
        pytest.fail("expected no write")

    monkeypatch.setattr(audit, "lease", fail)
    await sealer.round()


async def test_one_node_seals_and_another_goes_on_when_it_is_gone(
    audit: SqliteAudit, clock: FakeClock
) -> None:
    """After its lease; and what it left unsaid is said by the next."""
    one, two, stream = node(audit, clock, "n1"), node(audit, clock, "n2"), io.StringIO()
    await audit.append([a_note()])
    await one.round()
    await audit.append([a_note()])
    await two.round()
    assert two.sealed == 0

    clock.advance(LEASE_US / 1_000_000)
    with logging_to(stream):
        await two.round()
        await two.round()

    assert (one.sealed, two.sealed) == (1, 1)
    assert [line["batch"] for line in read(stream)] == [2]


async def test_a_start_says_where_the_log_stands(audit: SqliteAudit, clock: FakeClock) -> None:
    """The node before may have died between its seal and its line."""
    await audit.append([a_note()])
    token = await audit.lease("dead", 0, 1)
    assert token is not None
    await audit.seal(token, 10, node(audit, clock)._close)
    stream = io.StringIO()

    with logging_to(stream):
        await node(audit, clock, "n2").round()

    assert [line["last_seq"] for line in read(stream)] == [1]


async def test_a_node_that_stops_seals_the_rest_and_steps_aside(
    audit: SqliteAudit, clock: FakeClock
) -> None:
    """The next one need not wait for the end of its lease."""
    one, two = node(audit, clock, "n1"), node(audit, clock, "n2")
    await audit.append([a_note()])
    await one.close()
    await audit.append([a_note()])
    await two.round()

    assert (one.sealed, two.sealed) == (1, 1)


async def test_all_nodes_at_once_make_one_chain(audit: SqliteAudit, clock: FakeClock) -> None:
    """Whoever comes first seals; nothing is sealed twice."""
    nodes = [node(audit, clock, f"n{n}") for n in range(4)]
    for _ in range(5):
        await audit.append([a_note()] * 3)
        await asyncio.gather(*(one.round() for one in nodes))
        clock.advance(LEASE_US / 1_000_000)

    records, seals = await audit.records(AuditQuery(100)), await audit.seals(100)
    assert verify(records, seals, [KEY], last_seq=15) == []
    assert sum(one.sealed for one in nodes) == len(seals) == 5


async def test_what_is_old_is_forgotten_in_whole_batches(
    audit: SqliteAudit, clock: FakeClock
) -> None:
    """Looked at once an hour; the record of it is sealed like any other."""
    sealer = node(audit, clock)
    await audit.append([a_note("old")] * 3)
    await sealer.round()
    clock.advance(24 * 3600 + 1)
    await audit.append([a_note("young", at_us=clock.now)])
    await sealer.round()
    await sealer.round()

    records, seals = await audit.records(AuditQuery(10)), await audit.seals(10)
    assert [(record.seq, record.action) for record in records] == [
        (4, "channel.define"), (5, "audit.forget")
    ]  # fmt: skip
    assert (await audit.audit_state()).forgotten == 3
    assert verify(records, seals, [KEY], last_seq=5, forgotten=3) == []
    assert sealer._forget_at_us == clock.now + FORGET_EVERY_US


async def test_a_disk_that_is_away_ends_nothing(
    audit: SqliteAudit, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged, and the next round goes on; a stop does not fail by it."""
    sealer, stream = node(audit, clock), io.StringIO()
    turns = 0

    async def away(*_: Any) -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            raise asyncio.CancelledError
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(audit, "audit_state", away)
    monkeypatch.setattr(sealing, "EVERY_S", 0)
    with logging_to(stream), pytest.raises(asyncio.CancelledError):
        await sealer.run()
    turns = 0
    await sealer.close()

    (line,) = read(stream)
    assert line["event"] == "the audit log cannot be sealed"
