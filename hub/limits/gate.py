"""The gate: the limits of requests, publishes and commands of one node."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hub.clock import Clock
from hub.errors import RateLimited
from hub.limits.commands import Allowance
from hub.limits.limit import Header, Limit
from hub.limits.party import party_of
from hub.limits.sharing import Sharing
from hub.limits.steady import Steady


class Rates(NamedTuple):
    """How many a second, twice as many at once; 0 means any number.

    Attributes:
        address_requests: Requests from one address, before anybody knows who asks.
        requests: Requests of one principal.
        publishes: Events that one principal writes.
        commands: Commands on one WebSocket.
        principal_commands: Commands of one principal, on all its WebSockets.
    """

    address_requests: float = 0.0
    requests: float = 0.0
    publishes: float = 0.0
    commands: float = 0.0
    principal_commands: float = 0.0


class Gate:
    """Judges what comes, at once and by what this node knows.

    Args:
        rates: How many may.
        clock: The wall time.

    Attributes:
        hits: How many were refused, by limit.
        now_us: The time that all its buckets go by.
        address_requests: Told apart by address.
        requests: By principal, like `publishes`.
        commands: By connection.
        shared: The limits that hold for all nodes together; others may join them.
        sharing: Carries them between the nodes of a hub; None: this node goes by itself alone.
    """

    def __init__(self, rates: Rates, clock: Clock) -> None:
        self.hits: Counter[str] = Counter()
        self.now_us = Steady(clock).now_us
        self.address_requests = Limit("address_requests", "requests from one address", self.hits)
        self.requests = Limit("requests", "requests of one principal", self.hits)
        self.publishes = Limit("publishes", "events of one principal", self.hits)
        self.commands = Limit("commands", "commands on one connection", self.hits)
        self._common = Limit("principal_commands", "commands of one principal", self.hits)
        self.shared = [self.address_requests, self.requests, self.publishes, self._common]
        self.sharing: Sharing | None = None
        self.set(rates)

    def set(self, rates: Rates) -> None:
        """Take new numbers; what was spent stays spent."""
        own = (self.address_requests, self.requests, self.publishes)
        limits = (*own, self.commands, self._common)
        for limit, rate in zip(limits, rates, strict=True):
            limit.set(rate)

    def quota(self) -> "Quota":
        """Return the quota of a request that comes now."""
        return Quota(self)

    def allowance(self, principal: str = "") -> Allowance:
        """Return the allowance of a new connection of a principal; empty: of nobody."""
        common = self._common if principal else None
        return Allowance(self.commands, self.now_us, common, principal)


class Quota:
    """One request on its way through the limits.

    Attributes:
        limit: The one that its caller is nearest to; None: none applies.
    """

    __slots__ = ("_gate", "_lead_us", "_now_us", "_principal", "limit")

    def __init__(self, gate: Gate) -> None:
        self.limit: Limit | None = None
        self._gate = gate
        self._lead_us = 0
        self._now_us = gate.now_us()
        self._principal = ""

    def knock(self, address: str) -> None:
        """Come as far as to say who asks.

        Raises:
            RateLimited: Too many come from this address.
        """
        party = party_of(address)
        if party is not None:
            self._take(self._gate.address_requests, party, 1)

    def ask(self, principal: str, *, publishes: bool) -> None:
        """Ask as a principal; who `publishes` writes one event, or more.

        Raises:
            RateLimited: It asks, or writes, too often.
        """
        self._principal = principal
        self._take(self._gate.requests, principal, 1)
        if publishes:
            self._take(self._gate.publishes, principal, 1)

    def publish(self, events: int) -> None:
        """Write so many events instead of the one.

        Raises:
            RateLimited: The principal writes too many; none of them is counted.
        """
        limit = self._gate.publishes
        if events > 1 and limit.pace is not None:
            # The body may have taken its time.
            self._now_us = self._gate.now_us()
            # With the one, a list that needs a full bucket would never find it full.
            limit.give_back(self._principal)
            self._take(limit, self._principal, events)

    def headers(self) -> Sequence[Header]:
        """Return the headers of the answer."""
        return () if self.limit is None else self.limit.headers(self._lead_us)

    def _take(self, limit: Limit, party: str, cost: int) -> None:
        pace = limit.pace
        if pace is None:
            return
        try:
            lead_us = limit.take(party, self._now_us, cost)
        except RateLimited:
            self.limit, self._lead_us = limit, pace.full_us
            raise
        # All take about as long to fill, so of the one that takes longest least is left.
        if lead_us >= self._lead_us:
            self.limit, self._lead_us = limit, lead_us
