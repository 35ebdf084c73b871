"""The types of events in the documents say what the code joins by hand."""

from typing import Any

import msgspec
import pytest

from hub.model import job_document
from hub.model.contract import Contract, ContractUpdate
from hub.model.event import Event, encode
from hub.model.job import Artifact, InputRequest, Job, Progress
from hub.services import snapshots
from hub.transports.http.documents.envelopes import (
    ContractData,
    ContractStale,
    ContractUpdated,
    Envelope,
    JobData,
    JobUpdated,
)
from support.clocks import START_US

UPDATE = ContractUpdate("c-1", "Mumbai", "active", "2024-01-01T12:00:00")
BARE = Job(
    job_id="j-1", owner="me", status="PENDING", created_at_us=START_US, updated_at_us=START_US
)
FULL = msgspec.structs.replace(
    BARE,
    input_data={"secret": "of the reporter"},
    progress=Progress("step", 5, 2, 40.0, "5 minutes"),
    artifacts=[Artifact("a.txt", "out/a.txt", "text", 3, "https://a.example/", "text")],
    metadata={"user_id": "u"},
    message="m",
    summary={"records": 3},
    input_request=InputRequest("Go on?", {"type": "boolean"}),
    input={"yes": True},
)


def event(type_: str, channel: str, data: bytes, offset: int = 17) -> bytes:
    """Return an event as its readers get it."""
    return encode(Event(channel, offset, "e-1", type_, START_US, "me", data))


def same(encoded: bytes, kind: type) -> bool:
    """Say whether a value is of a type, to the last field."""
    typed: object = msgspec.json.decode(encoded, type=kind)
    return bool(msgspec.to_builtins(typed) == msgspec.json.decode(encoded))


@pytest.mark.parametrize(
    ("type_", "channel", "data", "kind"),
    [
        pytest.param("contract_update", "contracts", UPDATE, ContractUpdated, id="contract"),
        pytest.param("contract_stale", "contracts", UPDATE, ContractStale, id="stale contract"),
        pytest.param("order_placed", "orders", {"n": 1}, Envelope, id="custom"),
    ],
)
def test_an_encoded_event_is_its_documented_type(
    type_: str, channel: str, data: Any, kind: type
) -> None:
    """`encode` writes the fields that the documents name, and no other."""
    assert same(event(type_, channel, msgspec.json.encode(data)), kind)


def test_a_test_event_has_a_mark_in_place_of_its_offset() -> None:
    """`offset` is absent and `test` is true, and never both."""
    encoded = event("contract_update", "contracts", msgspec.json.encode(UPDATE), offset=0)

    typed = msgspec.json.decode(encoded, type=ContractUpdated)
    assert same(encoded, ContractUpdated)
    assert typed.test is True
    assert typed.offset is msgspec.UNSET


@pytest.mark.parametrize("job", [pytest.param(BARE, id="bare"), pytest.param(FULL, id="full")])
def test_a_job_update_is_its_documented_type(job: Job) -> None:
    """`to_data` writes the fields that the documents name, and no other."""
    data = job_document.to_data(job)

    assert same(data, JobData)
    assert same(event("job_update", "jobs", data), JobUpdated)
    assert b"input_data" not in data


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        pytest.param(FULL, JobData, id="job"),
        pytest.param(
            Contract("c-1", "me", "Mumbai", "active", "2024-01-01T12:00:00", 1, 2),
            ContractData,
            id="contract",
        ),
    ],
)
def test_an_item_of_a_snapshot_is_its_documented_type(row: Contract | Job, kind: type) -> None:
    """A snapshot holds what the `data` of an event would."""
    assert same(snapshots._data(row), kind)


def test_contract_data_is_the_update_as_it_was_sent() -> None:
    """The four fields that come in are the four that go out."""
    assert ContractData.__struct_fields__ == ContractUpdate.__struct_fields__
