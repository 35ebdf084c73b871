"""How texts become pages: headings, tables, code, and the words of a JSON Schema."""

from typing import Any

import pytest

from hub.transports.http.site.highlight import coloured
from hub.transports.http.site.markup import rendered
from hub.transports.http.site.shapes import about, fields, kind_of
from hub.transports.http.site.shelf import TEXT, Leaf, Shelf


def test_equal_headings_have_anchors_of_their_own() -> None:
    """A link to the second one must not lead to the first."""
    text = rendered("# A\n\n## Same `x_y`\n\none\n\n## Same `x_y`\n\ntwo")

    assert [section.anchor for section in text.sections] == ["a", "same-x-y", "same-x-y-2"]
    assert [section.words for section in text.sections] == ["", "one", "two"]
    assert 'id="same-x-y-2"' in text.html


def test_a_table_without_titles_has_no_empty_head() -> None:
    """Who listens to a page would be read empty titles of columns."""
    without = rendered("| | |\n|---|---|\n| a | b |").html
    with_titles = rendered("| x | y |\n|---|---|\n| a | b |").html

    assert "<th" not in without
    assert "<td>a</td>" in without
    assert '<th scope="col">x</th>' in with_titles


def test_code_can_be_reached_by_keyboard_and_is_no_markup() -> None:
    """It scrolls sideways, and may hold anything."""
    page = rendered('```html\n<script>alert("1")</script>\n```').html

    assert '<pre tabindex="0">' in page
    assert "<script>" not in page


@pytest.mark.parametrize("language", ["", "json", "no-such-language"])
def test_colours_change_no_character_of_code(language: str) -> None:
    """What is copied is what was written, to the last line break."""
    text = coloured("\n  {1: 2}\n\n", language)

    assert "".join(part.partition(">")[2] for part in f">{text}".split("<")) == "\n  {1: 2}\n\n"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        pytest.param({"type": "string", "maxLength": 9}, "string, 9 at most", id="bounded"),
        pytest.param({"enum": ["a", "b"]}, "`a`, `b`", id="one of some"),
        pytest.param({"$ref": "#/x/Since"}, "[Since](#since)", id="another shape"),
        pytest.param({"type": "array"}, "list", id="a list of anything"),
        pytest.param(
            {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            "list of (string or null)",
            id="a list of this or that",
        ),
        pytest.param(
            {"type": "object", "additionalProperties": {"type": "integer"}},
            "object of integer",
            id="a map",
        ),
    ],
)
def test_a_schema_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    """What may stand there, as briefly as it goes."""
    assert kind_of(schema) == words


def test_fields_have_the_meaning_that_their_type_gives_them() -> None:
    """The list of attributes in a description becomes a column of the table."""
    schema = {
        "description": "A thing.\n\n    Attributes:\n        size: How big,\n            in km.",
        "properties": {"size": {"type": "integer", "default": 3}, "name": {"type": "string"}},
        "required": ["name"],
    }

    assert about(schema) == "A thing."
    assert fields(schema) == [
        ("`size`, optional", "integer", "How big, in km. Default: `3`."),
        ("`name`", "string", ""),
    ]


def test_a_page_is_made_once_and_not_before_it_is_asked_for() -> None:
    """A hub starts without making any."""
    made: list[str] = []

    def make() -> bytes:
        made.append("x")
        return b"1"

    shelf = Shelf({"/x": Leaf(TEXT, make)})
    before = shelf.made("/x")

    page = shelf.make("/x")

    assert (before, page.body, made) == (None, b"1", ["x"])
    assert shelf.make("/x") is shelf.made("/x") is page
    assert "/y" not in shelf


def test_a_short_name_in_a_table_is_not_broken_and_a_long_one_can_be() -> None:
    """A name that is broken is not found by who looks for it; one of 60 signs has to be."""
    short = rendered("`E_AUTHENTICATION_FAILED`").html
    long = rendered("`hub webhooks create|list|show`").html

    assert "<code>E_<wbr>" in short
    assert '<code class="long">hub webhooks create|<wbr>list|<wbr>show</code>' in long
