"""Positions as text: what the hub writes it reads again, and nothing else."""

import pytest
from hypothesis import given, strategies as st

from hub.model.event import is_channel_name, is_epoch
from hub.model.positions import MAX_TEXT, Positions

NAMES = st.from_regex(r"[a-z0-9][a-z0-9._:-]{0,127}", fullmatch=True)
EPOCHS = st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True)
PLACES = st.builds(
    Positions, EPOCHS, st.dictionaries(NAMES, st.integers(0, 10**18 - 1), min_size=1, max_size=64)
)


@given(PLACES)
def test_what_is_written_is_read_again(positions: Positions) -> None:
    """Sixty-four channels of the longest names included."""
    assert Positions.parse(str(positions)) == positions


@given(PLACES)
def test_no_text_of_positions_breaks_a_line(positions: Positions) -> None:
    """An id is one line of a stream, without NUL (WHATWG HTML, 9.2.6), and a header's value."""
    text = str(positions)

    assert text.isascii()
    assert text.isprintable()


@given(st.text())
def test_what_is_read_is_of_the_alphabets_of_the_wire(text: str) -> None:
    """Any text is refused or is an epoch with channels and offsets."""
    try:
        positions = Positions.parse(text)
    except ValueError:
        return

    assert is_epoch(positions.epoch)
    assert all(map(is_channel_name, positions.offsets))
    assert all(0 <= offset < 2**63 for offset in positions.offsets.values())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(";jobs=4", id="no epoch"),
        pytest.param("17", id="an epoch alone, which any number could be"),
        pytest.param("E1;jobs=4", id="an epoch in capitals"),
        pytest.param("e1\n;jobs=4", id="a line break behind the epoch"),
        pytest.param("e1;", id="a separator at the end"),
        pytest.param("e1;jobs", id="no offset"),
        pytest.param("e1;jobs=", id="an empty offset"),
        pytest.param("e1;jobs=-1", id="a negative offset"),
        pytest.param("e1;jobs=+1", id="a sign"),
        pytest.param("e1;jobs=1_0", id="an underscore, which Python would take"),
        pytest.param("e1;jobs=\u0664", id="a digit of another script"),
        pytest.param("e1;jobs=4\n", id="a line break behind an offset"),
        pytest.param("e1;jobs=" + "9" * 19, id="an offset over 64 bits"),
        pytest.param("e1;jobs=4;jobs=5", id="a channel twice"),
        pytest.param("e1;jobs=4, e1;jobs=4", id="two headers joined"),
        pytest.param("e1;Jobs=4", id="a channel that cannot be"),
        pytest.param("e1:4", id="a position of one channel"),
        pytest.param("e1" + ";a=1" * MAX_TEXT, id="too long"),
    ],
)
def test_another_text_is_refused(text: str) -> None:
    """Half of a position is none: to resume from it would lose events silently."""
    with pytest.raises(ValueError, match=r".+"):
        Positions.parse(text)
