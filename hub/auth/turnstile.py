"""The turnstile: how many connections may come in, in all and from one address.

A crowd that returns, or a program that connects in a loop, must not take the hub from those who
are in. Who is refused is told a time of its own: the k-th waits for the k-th place. Clients on
this machine, and those without an address, are let in always.
"""

import math
from collections import Counter, OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from hub.clock import SECOND_US, Clock
from hub.errors import HubError, RateLimited, TooManyConnections

# Seconds whose worth may come at once: a page with many frames, an office after a power cut.
BURST_S = 2
# Nobody is told to wait longer; who comes back then may be told again.
LONGEST_WAIT_US = 30 * SECOND_US
# How soon a connection may have been closed, and how many are told the same second.
FULL_WAIT_US = 5 * SECOND_US
FULL_RATE = 10.0
# Addresses whose last visits still count. A network of attackers gets no larger table.
MAX_PARTIES = 65_536


class Limits(NamedTuple):
    """How many may come in; 0 means any number.

    Attributes:
        connections: Open at the same time.
        per_address: Open at the same time from one address.
        rate: New ones a second.
        rate_per_address: New ones a second from one address.
    """

    connections: int = 0
    per_address: int = 0
    rate: float = 0.0
    rate_per_address: float = 0.0


class Pace(NamedTuple):
    """One every `interval_us`, and `burst` at once."""

    interval_us: int
    burst: int


class Bucket:
    """A token bucket as one time (GCRA, ITU-T I.371): when the next would be due in even steps.

    Attributes:
        due_us: That time; once it has passed, the bucket is full.
    """

    __slots__ = ("_told_us", "due_us")

    def __init__(self) -> None:
        self.due_us = 0
        self._told_us = 0

    def is_open(self, pace: Pace, now_us: int) -> bool:
        """Say whether a token is there."""
        return now_us >= self._free_us(pace)

    def take(self, pace: Pace, now_us: int) -> None:
        """Take a token that is there."""
        self.due_us = max(self.due_us, now_us) + pace.interval_us

    def wait_us(self, pace: Pace, now_us: int) -> int:
        """Return how long somebody should wait who is refused; each longer than the last."""
        self._told_us = max(self._told_us + pace.interval_us, self._free_us(pace), now_us)
        self._told_us = min(self._told_us, now_us + LONGEST_WAIT_US)
        return self._told_us - now_us

    def _free_us(self, pace: Pace) -> int:
        return self.due_us - (pace.burst - 1) * pace.interval_us


class Turnstile:
    """Counts those who come in, and refuses those who are too many.

    Args:
        limits: How many may.
        clock: May step: a step forward fills the buckets, a step back is passed over.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._pace = _pace(limits.rate)
        self._own_pace = _pace(limits.rate_per_address)
        self._all = Bucket()
        self._full = Bucket()
        # In the order of the last visit, so that those that have been forgiven stand in front.
        self._parties: OrderedDict[str, Bucket] = OrderedDict()
        self._inside: Counter[str] = Counter()
        self._open = 0
        self._last_us = 0
        self._behind_us = 0

    def check(self, address: str) -> None:
        """Let a new connection pass, or refuse it; `entered` must follow when it is open.

        Raises:
            TooManyConnections: As many as may be are open.
            RateLimited: Too many come in this moment.
        """
        party = party_of(address)
        if party is None:
            return
        now_us = self._now_us()
        self._forget(now_us)
        self._check_room(party, now_us)
        own = self._parties.get(party)
        if own is not None and self._own_pace and not own.is_open(self._own_pace, now_us):
            raise _too_fast("from one address", own.wait_us(self._own_pace, now_us))
        if self._pace and not self._all.is_open(self._pace, now_us):
            raise _too_fast("in all", self._all.wait_us(self._pace, now_us))
        if self._own_pace:
            self._note(party, now_us, self._own_pace)
        if self._pace:
            self._all.take(self._pace, now_us)

    def entered(self, address: str) -> None:
        """A connection is open."""
        self._open += 1
        party = party_of(address)
        if party is not None:
            self._inside[party] += 1

    def left(self, address: str) -> None:
        """A connection that had entered is gone."""
        self._open -= 1
        party = party_of(address)
        if party is not None:
            self._inside[party] -= 1
            if not self._inside[party]:
                del self._inside[party]

    def _check_room(self, party: str, now_us: int) -> None:
        limits = self._limits
        if limits.connections and self._open >= limits.connections:
            raise self._no_room(limits.connections, "in all", now_us)
        if limits.per_address and self._inside[party] >= limits.per_address:
            raise self._no_room(limits.per_address, "from one address", now_us)

    def _no_room(self, most: int, whose: str, now_us: int) -> HubError:
        wait_us = FULL_WAIT_US + self._full.wait_us(Pace(int(SECOND_US / FULL_RATE), 1), now_us)
        text = f"expected fewer than {most} open connections {whose}, got as many"
        return TooManyConnections(text, retry_after_ms=wait_us // 1000)

    def _note(self, party: str, now_us: int, pace: Pace) -> None:
        own = self._parties.get(party)
        if own is None:
            if len(self._parties) >= MAX_PARTIES:
                # To forget somebody instead would be what an attacker wants.
                raise _too_fast("in all", BURST_S * SECOND_US)
            own = self._parties[party] = Bucket()
        own.take(pace, now_us)
        self._parties.move_to_end(party)

    def _forget(self, now_us: int) -> None:
        """Drop the addresses in front whose buckets are full: they are as good as unknown."""
        while self._parties:
            party, bucket = next(iter(self._parties.items()))
            if bucket.due_us > now_us:
                return
            del self._parties[party]

    def _now_us(self) -> int:
        """Return a time that never falls, and goes on where the clock was put back."""
        now_us = self._clock.now_us() + self._behind_us
        self._behind_us += max(0, self._last_us - now_us)
        self._last_us = max(self._last_us, now_us)
        return self._last_us


@lru_cache(1024)
def party_of(address: str) -> str | None:
    """Return whom an address counts for; None: somebody on this machine.

    An IPv6 customer has 2**64 addresses, so a whole /64 is one party. A socket that listens for
    both writes IPv4 addresses as IPv6 ones.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return None  # a Unix socket, or no network at all
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return None if found.is_loopback else f"{int(found) >> 64:x}/64"
        found = found.ipv4_mapped
    return None if found.is_loopback else str(found)


def room_for(open_files: int) -> int:
    """Return how many connections so many open files allow; 0, any number, where -1 may be open.

    The reserve is for the log, the broker, the requests of HTTP clients and downloads.
    """
    if open_files < 0:
        return 0
    return max(1, open_files - max(64, min(1024, open_files // 8)))


def _pace(rate: float) -> Pace | None:
    if not rate:
        return None
    return Pace(math.ceil(SECOND_US / rate), max(1, math.ceil(BURST_S * rate)))


def _too_fast(whose: str, wait_us: int) -> HubError:
    text = f"expected fewer new connections {whose} in a second, got more"
    return RateLimited(text, retry_after_ms=-(-wait_us // 1000))
