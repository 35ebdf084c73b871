"""Reloading: all take new settings over, or all keep those that were."""

import pytest

from hub.app.reloading import Change, Reloading
from hub.errors import Misconfigured
from hub.settings import Settings

OLD = Settings(cors_origins="https://a.example", port=1)
NEW = Settings(cors_origins="https://b.example", port=2, heartbeat_s=3.0, log_level="DEBUG")


class Taker:
    """Remembers what it was given; `refuses` names the origins that it cannot take."""

    def __init__(self, refuses: str = "") -> None:
        self.given: list[Settings] = []
        self._refuses = refuses

    def __call__(self, settings: Settings) -> None:
        """Take settings over."""
        if self._refuses and settings.cors_origins == self._refuses:
            raise Misconfigured("expected another origin")
        self.given.append(settings)


def test_what_somebody_goes_by_is_taken_over() -> None:
    """The rest waits for a restart, and both are told."""
    reloading, taker = Reloading(OLD), Taker()
    reloading.add(taker, "cors_origins", "log_level")

    change = reloading.take(NEW)

    assert change == (["LOG_LEVEL", "CORS_ORIGINS"], ["PORT", "HUB_HEARTBEAT_S"])
    assert taker.given == [reloading.settings]
    assert (reloading.settings.cors_origins, reloading.settings.port) == ("https://b.example", 1)


def test_the_same_settings_are_handed_round_all_the_same() -> None:
    """A file that they name may hold something else now."""
    reloading, taker = Reloading(OLD), Taker()
    reloading.add(taker)

    assert reloading.take(OLD) == ([], [])
    assert taker.given == [OLD]


def test_what_a_reload_came_to_is_told() -> None:
    """By name; and nothing of one that was refused."""
    reloading, told = Reloading(OLD), list[Change]()
    reloading.add(Taker(refuses="https://c.example"), "cors_origins")
    reloading.taken.append(told.append)

    reloading.take(NEW)
    with pytest.raises(Misconfigured):
        reloading.take(Settings(cors_origins="https://c.example"))

    assert [change.taken for change in told] == [["CORS_ORIGINS"]]


def test_one_that_cannot_take_them_leaves_all_as_they_were() -> None:
    """Who had taken them over gets the old ones back."""
    reloading, first, last = Reloading(OLD), Taker(), Taker()
    for taker in (first, Taker(refuses="https://b.example"), last):
        reloading.add(taker, "cors_origins")

    with pytest.raises(Misconfigured):
        reloading.take(NEW)

    assert [one.cors_origins for one in first.given] == ["https://b.example", "https://a.example"]
    assert (last.given, reloading.settings) == ([], OLD)


def test_checks_come_before_anybody_takes_anything() -> None:
    """What ends sockets cannot be taken back, whoever stands behind it."""
    reloading, first = Reloading(OLD), Taker()
    reloading.add(first, "cors_origins")
    reloading.add(Taker(), check=Taker(refuses="https://b.example"))

    with pytest.raises(Misconfigured):
        reloading.take(NEW)

    assert (first.given, reloading.settings) == ([], OLD)


@pytest.mark.parametrize(
    ("now", "then"),
    [(Settings(auth="off"), Settings(auth="required")), (Settings(auth="required"), Settings())],
    ids=["closed", "opened"],
)
def test_who_may_come_in_takes_a_restart(now: Settings, then: Settings) -> None:
    """Half of it would leave a hub open that somebody believes to be closed."""
    with pytest.raises(Misconfigured, match="restart the hub"):
        Reloading(now).take(then)
