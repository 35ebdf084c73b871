"""Positions as strings."""

import pytest
from hypothesis import given, strategies as st

from hub_client.position import Position, Stand, render

ONE = ("contracts",)
TWO = ("contracts", "jobs")


@given(
    epoch=st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True),
    stands=st.dictionaries(
        st.from_regex(r"[a-z0-9][a-z0-9._:-]{0,20}", fullmatch=True),
        st.integers(0, 10**17),
        min_size=1,
        max_size=4,
    ),
)
def test_what_is_written_can_be_read(epoch: str, stands: dict[str, int]) -> None:
    """A rendered position comes back as it was, for one channel or several, colons or not."""
    there = {name: Stand(epoch, offset) for name, offset in stands.items()}
    channels = tuple(stands)

    text = render(there, channels, epoch)

    assert text is not None
    assert Position.parse(text, channels).stands == there


@pytest.mark.parametrize(
    ("text", "channels", "stands"),
    [
        pytest.param("e:12", ONE, {"contracts": 12}, id="one channel"),
        pytest.param("e;contracts=17;jobs=4", TWO, {"contracts": 17, "jobs": 4}, id="several"),
        pytest.param("e;contracts=17;jobs=4", ONE, {"contracts": 17}, id="more than listened to"),
        pytest.param("e;jobs=4", TWO, {"jobs": 4}, id="fewer than listened to"),
    ],
)
def test_both_forms_are_read(text: str, channels: tuple[str, ...], stands: dict[str, int]) -> None:
    """Either form is read, and channels that are not listened to are left out."""
    assert Position.parse(text, channels).stands == {
        name: Stand("e", offset) for name, offset in stands.items()
    }


@pytest.mark.parametrize("text", ["12", "e:", "e:-1", "e:x", ":12", "e;contracts", ";contracts=1"])
def test_what_is_no_position_is_refused(text: str) -> None:
    """Anything else is an error of the caller, said before a connection is made."""
    with pytest.raises(ValueError, match="expected 'epoch"):
        Position.parse(text, ONE)


def test_one_offset_for_two_channels_is_refused() -> None:
    """An offset that could be either channel's is not guessed."""
    with pytest.raises(ValueError, match="for 2 channels"):
        Position.parse("e:12", TWO)


def test_nothing_known_is_no_position() -> None:
    """Before the hub first answers there is nothing to store."""
    assert render({}, ONE, None) is None


def test_two_epochs_are_told_as_the_older_one() -> None:
    """While one channel is still in the old epoch, the position makes the hub say the gap."""
    stands = {"contracts": Stand("new", 3), "jobs": Stand("old", 9)}

    assert render(stands, TWO, "new") == "old;contracts=3;jobs=9"
