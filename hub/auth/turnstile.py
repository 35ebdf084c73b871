"""The turnstile: how many connections may come in, in all and from one address.

A crowd that returns, or a program that connects in a loop, must not take the hub from those who
are in. Who is refused is told a time of its own: the k-th waits for the k-th place. Clients on
this machine, and those without an address, are let in always.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hub.auth.places import Places
from hub.clock import SECOND_US, Clock
from hub.errors import HubError, RateLimited, TooManyConnections
from hub.limits.bucket import Bucket, Pace, pace_of, spend
from hub.limits.limit import Limit
from hub.limits.party import party_of
from hub.limits.steady import Steady

# How soon a connection may have been closed, and how many are told the same second.
FULL_WAIT_US = 5 * SECOND_US
_FULL_PACE = Pace(SECOND_US // 10, 1)
# What can be too many, by the name that its refusals are counted under.
KINDS = {
    "connections": "in all",
    "address_connections": "from one address",
    "connects": "in all",
}


class Limits(NamedTuple):
    """How many may come in; 0 means any number.

    Attributes:
        connections: Open at the same time.
        per_address: Open at the same time from one address.
        rate: New ones a second.
        rate_per_address: New ones a second from one address.
        per_principal: Open at the same time of one principal.
        rate_per_principal: New ones a second of one principal.
    """

    connections: int = 0
    per_address: int = 0
    rate: float = 0.0
    rate_per_address: float = 0.0
    per_principal: int = 0
    rate_per_principal: float = 0.0


class Turnstile:
    """Counts those who come in, and refuses those who are too many.

    Args:
        limits: How many may.
        clock: May step: a step forward fills the buckets, a step back is passed over.
        hits: Counts refusals by limit.

    Attributes:
        places: The same for principals, asked when it is known who comes.
    """

    def __init__(self, limits: Limits, clock: Clock, hits: "Counter[str] | None" = None) -> None:
        self._now_us = Steady(clock).now_us
        self._all = Bucket()
        self._full = Bucket()
        self._inside: Counter[str] = Counter()
        self._open = 0
        self._hits: Counter[str] = Counter() if hits is None else hits
        self._hits.update(dict.fromkeys(KINDS, 0))
        self._own = Limit("address_connects", "new connections from one address", self._hits)
        self.places = Places(clock, self._hits)
        self.set(limits)

    @property
    def shared(self) -> Sequence[Limit]:
        """The limits that hold for all nodes together; how many a node takes is its own."""
        return self._own, self.places.connects

    def set(self, limits: Limits) -> None:
        """Take new numbers; who is in stays in."""
        self._limits = limits
        self._pace = pace_of(limits.rate)
        self._own.set(limits.rate_per_address)
        self.places.set(limits.per_principal, limits.rate_per_principal)

    def check(self, address: str, principal: str = "") -> None:
        """Let a new connection pass, or refuse it; `entered` must follow when it is open.

        Args:
            address: Where it comes from; empty: nowhere in a network.
            principal: Who comes; empty: nobody knows yet, see `places`.

        Raises:
            ConnectionLimit: The principal has as many as it may.
            TooManyConnections: As many as may be are open.
            RateLimited: Too many come in this moment.
        """
        if principal:
            self.places.check(principal)
        party = party_of(address)
        if party is None:
            return
        now_us = self._now_us()
        self._check_room(party, now_us)
        # First its own: who is refused takes nothing from others.
        self._own.take(party, now_us)
        try:
            self._pass(now_us)
        except RateLimited:
            self._own.give_back(party)
            raise

    def entered(self, address: str, principal: str = "") -> None:
        """A connection is open."""
        if principal:
            self.places.entered(principal)
        self._open += 1
        party = party_of(address)
        if party is not None:
            self._inside[party] += 1

    def left(self, address: str, principal: str = "") -> None:
        """A connection that had entered is gone."""
        if principal:
            self.places.left(principal)
        self._open -= 1
        party = party_of(address)
        if party is not None:
            self._inside[party] -= 1
            if not self._inside[party]:
                del self._inside[party]

    def _check_room(self, party: str, now_us: int) -> None:
        limits = self._limits
        if limits.connections and self._open >= limits.connections:
            raise self._no_room(limits.connections, "connections", now_us)
        if limits.per_address and self._inside[party] >= limits.per_address:
            raise self._no_room(limits.per_address, "address_connections", now_us)

    def _no_room(self, most: int, kind: str, now_us: int) -> HubError:
        self._hits[kind] += 1
        wait_us = FULL_WAIT_US + self._full.place_us(_FULL_PACE, 0, now_us)
        text = f"expected fewer than {most} open connections {KINDS[kind]}, got as many"
        return TooManyConnections(text, retry_after_ms=wait_us // 1000)

    def _pass(self, now_us: int) -> None:
        """Take the place of one more of all."""
        if self._pace is None:
            return
        self._all.due_us, verdict = spend(self._all.due_us, self._pace, now_us)
        if verdict.wait_us:
            kind = "connects"
            self._hits[kind] += 1
            place_us = self._all.place_us(self._pace, verdict.wait_us, now_us)
            text = f"expected fewer new connections {KINDS[kind]} in a second, got more"
            raise RateLimited(text, retry_after_ms=-(-place_us // 1000))


def room_for(open_files: int) -> int:
    """Return how many connections so many open files allow; 0, any number, where -1 may be open.

    The reserve is for the log, the broker, the requests of HTTP clients and downloads.
    """
    if open_files < 0:
        return 0
    return max(1, open_files - max(64, min(1024, open_files // 8)))
