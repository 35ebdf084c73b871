"""The turnstile: never too many, nobody waits for nothing, and no table that grows."""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hub.auth.turnstile import Limits, Turnstile, room_for
from hub.errors import HubError, RateLimited, TooManyConnections
from hub.limits import memory
from hub.limits.bucket import BURST_S
from hub.limits.party import party_of
from support.clocks import START_US, FakeClock

PEOPLE = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
ARRIVALS = st.lists(
    st.tuples(st.integers(0, 700_000), st.sampled_from(PEOPLE)), min_size=1, max_size=80
)


class Gate:
    """A turnstile and its clock."""

    def __init__(self, **limits: Any) -> None:
        self.clock = FakeClock()
        self.turnstile = Turnstile(Limits(**limits), self.clock)

    def refusal(self, address: str = PEOPLE[0]) -> HubError | None:
        """Come; return why one is not let in."""
        try:
            self.turnstile.check(address)
        except HubError as failure:
            return failure
        self.turnstile.entered(address)
        return None

    def refused(self, *addresses: str) -> list[bool]:
        """Come one after the other."""
        return [self.refusal(address) is not None for address in addresses]


def within(times: Sequence[int], rate: float) -> bool:
    """Say whether no stretch of time has more than its share."""
    return all(
        last - first + 1 <= BURST_S * rate + (times[last] - times[first]) * rate / 1_000_000
        for first, last in combinations_with_replacement(range(len(times)), 2)
    )


@settings(derandomize=True, deadline=None)
@given(ARRIVALS)
def test_no_stretch_of_time_has_more_than_its_share(arrivals: list[tuple[int, str]]) -> None:
    """At most rate * t + burst, in all and from each party, however they come."""
    gate = Gate(rate=3.0, rate_per_address=1.0)
    entered: list[tuple[int, str | None]] = []

    for pause_us, address in arrivals:
        gate.clock.now += pause_us
        if gate.refusal(address) is None:
            entered.append((gate.clock.now, party_of(address)))

    assert within([at for at, _ in entered], 3.0)
    for party in {party for _, party in entered}:
        assert within([at for at, one in entered if one == party], 1.0)


@settings(derandomize=True, deadline=None)
@given(ARRIVALS)
def test_who_waits_as_told_is_let_in(arrivals: list[tuple[int, str]]) -> None:
    """If nobody else comes meanwhile, a refusal's time is long enough and not much too long."""
    gate = Gate(rate=3.0, rate_per_address=1.0)
    for pause_us, address in arrivals:
        gate.clock.now += pause_us
        refusal = gate.refusal(address)
        if refusal is not None:
            assert refusal.retry_after_ms is not None
            assert 0 < refusal.retry_after_ms <= 30_000

            gate.clock.now += refusal.retry_after_ms * 1_000

            assert gate.refusal(address) is None


def test_a_crowd_is_told_one_time_each() -> None:
    """The k-th who is refused waits for the k-th place, up to half a minute."""
    gate = Gate(rate=10.0)
    assert gate.refused(*PEOPLE * 4) == [False] * 20

    refusals = [gate.refusal() for _ in range(400)]

    waits = [refusal.retry_after_ms for refusal in refusals if refusal is not None]
    assert waits[:3] == [100, 200, 300]
    assert waits[-1] == 30_000
    assert isinstance(refusals[0], RateLimited)
    assert (refusals[0].status, refusals[0].close_code, refusals[0].retry_after_s) == (429, 4429, 1)


def test_one_address_does_not_shut_the_door_for_others() -> None:
    """Who comes in a loop is refused; what is refused takes nothing from the others."""
    gate = Gate(rate=10.0, rate_per_address=1.0)
    assert sum(gate.refused(*["192.0.2.1"] * 100)) == 98

    assert gate.refused("192.0.2.2", "192.0.2.3") == [False, False]


def test_who_is_refused_for_the_crowd_keeps_its_own_place() -> None:
    """Else it would wait for the others, and then once more for itself."""
    gate = Gate(rate=1.0, rate_per_address=0.5)
    assert gate.refused("192.0.2.1", "192.0.2.2") == [False, False]
    assert gate.refused(*["192.0.2.3"] * 5) == [True] * 5

    gate.clock.advance(1)

    assert gate.refused("192.0.2.3") == [False]


