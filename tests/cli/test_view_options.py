"""`--where` and `--conflate`, as they are read."""

import click
import pytest

from hub.cli.view_options import ConditionParam, Thinning, ThinningParam, Value, together


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("Mumbai", ["Mumbai"], id="a word"),
        pytest.param("", [""], id="nothing"),
        pytest.param("a=b", ["a=b"], id="an equals sign"),
        pytest.param("5", ["5", 5], id="a number"),
        pytest.param("0.5", ["0.5", 0.5], id="a fraction"),
        pytest.param("true", ["true", True], id="a flag"),
        pytest.param("null", ["null", None], id="null"),
        pytest.param('"5"', ['"5"', "5"], id="a text in quotes"),
        pytest.param("NaN", ["NaN"], id="no number"),
        pytest.param("1e400", ["1e400"], id="more than a number holds"),
        pytest.param("9" * 30, ["9" * 30], id="more than 64 bits"),
        pytest.param("[1]", ["[1]"], id="a list"),
        pytest.param("[" * 100_000, ["[" * 100_000], id="a deep list"),
    ],
)
def test_a_value_is_meant_as_text_and_as_what_it_is(text: str, values: list[Value]) -> None:
    """A shell has no types; the hub does not take 5 for "5"."""
    assert ConditionParam().convert(f"field={text}", None, None) == ("field", values)


def test_conditions_come_together_by_field() -> None:
    """One field may have any of its values; no condition is no filter."""
    assert together([("a", ["1", 1]), ("b", ["x"]), ("a", ["2"])]) == {
        "a": ["1", 1, "2"],
        "b": ["x"],
    }
    assert together([]) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("job_id", "job_id", id="as often as the hub does"),
        pytest.param("job_id:0.5", ("job_id", 0.5), id="with a rate"),
        pytest.param("a:b:5", ("a:b", 5.0), id="a field with a colon"),
    ],
)
def test_a_thinning_is_a_field_and_a_rate(text: str, meant: Thinning) -> None:
    """The rate may be left out."""
    assert ThinningParam().convert(text, None, None) == meant


@pytest.mark.parametrize("text", ["", ":5", "job_id:", "job_id:x", "job_id:-1", "job_id:inf"])
def test_what_is_no_thinning_is_refused(text: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(click.BadParameter, match="expected FIELD or FIELD:RATE"):
        ThinningParam().convert(text, None, None)
