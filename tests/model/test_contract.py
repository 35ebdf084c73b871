"""Contracts: what is accepted, and what is stale."""

import msgspec
import pytest

from hub.errors import InvalidFields
from hub.model.contract import (
    MAX_AHEAD_US,
    Contract,
    ContractUpdate,
    Location,
    is_stale,
    read_update,
    shown,
)
from hub.model.timestamp import to_rfc3339
from hub.settings import Settings

NOW_US = 1_704_110_400_000_000
CITIES = frozenset({"Chennai", "Mumbai"})


def update(**changes: str) -> ContractUpdate:
    """Return a good update with some fields changed."""
    good = ContractUpdate("c-1", "Mumbai", "active", "2024-01-01T12:00:00")
    return msgspec.structs.replace(good, **changes)


def stored(sent_at_us: int) -> Contract:
    """Return a contract whose newest update is of that time."""
    return Contract("c-1", "anna", "Mumbai", "active", "", sent_at_us, 0)


def test_the_default_locations_are_those_of_seed_3() -> None:
    """Without a setting, exactly the four cities of the document exist."""
    assert Settings().locations == {city.value for city in Location}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"contract_id": ""}, "$.contract_id", id="an empty id"),
        pytest.param({"contract_id": "x" * 257}, "$.contract_id", id="an overlong id"),
        pytest.param({"location": "Atlantis"}, "$.location", id="a city that does not exist"),
        pytest.param({"location": "mumbai"}, "$.location", id="a city in lower case"),
        pytest.param({"status": "ACTIVE"}, "$.status", id="a status in upper case"),
        pytest.param({"timestamp": "now"}, "$.timestamp", id="a timestamp that is no time"),
        pytest.param(
            {"timestamp": to_rfc3339(NOW_US + MAX_AHEAD_US + 1)}, "$.timestamp",
            id="a timestamp more than five minutes ahead",
        ),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(changes: dict[str, str], field: str) -> None:
    """The refusal names the field, what was expected of it and what came."""
    with pytest.raises(InvalidFields) as refused:
        read_update(update(**changes), CITIES, NOW_US)

    fault, *others = refused.value.fields
    assert others == []
    assert fault.field == field
    assert fault.expected
    assert fault.got == shown(next(iter(changes.values())))


def test_all_wrong_fields_are_named_at_once() -> None:
    """A sender mends everything in one go."""
    wrong = update(contract_id="", location="x", status="x", timestamp="x")

    with pytest.raises(InvalidFields) as refused:
        read_update(wrong, CITIES, NOW_US)

    named = [fault.field for fault in refused.value.fields]
    assert named == ["$.contract_id", "$.location", "$.status", "$.timestamp"]


def test_exactly_five_minutes_ahead_is_accepted() -> None:
    """Clocks differ; five minutes are forgiven, to the microsecond."""
    at_us = NOW_US + MAX_AHEAD_US

    assert read_update(update(timestamp=to_rfc3339(at_us)), CITIES, NOW_US) == at_us


@pytest.mark.parametrize(
    ("sent_at_us", "stale"),
    [
        pytest.param(99, True, id="older is stale"),
        pytest.param(100, False, id="equal applies"),
        pytest.param(101, False, id="newer applies"),
    ],
)
def test_old_news_never_repaints_new_state(sent_at_us: int, stale: bool) -> None:  # noqa: FBT001 the expected value
    """Only an update older than what is stored is stale."""
    assert is_stale(stored(100), sent_at_us) is stale


def test_the_first_update_is_never_stale() -> None:
    """Where nothing is stored, everything is news."""
    assert not is_stale(None, -(2**62))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("abc", '"abc"', id="short text as JSON"),
        pytest.param("x" * 500, '"' + "x" * 76 + "...", id="long text is cut at 80"),
        pytest.param({"a": [1, None]}, '{"a":[1,null]}', id="an object"),
    ],
)
def test_what_came_is_shown_in_80_characters(value: object, text: str) -> None:
    """A refusal shows what came, but not all of it."""
    assert shown(value) == text
    assert len(shown(value)) <= 80
