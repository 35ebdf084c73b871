"""The gate: one request on its way through the limits, and the commands of one connection."""

import pytest

from hub.errors import RateLimited
from hub.limits.gate import Gate, Quota, Rates
from support.clocks import FakeClock

FAR = "192.0.2.1"


def said(quota: Quota) -> list[str]:
    """Return what the headers of the answer say."""
    return [value.decode() for _, value in quota.headers()]


def test_events_cost_what_they_are_and_all_of_a_list_or_none() -> None:
    """The first with the request, before its body is read; the others when they are known."""
    clock = FakeClock()
    gate = Gate(Rates(publishes=5.0), clock)
    quota = gate.quota()

    quota.ask("anna", publishes=True)
    quota.publish(8)

    assert said(quota) == ['"publishes";r=2;t=2', '"publishes";q=10;w=2']
    quota = gate.quota()
    quota.ask("anna", publishes=True)
    with pytest.raises(RateLimited):
        quota.publish(3)
    quota = gate.quota()
    quota.ask("anna", publishes=True)
    quota.publish(2)
    assert said(quota)[0] == '"publishes";r=0;t=2'
    assert gate.hits["publishes"] == 1


def test_a_list_that_is_larger_than_a_bucket_finds_it_full() -> None:
    """The one event that every publishing request costs is part of it; others hear the same."""
    gate = Gate(Rates(publishes=0.5), FakeClock())
    gate.publishes.shares = True
    quota = gate.quota()

    quota.ask("anna", publishes=True)
    quota.publish(8)

    assert gate.publishes.said() == {"anna": 8}
    with pytest.raises(RateLimited):
        gate.quota().ask("anna", publishes=True)


def test_the_nearest_limit_is_told() -> None:
    """Whichever it is: the address's, the principal's, or that of what it writes."""
    gate = Gate(Rates(10.0, 20.0, 40.0), FakeClock())
    quota = gate.quota()
    assert said(quota) == []

    quota.knock(FAR)
    assert said(quota)[0] == '"address_requests";r=19;t=1'
    for _ in range(5):
        quota.ask("anna", publishes=False)

    assert said(quota)[0] == '"requests";r=35;t=1'
    for _ in range(6):
        gate.quota().knock(FAR)
    quota = gate.quota()
    quota.knock(FAR)
    quota.ask("ben", publishes=True)
    assert said(quota)[0] == '"address_requests";r=12;t=1'


def test_the_limit_that_refused_is_told() -> None:
    """Nothing of it is left, whatever the others have."""
    gate = Gate(Rates(10.0, requests=0.5), FakeClock())
    gate.quota().ask("anna", publishes=False)
    quota = gate.quota()
    quota.knock(FAR)

    with pytest.raises(RateLimited):
        quota.ask("anna", publishes=False)

    assert said(quota) == ['"requests";r=0;t=2', '"requests";q=1;w=2']


def test_without_numbers_nothing_is_limited_or_said() -> None:
    """0 means any number."""
    gate = Gate(Rates(), FakeClock())
    quota = gate.quota()
    for _ in range(1_000):
        quota.knock(FAR)
        quota.ask("anna", publishes=True)
        quota.publish(1_000)

    assert said(quota) == []
    assert not gate.requests._parties.known


def test_commands_are_refused_and_who_goes_on_is_over() -> None:
    """As many refusals as answers; then it is enough."""
    clock = FakeClock()
    gate = Gate(Rates(commands=5.0), clock)
    allowance = gate.allowance()
    for _ in range(10):
        allowance.take()

    for _ in range(10):
        with pytest.raises(RateLimited):
            allowance.take()
        assert not allowance.is_over
    with pytest.raises(RateLimited, match="at most 10 commands on one connection"):
        allowance.take()

    assert allowance.is_over
    assert gate.hits["commands"] == 11


def test_who_sends_a_little_too_much_stays_and_gets_its_share() -> None:
    """Twice the rate for an hour: half of it is answered, and the connection stays."""
    clock = FakeClock()
    allowance = Gate(Rates(commands=5.0), clock).allowance()
    answered = 0
    for _ in range(36_000):
        clock.advance(0.1)
        try:
            allowance.take()
            answered += 1
        except RateLimited:
            assert not allowance.is_over

    assert answered == pytest.approx(18_000, rel=0.01)


def test_each_connection_has_its_own_allowance_and_new_numbers_reach_it() -> None:
    """Another's commands are not yours; a reload needs no new connection."""
    gate = Gate(Rates(commands=0.5), FakeClock())
    mine, other = gate.allowance(), gate.allowance()
    other.take()

    mine.take()
    with pytest.raises(RateLimited):
        mine.take()
    gate.set(Rates())

    for _ in range(100):
        mine.take()


def test_all_connections_of_a_principal_command_together() -> None:
    """Ten thousand sockets are no ten thousand times the rate; others have their own."""
    gate = Gate(Rates(principal_commands=2.0), FakeClock())
    sockets = [gate.allowance("anna") for _ in range(5)]
    for allowance in sockets[:4]:
        allowance.take()

    with pytest.raises(RateLimited, match="at most 4 commands of one principal"):
        sockets[4].take()
    gate.allowance("ben").take()

    assert not any(allowance.is_over for allowance in sockets)
    assert gate.hits["principal_commands"] == 1
    assert "principal_commands" in {limit.name for limit in gate.shared}


def test_what_a_connection_may_not_is_not_taken_from_its_principal() -> None:
    """One that sends without end does not shut the others up."""
    gate = Gate(Rates(commands=1.0, principal_commands=2.0), FakeClock())
    loud, quiet = gate.allowance("anna"), gate.allowance("anna")
    for _ in range(2):
        loud.take()
    for _ in range(20):
        with pytest.raises(RateLimited, match="on one connection"):
            loud.take()

    quiet.take()
    quiet.take()
