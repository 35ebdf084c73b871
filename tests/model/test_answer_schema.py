"""The schema a job puts on an answer: useful to people, harmless to the hub."""

import socket
from typing import Any

import jsonschema_rs
import pytest

from hub.errors import MAX_FAULTS, InvalidFields
from hub.model.answer_schema import MAX_WORK, _compile, check_answer, check_schema

FORM: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {"name": {"type": "string", "minLength": 1}},
    "type": "object",
    "properties": {
        "first": {"$ref": "#/$defs/name"},
        "last": {"$ref": "#/$defs/name"},
        "approve": {"type": "boolean"},
    },
    "required": ["approve"],
}


def doubling(depth: int) -> dict[str, Any]:
    """Return a small schema whose check would take 2 ** depth steps."""
    defs: dict[str, Any] = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(depth)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{depth}": {"type": "string"}}}


def nested(schema: Any, levels: int) -> Any:
    """Return the schema inside that many others."""
    for _ in range(levels):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(None, id="none"),
        pytest.param({}, id="the empty one"),
        pytest.param(FORM, id="a form with definitions of its own"),
        pytest.param({"$ref": "#/allOf/1", "allOf": [{}, {"type": "string"}]}, id="into a list"),
        pytest.param({"$ref": "#/$defs/a~1b~0c", "$defs": {"a/b~c": {}}}, id="an escaped name"),
        pytest.param(
            {"$schema": "http://json-schema.org/draft-07/schema#", "enum": ["yes", "no"]},
            id="an older draft",
        ),
        pytest.param({"properties": {"$ref": {"type": "string"}}}, id="a field called $ref"),
    ],
)
def test_an_ordinary_schema_is_accepted(schema: dict[str, Any] | None) -> None:
    """Forms as people write them pass."""
    check_schema(schema)


@pytest.mark.parametrize(
    ("schema", "got"),
    [
        pytest.param({"type": "sometimes"}, "anyOf", id="no JSON Schema"),
        pytest.param({"minimum": "x" * 500}, "number", id="a keyword with a wrong value"),
        pytest.param({"$ref": "http://127.0.0.1:9/x"}, "http://127", id="an address on this host"),
        pytest.param({"items": {"$ref": "file:///etc/passwd"}}, "file:///etc", id="a file"),
        pytest.param({"$ref": "other.json"}, "other.json", id="a document beside it"),
        pytest.param({"$schema": "http://127.0.0.1:9/x"}, "meta-schema", id="a remote meta-schema"),
        pytest.param({"$ref": "#/$defs/nobody"}, "nothing is", id="a place that is not there"),
        pytest.param({"$ref": "#/allOf/7", "allOf": [{}]}, "nothing is", id="an index beyond"),
        pytest.param({"$ref": "#"}, "parts", id="itself"),
        pytest.param({"properties": {"a": {"$ref": "#"}}}, "parts", id="a tree without end"),
        pytest.param({"$dynamicRef": "#x"}, "$dynamicRef", id="a dynamic reference"),
        pytest.param({"items": {"$id": "x"}}, "$id", id="a part that is a document of its own"),
        pytest.param(doubling(30), "parts", id="references that double thirty times"),
        pytest.param({"enum": list(range(5_000))}, "parts", id="five thousand words"),
        pytest.param({"pattern": "(?=a)a"}, "regex", id="a pattern that looks ahead"),
        pytest.param({"pattern": "(a{200}){200}"}, "regex", id="a pattern of many states"),
        pytest.param({"pattern": "a{300}"}, "repeats", id="a pattern that counts far"),
        pytest.param({"patternProperties": {"a{9999}": {}}}, "repeats", id="so does a name"),
        pytest.param({"anyOf": [{"pattern": str(n)} for n in range(30)]}, "parts", id="patterns"),
        pytest.param(nested({}, 300), "ecursion", id="three hundred levels"),
    ],
)  # fmt: skip
def test_a_hostile_schema_is_refused(schema: dict[str, Any], got: str) -> None:
    """What is no schema, reaches out, or could run for ever is refused before it is stored."""
    with pytest.raises(InvalidFields) as refused:
        check_schema(schema)

    fault = refused.value.fields[0]
    assert fault.field == "$.input_request.schema"
    assert got in fault.got
    assert len(fault.got) <= 80


def test_the_validator_itself_fetches_nothing() -> None:
    """Should a reference ever slip through the first check, no request is made for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        port = listener.getsockname()[1]

        with pytest.raises(jsonschema_rs.ValidationError):
            _compile({"$ref": f"http://127.0.0.1:{port}/x"})

        with pytest.raises(BlockingIOError):
            listener.accept()


def test_an_answer_that_fits_passes() -> None:
    """What the schema allows is taken."""
    check_answer(FORM, {"approve": True, "first": "Ada"})


def test_without_a_schema_every_answer_passes() -> None:
    """A job that puts no schema on the answer takes anything."""
    check_answer(None, {"any": ["thing"]})


def test_every_place_that_does_not_fit_is_named() -> None:
    """One refusal names all wrong places, what is asked there and what came."""
    with pytest.raises(InvalidFields) as refused:
        check_answer(FORM, {"first": "", "last": [1]})

    said = {fault.field: fault for fault in refused.value.fields}
    assert set(said) == {"$.input", "$.input.first", "$.input.last"}
    assert said["$.input.last"].got == "[1]"
    assert "approve" in said["$.input"].expected


def test_places_inside_lists_are_named_by_index() -> None:
    """The place of a fault can be found in the answer that was sent."""
    schema = {"items": {"properties": {"a": {"type": "integer"}}}}

    with pytest.raises(InvalidFields) as refused:
        check_answer(schema, [{"a": 1}, {"a": "x"}])

    assert [fault.field for fault in refused.value.fields] == ["$.input[1].a"]


def test_a_refusal_does_not_grow_with_the_answer() -> None:
    """However many places are wrong, only the first are told, and never all that came."""
    with pytest.raises(InvalidFields) as refused:
        check_answer({"items": {"type": "string"}}, list(range(500)))

    assert len(refused.value.fields) == MAX_FAULTS
    assert len(str(refused.value)) < 10_000


def test_of_a_large_answer_the_first_fault_is_told() -> None:
    """Looking for all faults of a large answer would hold everybody up."""
    with pytest.raises(InvalidFields) as refused:
        check_answer({"items": {"type": "string"}}, [0] * 50_000)

    assert [fault.field for fault in refused.value.fields] == ["$.input[0]"]


def test_a_large_answer_that_fits_passes() -> None:
    """Size alone is no fault."""
    check_answer({"items": {"type": "integer"}}, [0] * 50_000)


def test_a_large_answer_to_a_large_schema_is_refused() -> None:
    """The work of a check is bounded by the product of both sizes."""
    schema = {"items": {"enum": list(range(1_900))}}
    answer = [5_000] * (MAX_WORK // 1_900)

    with pytest.raises(InvalidFields, match="at most"):
        check_answer(schema, answer)


def test_a_pattern_runs_in_linear_time() -> None:
    """The classic pattern that takes 2^n steps elsewhere says no at once."""
    with pytest.raises(InvalidFields, match="match"):
        check_answer({"pattern": "^(a+)+$"}, "a" * 4_000 + "!")


def test_an_answer_to_a_pattern_is_short() -> None:
    """Linear in the text times the automaton: one of the two is bounded by the schema."""
    with pytest.raises(InvalidFields, match="at most 4096 bytes"):
        check_answer({"pattern": "a"}, "a" * 5_000)