def test_places_are_counted() -> None:
    """In all and from one address; who leaves makes room."""
    gate = Gate(connections=3, per_address=2)
    assert gate.refused("192.0.2.1", "192.0.2.1", "192.0.2.1") == [False, False, True]
    assert gate.refused("192.0.2.2", "192.0.2.3") == [False, True]

    gate.turnstile.left("192.0.2.1")

    found = gate.refusal("192.0.2.1"), gate.refusal("192.0.2.4"), gate.refusal("192.0.2.4")
    assert found[0] is None
    assert isinstance(found[1], TooManyConnections)
    assert "fewer than 3 open connections in all" in found[1].detail
    assert found[2] is not None
    assert 5_000 <= (found[1].retry_after_ms or 0) < (found[2].retry_after_ms or 0)


def test_without_limits_everybody_comes_in() -> None:
    """0 means any number."""
    gate = Gate()

    assert not any(gate.refused(*["192.0.2.1"] * 5_000))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "", "testclient"],
    ids=["loopback", "all of 127", "IPv6", "IPv4 as IPv6", "Unix socket", "no network"],
)
def test_this_machine_is_not_limited(address: str) -> None:
    """Whoever is on the hub's machine comes in, however many there are."""
    gate = Gate(connections=1, per_address=1, rate=1.0, rate_per_address=1.0)

    assert party_of(address) is None
    assert not any(gate.refused(*[address] * 20))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("192.0.2.1", "192.0.2.2", False, id="two addresses"),
        pytest.param("2001:db8::1", "2001:db8::ffff:0:1", True, id="one /64"),
        pytest.param("2001:db8::1", "2001:db8:0:1::1", False, id="two /64"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", True, id="IPv4 as IPv6"),
        pytest.param("::ffff:192.0.2.1", "::ffff:192.0.2.2", False, id="two IPv4 as IPv6"),
        pytest.param("fe80::1%eth0", "fe80::2", True, id="with a zone"),
    ],
)
def test_an_address_counts_for_its_party(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    """An IPv4 address, however it is written, and a /64 of IPv6."""
    assert (party_of(one) == party_of(other)) is same


def test_who_is_gone_is_forgotten() -> None:
    """Of who has left and waits for nothing, nothing stays but a bounded number of buckets."""
    gate = Gate(rate_per_address=0.5)
    for number in range(3_000):
        gate.clock.advance(1)
        gate.refusal(f"192.0.{2 + number // 250}.{number % 250}")
        gate.turnstile.left(f"192.0.{2 + number // 250}.{number % 250}")

    assert len(gate.turnstile._own._parties.known) <= memory.FEW
    assert not gate.turnstile._inside


def test_those_who_find_no_place_in_the_table_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker with many addresses must not make it forget those who came in a loop."""
    monkeypatch.setattr(memory, "MAX_PARTIES", 2)
    monkeypatch.setattr(memory, "FEW", 2)
    gate = Gate(rate_per_address=1.0)

    assert gate.refused("192.0.2.1", "192.0.2.1", "192.0.2.2") == [False] * 3
    assert gate.refused("192.0.2.3", "192.0.2.4", "192.0.2.5") == [False, False, True]
    assert gate.refused("192.0.2.1", "192.0.2.2", "192.0.2.2") == [True, False, True]
    gate.clock.advance(5)
    assert gate.refused("192.0.2.6", "192.0.2.6", "192.0.2.6") == [False, False, True]


def test_a_clock_that_is_put_back_stops_nobody() -> None:
    """Time goes on where it was: neither an hour of refusals nor a free entry."""
    gate = Gate(rate=1.0)
    assert gate.refused(*["192.0.2.1"] * 3) == [False, False, True]

    gate.clock.now = START_US - 3_600_000_000
    assert gate.refused("192.0.2.1") == [True]
    gate.clock.advance(1)

    assert gate.refused("192.0.2.1", "192.0.2.1") == [False, True]


@pytest.mark.parametrize(
    ("open_files", "room"),
    [(-1, 0), (64, 1), (1_024, 896), (20_000, 18_976), (1_048_576, 1_047_552)],
    ids=["any number", "hardly any", "a shell's", "some", "a server's"],
)
def test_open_files_leave_room(open_files: int, room: int) -> None:
    """An eighth, at most 1,024, is kept for what is no WebSocket."""
    assert room_for(open_files) == room
