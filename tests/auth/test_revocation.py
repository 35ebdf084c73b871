"""What is refused, from when until when."""

import pytest

from hub.auth.revocation import Revoked
from hub.errors import Unauthenticated
from hub.model.api_key import Revocation
from hub.model.principal import Principal
from support.clocks import FakeClock

ANNA = Principal("anna", credential="jwt:1")


def is_refused(revoked: Revoked, principal: Principal = ANNA) -> bool:
    """Say whether a principal is refused."""
    try:
        revoked.check(principal)
    except Unauthenticated:
        return True
    return False


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at 1,000."""
    return FakeClock(1_000)


@pytest.fixture
def revoked(clock: FakeClock) -> Revoked:
    """Nothing is refused."""
    return Revoked(clock)


@pytest.mark.parametrize(
    ("credential", "refused"),
    [("jwt:1", True), ("sub:anna", True), ("jwt:2", False), ("sub:bob", False), ("anna", False)],
)
def test_a_token_or_all_of_a_name_is_refused(
    revoked: Revoked, credential: str, *, refused: bool
) -> None:
    """Nobody else is."""
    assert not is_refused(revoked)

    said = Revocation(credential, 1_000, 0, 2_000)

    assert revoked.learn([said]) == [said]

    assert is_refused(revoked) == refused


def test_it_ends_with_its_time(revoked: Revoked, clock: FakeClock) -> None:
    """And is forgotten: memory grows with what holds, not with what was."""
    revoked.learn([Revocation("sub:anna", 1_000, 0, 1_001)])

    clock.now = 1_001

    assert not is_refused(revoked)
    revoked.begin()
    assert revoked._until == {}


def test_it_begins_in_its_time(revoked: Revoked, clock: FakeClock) -> None:
    """The old secret of a rotated key is told of when the overlap ends, once."""
    said = Revocation("jwt:1", 1_000, 1_500, 9_000)
    assert revoked.learn([said]) == []
    assert (revoked.begin(), is_refused(revoked)) == ([], False)

    clock.now = 1_500

    assert (revoked.begin(), is_refused(revoked)) == ([said], True)
    assert revoked.begin() == []


def test_what_begins_at_once_does_so_whatever_the_clocks_say(
    revoked: Revoked, clock: FakeClock
) -> None:
    """The node that said it may be ahead of this one."""
    clock.now = 10

    assert len(revoked.learn([Revocation("jwt:1", 1_000, 0, 9_000)])) == 1
    assert is_refused(revoked)


@pytest.mark.parametrize("from_us", [0, 1_500], ids=["that holds", "that is to come"])
def test_a_lifted_one_is_over(revoked: Revoked, clock: FakeClock, from_us: int) -> None:
    """And nobody is told to close anything."""
    revoked.learn([Revocation("jwt:1", 1_000, from_us, 9_000)])

    assert revoked.learn([Revocation("jwt:1", 1_001, 0, 0)]) == []

    clock.now = 2_000
    assert (revoked.begin(), is_refused(revoked)) == ([], False)
