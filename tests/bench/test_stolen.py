"""Stolen time is what the host of the machine took of it."""

from pathlib import Path

import pytest

from hub.bench.stolen import Stolen, is_wanting


def test_it_is_a_share_of_what_has_passed(tmp_path: Path) -> None:
    """Guests, behind it on the line, are counted among the users."""
    stat = tmp_path / "stat"
    stat.write_text("cpu  10 0 10 60 0 0 0 20 5 0\ncpu0 1 2 3\n")
    stolen = Stolen(stat)

    stat.write_text("cpu  30 0 20 90 0 0 0 60 9 0\ncpu0 1 2 3\n")

    assert stolen.share() == 0.4


def test_a_system_that_does_not_tell_has_taken_nothing(tmp_path: Path) -> None:
    """No /proc, an old kernel, or no time passed."""
    assert Stolen(tmp_path / "none").share() == 0.0
    stat = tmp_path / "stat"
    stat.write_text("cpu  10 0 10\n")
    assert Stolen(stat).share() == 0.0


@pytest.mark.parametrize(
    ("stolen", "wanting"),
    [
        ([], True),
        ([0.0, 0.0], True),
        ([0.0, 0.05, 0.0], False),
        ([0.0, 0.06, 0.0], True),
        ([0.06] * 5, True),
        ([0.06] * 6, False),
    ],
)
def test_disturbed_rounds_are_done_again(stolen: list[float], *, wanting: bool) -> None:
    """Until three were not disturbed, but six are enough."""
    assert is_wanting(stolen, 3) is wanting
