"""Places: how many connections a principal may have, wherever it comes from."""

from collections import Counter

import pytest

from hub.auth.turnstile import Limits, Turnstile
from hub.errors import ConnectionLimit, RateLimited
from support.clocks import FakeClock

HOME = "127.0.0.1"


def test_a_principal_has_so_many_places_and_others_have_their_own() -> None:
    """Told apart by name, not by address, on this machine too; who leaves makes room."""
    turnstile = Turnstile(Limits(per_principal=2), FakeClock())
    for address in ("192.0.2.1", HOME):
        turnstile.check(address, "anna")
        turnstile.entered(address, "anna")

    with pytest.raises(ConnectionLimit, match="fewer than 2 open connections") as refused:
        turnstile.check("192.0.2.2", "anna")
    turnstile.check(HOME, "ben")
    turnstile.left(HOME, "anna")
    turnstile.check(HOME, "anna")

    assert (refused.value.status, refused.value.close_code) == (429, 4508)


def test_a_principal_opens_so_many_a_second() -> None:
    """Twice as many at once; then it is told when."""
    hits: Counter[str] = Counter()
    clock = FakeClock()
    turnstile = Turnstile(Limits(rate_per_principal=1.0), clock, hits)
    for _ in range(2):
        turnstile.check(HOME, "anna")

    with pytest.raises(RateLimited, match="new connections of one principal"):
        turnstile.check(HOME, "anna")
    clock.advance(1)
    turnstile.check(HOME, "anna")

    assert hits["principal_connects"] == 1


def test_nothing_is_kept_of_who_has_left() -> None:
    """Counts of nobody would grow with every name that ever was."""
    turnstile = Turnstile(Limits(per_principal=2), FakeClock())
    for number in range(100):
        turnstile.entered(HOME, f"user-{number}")
        turnstile.left(HOME, f"user-{number}")

    assert not turnstile.places._taken


def test_new_numbers_hold_for_who_comes_next() -> None:
    """Who is in stays in."""
    turnstile = Turnstile(Limits(), FakeClock())
    for _ in range(5):
        turnstile.check("192.0.2.1", "anna")
        turnstile.entered("192.0.2.1", "anna")

    turnstile.set(Limits(per_principal=5))

    with pytest.raises(ConnectionLimit):
        turnstile.check("192.0.2.1", "anna")


def test_every_refusal_is_counted_by_its_limit() -> None:
    """All names are there from the start, so that a rate of 0 can be told from no data."""
    hits: Counter[str] = Counter()
    turnstile = Turnstile(Limits(connections=1), FakeClock(), hits)
    assert set(hits) == {
        "connections", "address_connections", "principal_connections",
        "connects", "address_connects", "principal_connects",
    }  # fmt: skip
    turnstile.entered("192.0.2.1")

    with pytest.raises(RateLimited):
        turnstile.check("192.0.2.2")

    assert hits["connections"] == 1
