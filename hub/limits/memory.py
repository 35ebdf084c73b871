"""The buckets of this node, in memory: a bounded number of parties, none that an attacker picks."""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from hub.clock import Clock
from hub.limits.base import Charge
from hub.limits.bucket import Bucket, Verdict, spend

# Parties whose visits still count. A network of attackers gets no larger table.
MAX_PARTIES = 65_536
# Below so many nobody looks whether some can be forgotten.
FEW = 1_024
# A full table is not looked through at every visit.
LOOK_EVERY_US = 100_000


class Dated(Protocol):
    """Something that can be forgotten at a time."""

    due_us: int


T = TypeVar("T", bound=Dated)


class Parties(Generic[T]):
    """The buckets of one limit, or what else is kept of parties for a while.

    Forgotten are those that are full, which changes nothing for anybody. Where none is full and
    the table is, newcomers share one bucket: to forget somebody instead would be what an attacker
    with many addresses wants.

    Args:
        kind: Makes one for a party that is new.

    Attributes:
        strangers: What they share who found no room.
        known: The buckets by party; always this one dictionary, for who asks at every request.
    """

    __slots__ = ("_kind", "_look_at", "_looked_us", "known", "strangers")

    def __init__(self, kind: Callable[[], T]) -> None:
        self.known: dict[str, T] = {}
        self._kind = kind
        self.strangers = kind()
        self._look_at = FEW
        self._looked_us = 0

    def of(self, party: str, now_us: int) -> T:
        """Return the bucket of a party."""
        bucket = self.known.get(party)
        if bucket is None:
            if len(self.known) >= self._look_at:
                self._forget(now_us)
            if len(self.known) >= MAX_PARTIES:
                return self.strangers
            bucket = self.known[party] = self._kind()
        return bucket

    def _forget(self, now_us: int) -> None:
        """Drop who is as good as unknown; a look costs what the visits since the last one did."""
        if now_us - self._looked_us < LOOK_EVERY_US:
            return
        self._looked_us = now_us
        for party in [name for name, bucket in self.known.items() if bucket.due_us <= now_us]:
            del self.known[party]
        self._look_at = min(MAX_PARTIES, max(FEW, 2 * len(self.known)))


class MemoryBuckets:
    """Buckets in memory; see `base.Buckets`.

    Args:
        clock: The time; put back, it makes buckets wait, a minute and their own time at most.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, Parties[Bucket]] = {}

    async def spend(self, charges: Sequence[Charge]) -> Sequence[Verdict]:
        """Judge charges one after the other."""
        return [self._spend(charge) for charge in charges]

    def _spend(self, charge: Charge) -> Verdict:
        now_us = self._clock.now_us()
        parties = self._limits.setdefault(charge.limit, Parties(Bucket))
        bucket = parties.of(charge.party, now_us)
        bucket.due_us, verdict = spend(
            bucket.due_us, charge.pace, now_us, charge.cost, owed=charge.owed
        )
        return verdict
