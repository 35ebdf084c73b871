"""Refusals: whoever is refused a million times leaves few records, and none goes uncounted."""

import json
from collections.abc import Sequence

from hypothesis import given, strategies as st

from hub.auth.refusals import (
    FIRST_WINDOW_US,
    LONGEST_WINDOW_US,
    MAX_KINDS,
    MOST_PER_MINUTE,
    Refusals,
)
from hub.clock import SECOND_US
from hub.model.audit import REFUSED, Note
from support.clocks import START_US
from support.notes import a_note

HOUR_US = 3600 * SECOND_US


def refusal(at_us: int = START_US, **fields: str) -> Note:
    """Return one refusal."""
    refused: dict[str, str] = {"actor": "", "credential": "", "outcome": "forbidden", **fields}
    return a_note(at_us=at_us, action=REFUSED, **refused)


def counted(notes: Sequence[Note]) -> int:
    """Return of how many refusals records tell."""
    return sum(json.loads(note.details).get("count", 1) for note in notes)


def test_the_first_is_told_at_once_and_the_others_by_their_number() -> None:
    """Whoever looks sees who and why in a second, and how often a little later."""
    refusals = Refusals()
    first = refusals.take(refusal())
    others = [refusals.take(refusal(START_US + n)) for n in range(1, 1_000)]

    before = refusals.due(START_US + FIRST_WINDOW_US - 1)
    (summary,) = refusals.due(START_US + FIRST_WINDOW_US)

    assert first == refusal()
    assert (others, before) == ([None] * 999, [])
    assert summary == refusal(
        START_US + FIRST_WINDOW_US, details='{"count":999,"within_s":10}'
    )  # fmt: skip


def test_who_goes_on_is_told_of_once_a_minute() -> None:
    """Windows grow, so an attack of an hour is some sixty records."""
    refusals, told = Refusals(), []
    for second in range(3600):
        now_us = START_US + second * SECOND_US
        told += [note for note in (refusals.take(refusal(now_us)),) if note]
        told += refusals.due(now_us)
    told += refusals.due(START_US + HOUR_US, at_end=True)

    assert 60 <= len(told) <= 64
    assert counted(told) == 3600


def test_a_kind_is_who_from_where_and_why() -> None:
    """Each is told at once; the path is not part of it, or a scan would be many."""
    refusals = Refusals()
    kinds = [
        refusal(),
        refusal(actor="anna"),
        refusal(credential="key:2"),
        refusal(address="10.0.0.2"),
        refusal(outcome="token_expired"),
    ]

    assert [refusals.take(note) for note in kinds] == kinds
    assert refusals.take(refusal(target="GET /another")) is None


def test_a_network_of_addresses_is_one() -> None:
    """Who has an IPv6 address has 2**64 of them."""
    refusals = Refusals()

    told = [refusals.take(refusal(address=f"2001:db8::{n:x}")) for n in range(1, 50)]

    assert len([note for note in told if note]) == 1


def test_a_crowd_of_attackers_is_a_bounded_number_of_records() -> None:
    """A hundred thousand addresses: bounded records a minute, bounded memory, each one counted."""
    refusals, told = Refusals(), []
    for n in range(100_000):
        now_us = START_US + n * 600  # a minute in all
        note = refusals.take(refusal(now_us, address=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"))
        told += [note] if note else []
        told += refusals.due(now_us) if n % 1_000 == 0 else []

    last = refusals.due(START_US + HOUR_US, at_end=True)
    assert len(told) <= 2 * MOST_PER_MINUTE + 1
    assert len(refusals._counts) <= MAX_KINDS
    assert counted([*told, *last]) == 100_000
    assert {note.outcome for note in last} == {"many"}


def test_nothing_is_left_of_who_stays_away() -> None:
    """The next refusal of that kind, a day later, is the first again."""
    refusals = Refusals()
    refusals.take(refusal())
    refusals.due(START_US + LONGEST_WINDOW_US)

    assert refusals._counts == {}
    assert refusals.take(refusal(START_US + HOUR_US)) is not None


def test_the_clock_may_be_put_back() -> None:
    """A window that then ends in a year is over at once."""
    refusals = Refusals()
    refusals.take(refusal(START_US + 9_000 * HOUR_US))
    refusals.take(refusal(START_US))

    (summary,) = refusals.due(START_US)

    assert (counted([summary]), summary.at_us) == (1, START_US)


@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 99), st.integers(1, 30), st.booleans()),
        max_size=60,
    )
)
def test_none_goes_uncounted(steps: list[tuple[int, int, int, bool]]) -> None:
    """Whatever comes when: the records tell of as many refusals as there were."""
    refusals, told, taken, now_us = Refusals(), [], 0, START_US
    for seconds, address, times, looks in steps:
        now_us += seconds * SECOND_US
        for _ in range(times):
            note = refusals.take(refusal(now_us, address=f"10.0.0.{address}"))
            told += [note] if note else []
        taken += times
        told += refusals.due(now_us) if looks else []

    told += refusals.due(now_us, at_end=True)
    assert counted(told) == taken
