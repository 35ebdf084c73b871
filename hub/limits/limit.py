"""One limit: a pace, the buckets of those who come, and how many were refused."""

from collections import Counter
from collections.abc import Mapping

from hub.clock import SECOND_US
from hub.errors import RateLimited
from hub.limits.bucket import BURST_S, Bucket, Pace, pace_of, spend
from hub.limits.memory import Parties

Header = tuple[bytes, bytes]
# Of a limit that lets any number pass; asked for nothing then.
_NONE = Pace(1, 1)


class Limit:
    """A limit of one kind of thing, told apart by party.

    Args:
        name: What it is called in headers, metrics and among the nodes: `requests`.
        what: What is too many, for people: `requests of one principal`.
        hits: Counts refusals by name.

    Attributes:
        pace: None: any number.
        shares: Whether what is spent is noted, for `sharing`.
    """

    __slots__ = (
        "_buckets", "_form", "_full_us", "_hits", "_interval_us", "_parties", "_policy",
        "_slack_us", "_spent", "_what", "name", "pace", "shares",
    )  # fmt: skip

    def __init__(self, name: str, what: str, hits: "Counter[str]") -> None:
        self.name = name
        self.shares = False
        self._what = what
        self._hits = hits
        self._parties = Parties(Bucket)
        self._buckets = self._parties.known
        self._spent: dict[str, int] = {}
        self._form = b'"%b";r=%%d;t=%%d' % name.encode()
        hits[name] += 0
        self.set(0)

    def set(self, rate: float) -> None:
        """Take a new number a second, 0 for any; what was spent stays spent."""
        self.pace = pace_of(rate)
        pace = self.pace or _NONE
        window_s = -(-pace.full_us // SECOND_US)
        policy = b'"%b";q=%d;w=%d' % (self.name.encode(), pace.burst, window_s)
        self._policy = (b"ratelimit-policy", policy)
        self._full_us = pace.full_us
        self._interval_us = pace.interval_us
        self._slack_us = pace.full_us - pace.interval_us

    def take(self, party: str, now_us: int, cost: int = 1) -> int:
        """Take some from a party's bucket, all or none; return how far it is from full, in us.

        Where one is there for one, this is the rule of `bucket.spend` written out: every request
        asks, and so it costs a fifth. A test compares.

        Raises:
            RateLimited: It has not so many now.
        """
        bucket = self._buckets.get(party)
        if cost == 1 and bucket is not None:
            lead_us = bucket.due_us - now_us
            if lead_us <= self._slack_us:
                lead_us = self._interval_us + (lead_us if lead_us > 0 else 0)  # noqa: FURB136 max costs four times this
                bucket.due_us = now_us + lead_us
                if self.shares:
                    self._spent[party] = self._spent.get(party, 0) + 1
                return lead_us
        return self._take(party, now_us, cost)

    def _take(self, party: str, now_us: int, cost: int) -> int:
        pace = self.pace
        if pace is None:
            return 0
        bucket = self._parties.of(party, now_us)
        due_us, verdict = spend(bucket.due_us, pace, now_us, cost)
        if verdict.wait_us:
            raise self.refusal(bucket.place_us(pace, verdict.wait_us, now_us))
        bucket.due_us = due_us
        if self.shares and party in self._buckets:
            self._spent[party] = self._spent.get(party, 0) + cost
        return verdict.lead_us

    def give_back(self, party: str) -> None:
        """Put one back that was taken a moment ago."""
        bucket = self._buckets.get(party)
        if bucket is not None:
            bucket.due_us -= self._interval_us
            if self.shares and self._spent.get(party):
                self._spent[party] -= 1

    def refusal(self, wait_us: int) -> RateLimited:
        """Count a refusal, and return what is said to who should wait so long."""
        self._hits[self.name] += 1
        pace = self.pace or _NONE
        text = f"expected at most {pace.burst} {self._what} within {BURST_S} s, got more"
        return RateLimited(text, retry_after_ms=-(-wait_us // 1000))

    def headers(self, lead_us: int) -> tuple[Header, Header]:
        """Return what a client may still do (draft-ietf-httpapi-ratelimit-headers-10)."""
        left = (self._full_us - lead_us) // self._interval_us
        value = self._form % (max(0, left), -(-lead_us // SECOND_US))
        return (b"ratelimit", value), self._policy

    def said(self) -> Mapping[str, int]:
        """Return what each party has spent since the last call."""
        spent, self._spent = self._spent, {}
        return spent

    def learn(self, party: str, lead_us: int, now_us: int) -> None:
        """Believe that a bucket is as empty as all nodes together have made it."""
        if self.pace is not None:
            bucket = self._parties.of(party, now_us)
            unsaid_us = self._spent.get(party, 0) * self._interval_us
            bucket.due_us = max(bucket.due_us, now_us + lead_us + unsaid_us)
