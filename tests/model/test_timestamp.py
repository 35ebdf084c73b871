"""Times on the wire and in the store."""

import time

import pytest
from hypothesis import given, strategies as st

from hub.model.timestamp import from_iso8601, to_rfc3339

NOON_US = 1_704_110_400_000_000  # 2024-01-01T12:00:00Z


@pytest.mark.parametrize(
    ("text", "at_us"),
    [
        pytest.param("2024-01-01T12:00:00", NOON_US, id="naive means UTC, as seed 3 sends it"),
        pytest.param("2024-01-01T12:00:00Z", NOON_US, id="UTC"),
        pytest.param("2024-01-01t12:00:00z", NOON_US, id="lower case, which RFC 3339 allows"),
        pytest.param("2024-01-01 12:00:00", NOON_US, id="a space between"),
        pytest.param("2024-01-01T17:30:00+05:30", NOON_US, id="the offset of Chennai"),
        pytest.param("20240101T120000Z", NOON_US, id="the basic form"),
        pytest.param("2024-01-01T12:00", NOON_US, id="without seconds"),
        pytest.param("2024-01-01T12:00:00.5Z", NOON_US + 500_000, id="half a second"),
        pytest.param("2024-01-01T12:00:00.123456789Z", NOON_US + 123_456, id="nanoseconds are cut"),
        pytest.param("1969-12-31T23:59:59Z", -1_000_000, id="before 1970"),
    ],
)
def test_times_of_all_senders_are_read(text: str, at_us: int) -> None:
    """Whatever ISO 8601 time a sender has, it is the same moment in microseconds."""
    assert from_iso8601(text) == at_us


def test_naive_means_utc_wherever_the_hub_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone of the host plays no part."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        at_us = from_iso8601("2024-01-01T12:00:00")
    finally:
        monkeypatch.undo()
        time.tzset()

    assert at_us == NOON_US


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("yesterday", id="a word"),
        pytest.param("2024-01-01", id="a date without a time of day"),
        pytest.param("2024-01-01T", id="a date with an empty time"),
        pytest.param("2024-13-01T12:00:00", id="month thirteen"),
        pytest.param("2024-01-01T12:00:00+99:99", id="an offset of four days"),
        pytest.param("2024-01-01x12:00:00", id="another letter between"),
        pytest.param("1704110400", id="seconds since 1970"),
        pytest.param("2024-01-01T12:00:00" + " " * 1_000, id="a thousand spaces behind"),
        pytest.param("\uff12024-01-01T12:00:00", id="digits of another script"),
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """A text that names no moment raises ValueError, whatever is wrong with it."""
    with pytest.raises(ValueError, match=r".+"):
        from_iso8601(text)


@given(st.integers(0, 253_402_300_799_999_999), st.integers(0, 253_402_300_799_999_999))
def test_rfc3339_keeps_every_microsecond_and_sorts_as_text(one_us: int, other_us: int) -> None:
    """What we write is read back exactly, and its text sorts as the time does."""
    one, other = to_rfc3339(one_us), to_rfc3339(other_us)

    assert from_iso8601(one) == one_us
    assert (one < other) == (one_us < other_us)
