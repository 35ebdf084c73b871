"""One limit: the written-out rule is the rule, and clients are told what is left."""

from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from hub.errors import RateLimited
from hub.limits import memory
from hub.limits.bucket import spend
from hub.limits.limit import Limit
from support.clocks import START_US

PAUSES = st.one_of(st.integers(0, 700_000), st.sampled_from([0, 99_999, 100_000, 100_001]))
VISITS = st.lists(
    st.tuples(PAUSES, st.sampled_from("ab"), st.sampled_from([1, 1, 1, 3, 30])),
    max_size=60,
)


def limited(rate: float = 10.0) -> Limit:
    """Return a limit."""
    limit = Limit("requests", "requests of one principal", Counter())
    limit.set(rate)
    return limit


@settings(derandomize=True, deadline=None)
@given(VISITS)
def test_the_short_way_says_what_the_rule_says(visits: list[tuple[int, str, int]]) -> None:
    """Who passes, and how far it is from full then."""
    limit, due_us, now_us = limited(), {"a": 0, "b": 0}, START_US
    assert limit.pace is not None
    for pause_us, party, cost in visits:
        now_us += pause_us
        due_us[party], verdict = spend(due_us[party], limit.pace, now_us, cost)
        try:
            said = limit.take(party, now_us, cost)
        except RateLimited:
            said = None

        assert said == (None if verdict.wait_us else verdict.lead_us)


def test_the_short_way_ends_where_the_rule_does() -> None:
    """A microsecond before the next token there is none."""
    limit = limited()
    limit.take("a", START_US, 20)

    with pytest.raises(RateLimited):
        limit.take("a", START_US + 99_999)
    assert limit.take("a", START_US + 100_000) == 2_000_000


def test_headers_say_what_is_left() -> None:
    """The quota and its window; what remains, and when it is full again, in whole seconds."""
    limit = limited()

    first = limit.headers(limit.take("a", START_US))
    empty = limit.headers(limit.take("a", START_US, 19))

    policy = (b"ratelimit-policy", b'"requests";q=20;w=2')
    assert first == ((b"ratelimit", b'"requests";r=19;t=1'), policy)
    assert empty == ((b"ratelimit", b'"requests";r=0;t=2'), policy)


def test_a_refusal_is_counted_and_names_the_limit() -> None:
    """With what was expected and when to come back."""
    hits: Counter[str] = Counter()
    limit = Limit("requests", "requests of one principal", hits)
    limit.set(10.0)
    assert hits == {"requests": 0}
    limit.take("a", START_US, 20)

    with pytest.raises(RateLimited, match="at most 20 requests of one principal") as refused:
        limit.take("a", START_US)

    assert (hits["requests"], refused.value.retry_after_ms) == (1, 100)


def test_new_numbers_hold_at_once_and_forgive_nothing() -> None:
    """Raised, there is more; lowered, what was spent is still spent; 0 lets all pass."""
    limit = limited()
    limit.take("a", START_US, 20)

    limit.set(20.0)
    limit.take("a", START_US + 50_000)
    limit.set(1.0)
    with pytest.raises(RateLimited):
        limit.take("a", START_US + 60_000)
    limit.set(0)

    assert [limit.take("a", START_US) for _ in range(100)] == [0] * 100


def test_a_table_forgets_only_who_is_as_good_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has spent is remembered however many come; strangers then share one bucket."""
    monkeypatch.setattr(memory, "MAX_PARTIES", 3_000)
    limit = limited(1.0)
    limit.take("spent", START_US, 20)
    for number in range(10_000):
        try:
            limit.take(f"stranger {number}", START_US + number)
        except RateLimited:
            continue

    assert len(limit._parties.known) == 3_000
    with pytest.raises(RateLimited):
        limit.take("spent", START_US + 10_000)
    limit.take("much later", START_US + 100_000_000)
    assert list(limit._parties.known) == ["much later"]
