"""What every place of buckets promises; `tests/contracts/test_buckets.py` holds them to it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from hub.limits.bucket import Pace, Verdict


class Charge(NamedTuple):
    """Tokens to be taken from one bucket.

    Attributes:
        limit: Name of the limit: `requests`.
        party: Whose bucket of that limit.
        pace: How it fills.
        cost: How many.
        owed: They are gone already; see `bucket.spend`.
    """

    limit: str
    party: str
    pace: Pace
    cost: int = 1
    owed: bool = False


class Buckets(Protocol):
    """Many buckets, told apart by limit and party; one that is full is as good as unknown."""

    async def spend(self, charges: Sequence[Charge]) -> Sequence[Verdict]:
        """Judge charges one after the other; see `bucket.spend`.

        Raises:
            Unavailable: The place does not answer. Whether the tokens were taken is unknown.
        """
        ...
