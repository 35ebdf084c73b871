"""Sharing: several nodes let pass what one would, a burst each at the worst."""

from collections import Counter
from collections.abc import Coroutine, Sequence

import pytest
from hypothesis import given, settings, strategies as st

from hub.errors import RateLimited, Unavailable
from hub.limits.base import Charge
from hub.limits.bucket import Verdict
from hub.limits.limit import Limit
from hub.limits.memory import MemoryBuckets
from hub.limits.sharing import EVERY_S, MAX_CHARGES, Sharing
from support.clocks import FakeClock

RATE = 10.0
BURST = 20
EVERY_US = int(EVERY_S * 1_000_000)
# How long a pause is, in rounds of a tenth of a second, then who of three nodes is asked how often.
VISITS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2), st.integers(1, 40)), max_size=40)


class Node:
    """A node's own limit, and how it shares."""

    def __init__(self, clock: FakeClock, buckets: "Common") -> None:
        self.limit = Limit("requests", "requests", Counter())
        self.limit.set(RATE)
        self.clock = clock
        self.sharing = Sharing([self.limit], buckets, clock.now_us)

    def pass_(self, times: int) -> int:
        """Ask; return how often one may."""
        return sum(self._passes() for _ in range(times))

    def _passes(self) -> bool:
        try:
            self.limit.take("anna", self.clock.now)
        except RateLimited:
            return False
        return True


class Common(MemoryBuckets):
    """The common buckets; away while `broken`."""

    broken = False
    asked = 0

    async def spend(self, charges: Sequence[Charge]) -> Sequence[Verdict]:
        """Judge, if there."""
        self.asked += 1
        if self.broken:
            raise Unavailable("expected Redis, got none")
        return await super().spend(charges)


class Hub:
    """Three nodes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.common = Common(self.clock)
        self.nodes = [Node(self.clock, self.common) for _ in range(3)]

    async def round(self) -> None:
        """Have all share, and let a tenth of a second pass."""
        for node in self.nodes:
            await node.sharing.round()
        self.clock.now += EVERY_US


def test_what_one_node_let_pass_the_others_know_in_a_moment() -> None:
    """Who has spent its burst on one node has none on the others, once they have heard of it."""
    hub = Hub()
    first, second, _ = hub.nodes
    assert first.pass_(30) == BURST
    run(hub.round())

    assert second.pass_(1) == 1
    run(hub.round())

    # Of the two tokens that came back in two rounds, one is spent.
    assert second.pass_(30) == 1


@settings(derandomize=True, deadline=None)
@given(VISITS)
def test_on_average_three_nodes_let_pass_what_one_would(visits: list[tuple[int, int, int]]) -> None:
    """In all at most rate * time, a burst for each node, and what comes in between two rounds."""
    hub = Hub()
    begin_us, passed = hub.clock.now, 0
    for rounds, node, times in visits:
        for _ in range(rounds):
            run(hub.round())
        passed += hub.nodes[node].pass_(times)

    elapsed_s = (hub.clock.now - begin_us) / 1_000_000
    assert passed <= RATE * elapsed_s + 3 * (BURST + RATE * EVERY_S + 1)


def test_while_the_common_buckets_are_away_each_node_is_its_own() -> None:
    """Nobody is refused for that, nothing is let pass that the node itself would not; counted."""
    hub = Hub()
    node = hub.nodes[0]
    hub.common.broken = True

    assert node.pass_(30) == BURST
    with pytest.raises(Unavailable):
        node.sharing.round().send(None)
    hub.clock.now += EVERY_US

    assert node.sharing.failures == 1
    assert node.pass_(30) == 1
    hub.common.broken = False
    run(hub.round())
    assert node.pass_(30) == 1


def test_what_is_spent_while_the_answer_is_on_its_way_is_not_forgotten() -> None:
    """The common bucket does not know of it yet."""
    hub = Hub()
    node, other = hub.nodes[:2]
    other.pass_(BURST)
    run(other.sharing.round())
    node.pass_(1)

    async def spend(charges: Sequence[Charge]) -> Sequence[Verdict]:
        verdicts = await MemoryBuckets.spend(hub.common, charges)
        assert node.pass_(5) == 5
        return verdicts

    hub.common.spend = spend  # type: ignore[method-assign]
    run(node.sharing.round())

    bucket = node.limit._parties.known["anna"]
    assert bucket.due_us == hub.clock.now + (BURST + 1 + 5) * 100_000


def test_who_spends_nothing_asks_nothing() -> None:
    """A quiet node costs Redis nothing; a busy one a question for so many parties."""
    hub = Hub()
    run(hub.round())
    assert hub.common.asked == 0
    for number in range(MAX_CHARGES + 1):
        hub.nodes[0].limit.take(f"user-{number}", hub.clock.now)

    run(hub.nodes[0].sharing.round())

    assert hub.common.asked == 2


def test_a_limit_that_was_lifted_meanwhile_is_passed_over() -> None:
    """What was spent of it is of no use to anybody."""
    hub = Hub()
    hub.nodes[0].pass_(1)
    hub.nodes[0].limit.set(0)

    run(hub.round())

    assert hub.common.asked == 0


def run(work: Coroutine[None, None, object]) -> None:
    """Run what waits for nothing."""
    with pytest.raises(StopIteration):
        work.send(None)
