"""Guesses: who shows tokens that nobody knows is looked up ever more rarely.

The first ten cost nothing; after each further one a party waits twice as long, five minutes at
most, and meanwhile nothing of what it shows is looked up. Tokens that are remembered pass, so who
shares an address with an attacker stays in. Five quiet minutes, and all is forgiven.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from hub.clock import SECOND_US, Clock
from hub.errors import RateLimited, TokenExpired, TokenRevoked, Unauthenticated
from hub.limits.bucket import Bucket, Pace, spend
from hub.limits.memory import Parties
from hub.limits.party import party_of
from hub.limits.steady import Steady

KIND = "guesses"
FREE = 10
LONGEST_US = 300 * SECOND_US
FORGIVEN_US = 300 * SECOND_US
# Looked up at one time for one party: as many as may connect at once from one address.
MAX_ASKING = 100
# On this machine nobody counts who connects, and a proxy speaks for many.
MAX_ASKING_HERE = 1_000
# Of those who found no room among the parties: who fills that table shuts nobody out.
STRANGERS = Pace(SECOND_US // 100, 100)
# A program that shows its one wrong token again and again guesses nothing, and is told from memory.
KNOWN_US = 10 * SECOND_US
_PLACES = Pace(SECOND_US // 10, 1)


class Guesser(Bucket):
    """One party that shows tokens.

    Attributes:
        due_us: When it is forgotten.
        failures: Tokens that nobody knew, since it was last forgiven.
        until_us: Nothing is looked up before.
        asking: The tokens that are being looked up, by their hashes.
        last: Hash of the last one that was refused; `last_us` says when that was, `told` as what.
    """

    __slots__ = ("asking", "failures", "last", "last_us", "told", "until_us")

    def __init__(self) -> None:
        super().__init__()
        self.asking: Counter[bytes] = Counter()
        self.failures = 0
        self.until_us = 0
        self.last = b""
        self.last_us = 0
        self.told = Unauthenticated


class Guesses:
    """What parties guess; the addresses of a network and those on this machine are one each.

    Args:
        clock: The wall time.
        hits: Counts refusals by limit.
    """

    def __init__(self, clock: Clock, hits: "Counter[str] | None" = None) -> None:
        self._now_us = Steady(clock).now_us
        self._parties: Parties[Guesser] = Parties(Guesser)
        self._hits: Counter[str] = Counter() if hits is None else hits
        self._hits[KIND] += 0
        self._renewed_us = 0

    def renew(self) -> None:
        """Forget which tokens nobody knew: somebody may know them now, keys are others."""
        self._renewed_us = self._now_us()

    @contextmanager
    def watch(self, address: str, token: bytes) -> Iterator[None]:
        """Look a token up inside; one that nobody knows counts against its party.

        Args:
            address: Where it came from.
            token: Its hash.

        Raises:
            RateLimited: Too many came from there that nobody knew; do not look it up.
            Unauthenticated: It was looked up a moment ago.
        """
        guesser = self._admit(party_of(address), token)
        guesser.asking[token] += 1
        try:
            yield
        except (TokenExpired, TokenRevoked) as failure:
            # It was a good one, and is told so to nobody else: no guess.
            self._remember(guesser, token, type(failure))
            raise
        except Unauthenticated:
            self._note(guesser, token)
            raise
        finally:
            guesser.asking[token] -= 1
            if not guesser.asking[token]:
                del guesser.asking[token]
            if not (guesser.asking or guesser.failures):
                guesser.due_us = 0

    def _admit(self, party: str | None, token: bytes) -> Guesser:
        now_us = self._now_us()
        guesser = self._parties.of(party or "", now_us)
        if guesser is self._parties.strangers:
            guesser.until_us, verdict = spend(guesser.until_us, STRANGERS, now_us)
            if verdict.wait_us:
                raise self._refusal(guesser, verdict.wait_us, now_us)
            return guesser
        if guesser.due_us <= now_us:
            guesser.failures = 0
            # Not to be forgotten while it waits for an answer.
            guesser.due_us = now_us + FORGIVEN_US
        known = guesser.last == token and guesser.last_us > self._renewed_us
        if known and now_us < guesser.last_us + KNOWN_US:
            raise guesser.told("expected another token than a moment ago, got the same one again")
        room = 1 if guesser.failures >= FREE else MAX_ASKING if party else MAX_ASKING_HERE
        crowded = len(guesser.asking) >= room and token not in guesser.asking
        if crowded or now_us < guesser.until_us:
            raise self._refusal(guesser, max(0, guesser.until_us - now_us), now_us)
        return guesser

    def _refusal(self, guesser: Guesser, wait_us: int, now_us: int) -> RateLimited:
        self._hits[KIND] += 1
        wait_us += guesser.place_us(_PLACES, 0, now_us)
        text = "expected a token that this hub knows, got too many that it does not"
        return RateLimited(text, retry_after_ms=-(-wait_us // 1000))

    def _remember(self, guesser: Guesser, token: bytes, told: type[Unauthenticated]) -> int:
        """Answer the same token from memory for a while; return the time."""
        now_us = self._now_us()
        if guesser is not self._parties.strangers:
            guesser.last, guesser.told = token, told
            guesser.last_us = max(now_us, self._renewed_us + 1)
        return now_us

    def _note(self, guesser: Guesser, token: bytes) -> None:
        if guesser is self._parties.strangers:
            return
        now_us = self._remember(guesser, token, Unauthenticated)
        guesser.failures += 1
        if guesser.failures >= FREE:
            # No larger power than is needed: a number of a million bits is an attack too.
            doublings = min(guesser.failures - FREE, 9)
            guesser.until_us = now_us + min(LONGEST_US, SECOND_US << doublings)
        guesser.due_us = max(now_us, guesser.until_us) + FORGIVEN_US
