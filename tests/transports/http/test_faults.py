"""What is wrong with a body, in words of people."""

import contextlib
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from hub.errors import InvalidRequest
from hub.model.contract import ContractUpdate
from hub.services.channels import NewEvent
from hub.services.job_reports import Completion, StatusReport
from hub.transports.http.faults import _at, convert, decode


class Query(msgspec.Struct, forbid_unknown_fields=True):
    """A query with one parameter of each kind."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    name: Annotated[str, msgspec.Meta(max_length=5)] | None = None
    flag: bool = True


def faults(body: bytes, kind: Any) -> list[tuple[str, str, str]]:
    """Return what is said to be wrong."""
    with pytest.raises(InvalidRequest) as refused:
        decode(body, msgspec.json.Decoder(kind))
    return [tuple(fault) for fault in getattr(refused.value, "fields", ())]


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        pytest.param(
            b'{"status": 5, "progress": {"percentage": "x"}}', StatusReport,
            [("$.status", "a string", "5"), ("$.progress.percentage", "a number or null", '"x"')],
            id="several fields, one inside another",
        ),
        pytest.param(
            b'{"final_status": "DONE", "final_artifacts": [{"name": "a"}, {"size": 1}]}',
            Completion, [("$.final_artifacts[1].name", "a value", "nothing")],
            id="a field that is missing inside a list",
        ),
        pytest.param(
            b'{"status": "DONE", "progress": {"percent": 5}}', StatusReport,
            [("$.progress.percent", "no such field", "5")], id="an unknown field inside another",
        ),
        pytest.param(
            b'{"type": "a", "data": []}', NewEvent | list[NewEvent],
            [("$.data", "an object", "[]")], id="one event, wrong inside",
        ),
        pytest.param(
            b'[{"type": "a", "data": {}}, 5]', NewEvent | list[NewEvent],
            [("$[1]", "an object", "5")], id="a list of events, one of them none",
        ),
        pytest.param(
            b'{"input_data": {"a": 1}, "b": 2}', ContractUpdate,
            [("$.input_data", "no such field", '{"a":1}'), ("$.b", "no such field", "2"),
             *((f"$.{name}", "a value", "nothing")
               for name in ("contract_id", "location", "status", "timestamp"))],
            id="a body of another route",
        ),
    ],
)  # fmt: skip
def test_a_fault_says_where_what_and_what_came(
    body: bytes, kind: Any, expected: list[tuple[str, str, str]]
) -> None:
    """The place as a path from the body's root, the words of JSON, and the value itself."""
    assert faults(body, kind) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({"limit": "x"}, [("limit", "an integer", '"x"')], id="no number"),
        pytest.param({"limit": "0"}, [("limit", "an integer >= 1", '"0"')], id="too small"),
        pytest.param({"flag": "maybe"}, [("flag", "true or false", '"maybe"')], id="no flag"),
        pytest.param(
            {"name": "x" * 9}, [("name", "a string of length <= 5", '"xxxxxxxxx"')], id="too long"
        ),
        pytest.param(
            {"limit": "x", "sort": "up"},
            [("sort", "no such field", '"up"'), ("limit", "an integer", '"x"')],
            id="two at once",
        ),
        pytest.param({"name": "\0"}, [("name", "no NUL characters", '"\\u0000"')], id="NUL"),
    ],
)
def test_a_query_is_told_by_its_parameters(
    values: dict[str, str], expected: list[tuple[str, str, str]]
) -> None:
    """Parameters are called what they are called in the address."""
    with pytest.raises(InvalidRequest) as refused:
        convert(values, Query)

    assert [tuple(fault) for fault in getattr(refused.value, "fields", ())] == expected


def test_a_place_that_is_not_there_holds_nothing() -> None:
    """A message of msgspec that we cannot follow still names its place."""
    assert _at({"a": [1]}, "$.a[0].b") is None
    assert _at({"a": [1]}, "$.a[0]") == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
named = st.dictionaries(
    st.sampled_from(
        ["status", "progress", "message", "input_request", "type", "data", "key", "timestamp",
         "contract_id", "location", "final_status", "final_artifacts", "percentage", "name"]
    ),
    json_values,
    max_size=6,
)  # fmt: skip
KINDS = [StatusReport, Completion, ContractUpdate, NewEvent | list[NewEvent]]


@given(st.sampled_from(KINDS), named | json_values)
def test_any_json_is_read_or_refused(kind: Any, value: Any) -> None:
    """Nothing but a refusal of the tree ever comes out, and it is short."""
    try:
        body = msgspec.json.encode(value)
    except UnicodeEncodeError:
        return  # a lone surrogate, which no encoder writes

    try:
        decode(body, msgspec.json.Decoder(kind))
    except InvalidRequest as refusal:
        for fault in getattr(refusal, "fields", ()):
            assert len(fault.got) <= 80


@given(st.sampled_from(KINDS), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(kind: Any, body: bytes) -> None:
    """However broken, bytes are no fault of ours."""
    with contextlib.suppress(InvalidRequest):
        decode(body, msgspec.json.Decoder(kind))
