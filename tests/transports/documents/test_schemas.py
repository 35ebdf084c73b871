"""Schemas of a document: each has a name of its own."""

import msgspec
import pytest

from hub.transports.http.documents.schemas import Schemas

Named = msgspec.defstruct("Named", [("one", int)], module="here")
Other = msgspec.defstruct("Named", [("two", str)], module="there")
Both = msgspec.defstruct("Both", [("one", Named), ("two", Other)])


def test_a_type_may_be_asked_for_again() -> None:
    """Two routes with one body have one schema, the same after it was refined."""
    schemas = Schemas(["Chennai"])

    first, second = schemas.of(Named), schemas.of(Named)

    assert first == second == {"$ref": "#/components/schemas/Named"}
    assert set(schemas.components["Named"]["properties"]) == {"one"}


def test_two_structs_of_one_name_are_refused() -> None:
    """The second would take the place of the first, and say something else of its routes."""
    schemas = Schemas([])
    schemas.of(Named)

    with pytest.raises(ValueError, match="expected one struct of the name Named, got two"):
        schemas.of(Other)


def test_they_are_refused_within_one_type_too() -> None:
    """There they would get names that no reader knows, without what the services check besides."""
    with pytest.raises(ValueError, match="expected one struct of the name Named, got two"):
        Schemas([]).of(Both)


def test_what_is_inlined_takes_no_name() -> None:
    """A command and its answer may both be a Heartbeat; a component of the name stays there."""
    schemas = Schemas([])
    schemas.of(Named)
    there = schemas.components["Named"]

    inlined = [schemas.inline(kind) for kind in (Named, Other, Named)]

    assert [[*one["properties"]] for one in inlined] == [["one"], ["two"], ["one"]]
    assert schemas.components["Named"] is there
