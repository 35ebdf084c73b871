"""Refusals: many of them, told in few records.

Whoever is refused may try again a thousand times a second, and must not fill the disk by it. The
first refusal of a kind is told at once, the others are counted and told when a window ends, which
gets longer while they go on. All together are bounded a minute, and so is the memory.
"""

from typing import NamedTuple

import msgspec

from hub.clock import SECOND_US
from hub.errors import Forbidden, HubError, RateLimited, ReservedChannel, Unauthenticated
from hub.limits.party import party_of
from hub.model.audit import Note, told
from hub.model.principal import NOBODY, Principal

FIRST_WINDOW_US = 10 * SECOND_US
LONGEST_WINDOW_US = 60 * SECOND_US
# Records of one node: some 25 MB a day at the very worst.
MOST_PER_MINUTE = 60
MAX_KINDS = 1_000


def is_refusal(failure: HubError, principal: Principal) -> bool:
    """Say whether a failure is worth a record: somebody wanted in, or more than he may.

    Of those who come too often only those who have not said who they are: the pace of others is
    a matter of metrics.
    """
    if isinstance(failure, RateLimited):
        return principal is NOBODY
    is_wrong_address = isinstance(failure, ReservedChannel)
    return isinstance(failure, Unauthenticated | Forbidden) and not is_wrong_address


class Kind(NamedTuple):
    """What is told together: who, from where, why, at what."""

    actor: str
    credential: str
    party: str
    outcome: str


class Count(msgspec.Struct):
    """Refusals of a kind in the window that runs.

    Attributes:
        first: The one that was told at once, or the first of a later window.
        untold: How many came since.
    """

    first: Note
    window_us: int
    ends_us: int
    untold: int = 0

    def is_running(self, now_us: int) -> bool:
        """Say whether its window runs; not where the clock was put back to long before it."""
        return self.ends_us - self.window_us <= now_us < self.ends_us


class Refusals:
    """Says which refusals become records."""

    def __init__(self) -> None:
        self._counts: dict[Kind, Count] = {}
        self._others = 0
        self._other: Note | None = None
        self._others_end_us = 0
        self._budget = float(MOST_PER_MINUTE)
        self._filled_us = 0

    def take(self, note: Note) -> Note | None:
        """Return the note where it is to be told at once; else it is counted."""
        party = party_of(note.address) or note.address
        kind = Kind(note.actor, note.credential, party, note.outcome)
        count = self._counts.get(kind)
        if count is not None:
            count.untold += 1
            return None
        if len(self._counts) >= MAX_KINDS or not self._may_tell(note.at_us):
            self._count_other(note)
            return None
        ends_us = note.at_us + FIRST_WINDOW_US
        self._counts[kind] = Count(note, FIRST_WINDOW_US, ends_us)
        return note

    def due(self, now_us: int, *, at_end: bool = False) -> list[Note]:
        """Return the records of windows that have ended; `at_end` of all, whatever they cost."""
        told_now: list[Note] = []
        for kind, count in list(self._counts.items()):
            if not at_end and count.is_running(now_us):
                continue
            if not count.untold:
                del self._counts[kind]
            elif at_end or self._may_tell(now_us):
                told_now.append(_summary(count, now_us))
                count.untold = 0
                count.window_us = min(count.window_us * 2, LONGEST_WINDOW_US)
                count.ends_us = now_us + count.window_us
        if self._other is not None and (at_end or now_us >= self._others_end_us):
            told_now.append(_of_others(self._other, self._others, now_us))
            self._others, self._other = 0, None
        return told_now

    def _count_other(self, note: Note) -> None:
        self._others += 1
        if self._other is None:
            self._other = note
            self._others_end_us = note.at_us + LONGEST_WINDOW_US

    def _may_tell(self, now_us: int) -> bool:
        """Take one record of the budget, which fills up evenly."""
        passed_us = max(0, now_us - self._filled_us)
        self._filled_us = now_us
        fill = passed_us * MOST_PER_MINUTE / (60 * SECOND_US)
        self._budget = min(float(MOST_PER_MINUTE), self._budget + fill)
        if self._budget < 1:
            return False
        self._budget -= 1
        return True


def _summary(count: Count, now_us: int) -> Note:
    """Return the record of those that were not told."""
    details = told({"count": count.untold, "within_s": count.window_us // SECOND_US})
    return count.first._replace(at_us=now_us, details=details)


def _of_others(note: Note, count: int, now_us: int) -> Note:
    """Return the record of those of whom there were too many kinds."""
    details = told({"count": count, "of": "many"})
    blank = {"actor": "", "credential": "", "target": "", "outcome": "many", "address": ""}
    return note._replace(at_us=now_us, details=details, **blank)
