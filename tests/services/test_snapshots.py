"""Snapshots: items as events would tell them."""

import msgspec

from hub.model.contract import ContractUpdate
from hub.services.job_reports import NewJob
from hub.services.snapshots import EncodedSnapshot
from support.use_cases import ANNA, UseCases


async def test_a_contract_is_told_as_its_last_update_was(hub: UseCases) -> None:
    """Exactly seed 3's four fields, at the offset of the snapshot."""
    update = ContractUpdate("c-1", "Mumbai", "active", "2023-01-01T12:00:00")
    await hub.contracts.update(ANNA, update, None)

    snapshot = EncodedSnapshot(await hub.log.snapshot("contracts"))
    items, more = await snapshot.page(10)
    await snapshot.close()

    assert [bytes(item) for item in items] == [hub.told[0].data]
    assert (more, snapshot.epoch, snapshot.offset) == (False, hub.epoch, 1)


async def test_a_job_is_told_as_its_last_event_did(hub: UseCases) -> None:
    """A screen paints both with the same code."""
    await hub.jobs.create(ANNA, NewJob({"file": "a"}), None)
    await hub.jobs.create(ANNA, NewJob(), None)

    snapshot = EncodedSnapshot(await hub.log.snapshot("jobs"))
    items, more = await snapshot.page(1)
    await snapshot.close()

    told = {msgspec.json.decode(event.data)["job_id"]: event.data for event in hub.told}
    assert bytes(items[0]) == told[msgspec.json.decode(items[0])["job_id"]]
    assert more is True
