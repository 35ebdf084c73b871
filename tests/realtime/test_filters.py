"""Filters: values looked up in `data`, else at the top; equal filters are one."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from hub.errors import InvalidCommand
from hub.realtime.filters import Filter, Index, Where, parse, read_facts, shown

FACTS = {"type": "placed", "channel": "orders", "offset": 7, "data": {"city": "Pune", "n": 1}}

scalars: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["", "a", "b", "1", "true"]), st.sampled_from([0, 1, 1.0, True, False, None])
)
names = st.sampled_from(["a", "b", "type"])
wheres = st.dictionaries(names, st.lists(scalars, min_size=1, max_size=3), min_size=1, max_size=3)
facts = st.fixed_dictionaries(
    {"type": scalars, "data": st.dictionaries(names, st.one_of(scalars, st.lists(scalars)))}
)


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        pytest.param({"city": ["Pune", "Mumbai"]}, True, id="any of the values"),
        pytest.param({"city": "Pune"}, True, id="one value without a list"),
        pytest.param({"city": ["Mumbai"]}, False, id="none of the values"),
        pytest.param({"city": ["Pune"], "n": [2]}, False, id="every name must match"),
        pytest.param({"type": ["placed"]}, True, id="a name at the top"),
        pytest.param({"nowhere": [None]}, False, id="a name that is nowhere is not null"),
        pytest.param({"n": [True]}, False, id="true is not one"),
        pytest.param({"n": [1.0]}, True, id="one is one, however it is written"),
        pytest.param({"data": ["x"]}, False, id="an object is no value"),
    ],
)
def test_a_filter_lets_through_what_has_one_of_its_values(where: Where, *, matches: bool) -> None:
    """In every one of its fields."""
    assert parse(where).matches(FACTS) is matches


def test_a_name_in_data_hides_the_one_at_the_top() -> None:
    """An event's own fields come first."""
    assert parse({"type": ["mine"]}).matches({"type": "placed", "data": {"type": "mine"}})


def test_equal_filters_are_one_however_they_are_written() -> None:
    """So their clients share judgement and frames."""
    one = parse({"b": [2, 1], "a": ["x"]})
    other = parse({"a": "x", "b": [1, 2, 1.0]})

    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        pytest.param({}, "1 to 16 names, got 0", id="no name"),
        pytest.param({f"n{n}": 1 for n in range(17)}, "1 to 16 names, got 17", id="many names"),
        pytest.param({"a": []}, r"where.a: expected 1 to 100 values, got 0", id="no value"),
        pytest.param({"a": [*range(101)]}, "1 to 100 values, got 101", id="many values"),
    ],
)
def test_a_filter_that_is_none_is_refused(where: Where, said: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(InvalidCommand, match=said):
        parse(where)


@given(st.lists(wheres, max_size=8), st.lists(st.integers(0, 7), max_size=4), facts)
def test_the_index_finds_what_a_look_at_every_filter_finds(
    some: list[dict[str, Any]], gone: list[int], fact: dict[str, Any]
) -> None:
    """Whatever was added and taken away before; each filter once."""
    index = Index()
    filters = [parse(where) for where in some]
    for each in filters:
        index.add(each)
    left: set[Filter] = set(filters) - {filters[at] for at in gone if at < len(filters)}
    for each in set(filters) - left:
        index.discard(each)

    found = [*index.matching(fact)]

    assert sorted(map(repr, found)) == sorted(repr(each) for each in left if each.matches(fact))
    assert bool(index) is bool(left)


def test_the_entities_of_a_snapshot_are_filtered_too() -> None:
    """By their own fields, which events have under `data`."""
    items = [msgspec.Raw(b'{"city":"Pune"}'), msgspec.Raw(b'{"city":"Mumbai"}')]

    assert shown(items, None) == items
    assert shown(items, parse({"city": "Pune"})) == items[:1]
    assert read_facts(b'{"a":1}') == {"a": 1}


def test_a_snapshot_is_not_filtered_by_what_only_events_have() -> None:
    """A state has no type: a reader of updates in Pune who gets a snapshot gets all in Pune."""
    items = [
        msgspec.Raw(b'{"city":"Pune","timestamp":1}'),
        msgspec.Raw(b'{"city":"Pune","timestamp":2}'),
        msgspec.Raw(b'{"city":"Mumbai","timestamp":1}'),
    ]

    assert shown(items, parse({"type": "contract_update", "city": "Pune"})) == items[:2]
    assert shown(items, parse({"timestamp": 1})) == [items[0], items[2]]
    assert shown(items, parse({"other": None})) == []
