"""docs/sdk.md: each feature in its table is shown by a test that there is."""

import json
import re
from pathlib import Path

import pytest

from support.javascript import FOLDER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/sdk.md").read_text()
PYTEST = re.compile(r"`(tests/\S+\.py)::(\w+)`")
NODE = re.compile(r'`(\w+\.test\.js)`: "(.+)"')
TITLES = [
    story["name"]
    for story in json.loads((ROOT / "tests/vectors/listening.json").read_text())["listening"]
]


def rows() -> list[list[str]]:
    """Return the rows of the table: a feature, and where each SDK shows it."""
    table = PAGE.partition("## Features")[2].strip().splitlines()
    lines = [line for line in table if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_every_feature_names_a_test_that_exists(row: list[str]) -> None:
    """Somebody shows it, and each who says so names a test of their own."""
    feature, *cells = row

    assert len(cells) == 2, row
    assert any(cell != "-" for cell in cells)
    for cell in cells:
        assert cell == "-" or exists(cell), f"{feature}: {cell}"


def exists(cell: str) -> bool:
    """Whether there is the test that a cell names."""
    if found := PYTEST.fullmatch(cell):
        path, name = found.groups()
        return f"def {name}(" in (ROOT / path).read_text()
    found = NODE.fullmatch(cell)
    assert found, f"expected a test, got {cell}"
    path, name = found.groups()
    text = (FOLDER / "test" / path).read_text()
    return f'test("{name}"' in text or ("listening.json" in text and name in TITLES)


def test_the_table_is_as_long_as_people_see_it() -> None:
    """An empty table would hold, too."""
    assert len(rows()) > 20


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_both_readmes_lead_to_the_page(language: str) -> None:
    """Who reads one SDK's page finds what all of them do."""
    assert "docs/sdk.md" in (ROOT / f"clients/{language}/README.md").read_text()
