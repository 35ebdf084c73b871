"""The tree of errors: documented, unambiguous, and short."""

import re
from collections import defaultdict

import pytest

from hub import errors
from hub.errors import MAX_FAULTS, FieldError, HubError, InvalidFields


def tree() -> list[type[HubError]]:
    """Return every class of the tree."""
    classes = [HubError]
    for one in classes:
        classes += one.__subclasses__()
    return classes


def depth(error: type[HubError]) -> int:
    """Return how far a class is from the root."""
    return len(error.__mro__) - len(HubError.__mro__)


def test_the_docstring_shows_the_tree_as_it_is() -> None:
    """Every class at its depth below its parent, and none that does not exist."""
    shown = re.findall(r"^( *)\* `(\w+)`", errors.__doc__ or "", re.MULTILINE)

    path: list[str] = []
    parents = {}
    for indent, name in shown:
        path[len(indent) // 4 :] = [name]
        parents[name] = path[-2] if len(path) > 1 else "Exception"
    assert parents == {error.__name__: error.__bases__[0].__name__ for error in tree()}


def test_a_code_means_one_thing() -> None:
    """Seed 0's E_INVALID_STATUS has two faces, a word and a way; every other code has one."""
    by_code = defaultdict(list)
    for error in tree():
        by_code[error.code].append(error.__name__)

    shared = {code: set(names) for code, names in by_code.items() if len(names) > 1}
    assert shared == {"E_INVALID_STATUS": {"UnknownStatus", "IllegalTransition"}}


@pytest.mark.parametrize("error", tree(), ids=lambda error: error.__name__)
def test_an_error_says_what_clients_need(error: type[HubError]) -> None:
    """A docstring, a code of plain letters, a status, and when to come back."""
    assert error.__doc__
    assert re.fullmatch(r"[a-z_]+|E_[A-Z_]+", error.code)
    assert 400 <= error.status < 600
    assert error.retryable == (error.retry_after_s is not None) or error.close_code is not None
    assert error.close_code is None or 4000 <= error.close_code < 5000


@pytest.mark.parametrize(
    "error", [error for error in tree() if error.close_code], ids=lambda error: error.__name__
)
def test_a_close_code_says_whether_to_come_back(error: type[HubError]) -> None:
    """4000-4499 come back, 4500-4999 do not: the range is the verdict."""
    assert error.close_code is not None
    assert (error.close_code < 4500) == error.retryable


def test_a_refusal_names_fields_and_stays_short() -> None:
    """Field, expected, got; after the first twenty, that there are more."""
    one = FieldError("$.a", "a text", "1")

    few, many = InvalidFields([one, one]), InvalidFields([one] * 500)

    assert str(few) == "$.a: expected a text, got 1; $.a: expected a text, got 1"
    assert len(many.fields) == MAX_FAULTS
    assert str(many).endswith("; and more")
