"""Whether a process takes so many updates that webhooks must stand back."""

from typing import Any

import pytest

from hub.app.webhooks import Updates


class Busy:
    """A publisher for which so many wait."""

    def __init__(self, waiting: int = 0) -> None:
        self.waiting = waiting


def updates(hands: list[float], waiting: int = 0) -> Updates:
    """Return them by a clock that is a list of one number."""
    publisher: Any = Busy(waiting)
    return Updates(publisher, lambda: hands[0])


@pytest.mark.parametrize(
    ("per_s", "come"),
    [
        pytest.param(0, False, id="none"),
        pytest.param(200, False, id="some"),
        pytest.param(1_000, True, id="many"),
    ],
)
def test_few_updates_hold_nothing_up(per_s: int, come: bool) -> None:  # noqa: FBT001
    """A hub that is nearly idle sends at full speed."""
    hands = [0.0]
    seen = updates(hands)

    told = []
    for _ in range(100):
        hands[0] += 0.01
        seen.note(per_s // 100)
        told.append(seen.come())

    assert set(told[20:]) == {come}


def test_a_rush_is_over_when_it_is_over() -> None:
    """A moment after the last of many updates there is no limit any more."""
    hands = [0.0]
    seen = updates(hands)
    seen.note(1_000)
    during = seen.come()
    hands[0] += 0.21

    assert (during, seen.come()) == (True, False)


def test_who_waits_is_a_rush() -> None:
    """Updates that wait for the disk go first."""
    assert updates([0.0], waiting=9).come()
