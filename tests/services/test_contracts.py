"""Contracts as a use case: state, stale news, tests."""

from typing import Any

import msgspec
import pytest

from hub.errors import InvalidFields
from hub.model.contract import ContractUpdate
from hub.model.event import encode
from hub.services.contracts import UpdateAnswer
from hub.services.history import HistoryQuery
from hub.stores.base import ContractCount
from support.clocks import START_US
from support.use_cases import ANNA, UseCases

NOON = "2023-01-01T12:00:00"


def update(timestamp: str = NOON, **changes: str) -> ContractUpdate:
    """Return an update of one contract."""
    good = ContractUpdate("c-1", "Mumbai", "active", timestamp)
    return msgspec.structs.replace(good, **changes)


async def state(hub: UseCases) -> list[ContractCount]:
    """Return what is stored."""
    return list(await hub.log.contract_counts())


async def post(hub: UseCases, sent: ContractUpdate) -> Any:
    """Send an update and return the answer."""
    return msgspec.json.decode((await hub.contracts.update(ANNA, sent, None)).body)


async def test_the_answer_is_the_documented_one(hub: UseCases) -> None:
    """The answer joined by hand has exactly the fields and types that OpenAPI promises."""
    answered = await hub.contracts.update(ANNA, update(), None)

    answer = msgspec.json.decode(answered.body, type=UpdateAnswer)
    assert msgspec.to_builtins(answer) == msgspec.json.decode(answered.body)
    assert answer == UpdateAnswer("ok", hub.told[0].id, "contracts", hub.epoch, 1, applied=True)


async def test_older_news_is_pushed_as_stale_and_changes_no_state(hub: UseCases) -> None:
    """An update older than what is stored takes its place in history, not in the state."""
    await post(hub, update("2023-01-01T12:00:00"))
    before = await state(hub)
    hub.clock.advance(1)

    answer = await post(hub, update("2023-01-01T11:59:59", status="inactive"))

    assert (answer["applied"], answer["offset"]) == (False, 2)
    assert hub.told[1].type == "contract_stale"
    assert await state(hub) == before


@pytest.mark.parametrize(
    "again",
    [
        pytest.param("2023-01-01T12:00:00", id="the same time"),
        pytest.param("2023-01-01T12:00:00Z", id="the same time in UTC"),
        pytest.param("2023-01-01T17:30:00+05:30", id="the same time in Chennai"),
        pytest.param("2023-01-01T12:00:00.000001", id="a microsecond later"),
    ],
)
async def test_equal_and_newer_news_apply(hub: UseCases, again: str) -> None:
    """Equal is not older, whatever offset it is written with; naive means UTC."""
    await post(hub, update(NOON))

    answer = await post(hub, update(again, status="inactive"))

    assert answer["applied"] is True
    assert [(row.status, row.contracts) for row in await state(hub)] == [("inactive", 1)]


async def test_stale_is_judged_by_contract(hub: UseCases) -> None:
    """One contract's clock says nothing of another's."""
    await post(hub, update("2023-06-01T12:00:00"))

    answer = await post(hub, update("2022-01-01T12:00:00", contract_id="c-2"))

    assert answer["applied"] is True


async def test_a_fast_clock_is_refused(hub: UseCases) -> None:
    """A time more than five minutes ahead would freeze the contract until then."""
    with pytest.raises(InvalidFields, match="5 minutes"):
        await hub.contracts.update(ANNA, update("2099-01-01T00:00:00"), None)

    assert hub.told == []


async def test_the_first_sender_stays_the_owner(hub: UseCases) -> None:
    """Every record has its owner from the start, and events have their sender."""
    await post(hub, update())
    await hub.contracts.update(ANNA._replace(name="bert"), update(status="inactive"), None)

    snapshot = await hub.log.snapshot("contracts")
    rows, _more = await snapshot.page(10)
    await snapshot.close()

    assert [row.owner for row in rows] == ["anna"]
    assert [event.owner for event in hub.told] == ["anna", "bert"]


async def test_a_test_update_leaves_no_trace(hub: UseCases) -> None:
    """It is fanned out, marked, and neither history nor state nor the head change."""
    before = (await hub.log.state(), await state(hub))

    answered = await hub.contracts.test(ANNA, update(), None)

    told = msgspec.json.decode(encode(hub.told[0]))
    assert (told["test"], "offset" in told, told["type"]) == (True, False, "contract_update")
    assert msgspec.json.decode(answered.body)["test"] is True
    assert (await hub.log.state(), await state(hub)) == before
    page = await hub.history.page(HistoryQuery("contracts", 10))
    assert page.events == []


async def test_events_carry_what_was_sent_as_it_was_sent(hub: UseCases) -> None:
    """Id and timestamp are echoed letter by letter; the event's own time is the hub's."""
    await post(hub, update("2023-01-01T17:30:00+05:30", contract_id='ü"\\x'))

    told = msgspec.json.decode(encode(hub.told[0]))
    assert told["data"] == {
        "contract_id": 'ü"\\x',
        "location": "Mumbai",
        "status": "active",
        "timestamp": "2023-01-01T17:30:00+05:30",
    }
    assert hub.told[0].at_us == START_US
