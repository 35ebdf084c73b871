"""Patterns of names."""

import fnmatch

import pytest
from hypothesis import given, strategies as st

from hub.model.pattern import is_like

NAMES = st.text("ab", max_size=8)
PATTERNS = st.text("ab*", max_size=8)


@given(NAMES, PATTERNS)
def test_a_star_is_any_characters(name: str, pattern: str) -> None:
    """A pattern matches what the shell would match, as far as stars go."""
    assert is_like(name, pattern) == fnmatch.fnmatchcase(name, pattern)


@pytest.mark.parametrize(
    ("name", "pattern", "like"),
    [
        pytest.param("job_done", "job_*", True, id="a group of types"),
        pytest.param("job_done", "job_done", True, id="one type"),
        pytest.param("job_done", "job", False, id="the beginning alone is no match"),
        pytest.param("aba", "ab*ba", False, id="a character is not used twice"),
        pytest.param("", "*", True, id="a star is also nothing"),
    ],
)
def test_what_a_pattern_matches(name: str, pattern: str, like: bool) -> None:  # noqa: FBT001
    """Only a star stands for something else, and the whole name must be like it."""
    assert is_like(name, pattern) is like


def test_many_stars_cost_no_more_than_their_number() -> None:
    """A pattern that would keep an expression busy for years is answered."""
    assert not is_like("a" * 5_000 + "b", "*a" * 40 + "c")
