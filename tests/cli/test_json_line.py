"""What programs read on stdout does nothing to a terminal on the way."""

import json

from hypothesis import given, strategies as st

from hub.cli.json_line import json_line


@given(st.text())
def test_any_text_is_read_as_it_was(text: str) -> None:
    """In one line of printable characters, whatever somebody has written."""
    line = json_line({"data": [text]})

    assert json.loads(line) == {"data": [text]}
    assert line.isprintable()


def test_orders_to_terminals_are_escaped() -> None:
    """Escape codes of eight bits, text that is turned around, and what is beyond 16 bits."""
    assert json_line("\x1b[2J") == '"\\u001b[2J"'
    assert json_line("\x9b2J\x7f") == '"\\u009b2J\\u007f"'
    assert json_line("a\u202eb\u2028") == '"a\\u202eb\\u2028"'
    assert json_line("\U000e0001") == '"\\udb40\\udc01"'


def test_letters_stay_as_they_are() -> None:
    """People read these lines, too."""
    assert json_line("Zürich 🙂 東京") == '"Zürich 🙂 東京"'
