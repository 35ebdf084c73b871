"""Retry-After: seconds or a date, and what is neither."""

import pytest
from hypothesis import given, strategies as st

from hub.webhooks.retry_after import MAX_S, retry_after_s

NOW_US = 1_795_271_400_000_000  # Sat, 21 Nov 2026 14:30:00 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 7 ", 7.0, id="spaces around"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param("9" * 20, MAX_S, id="for ever"),
        pytest.param("Sat, 21 Nov 2026 14:31:00 GMT", 60.0, id="a date"),
        pytest.param("Saturday, 21-Nov-26 14:31:00 GMT", 60.0, id="a date of RFC 850"),
        pytest.param("Sat Nov 21 14:31:00 2026", 60.0, id="a date of asctime"),
        pytest.param("Sat, 21 Nov 2026 14:29:00 GMT", 0.0, id="a date that is over"),
        pytest.param("Sat, 21 Nov 9999 14:29:00 GMT", MAX_S, id="a date far ahead"),
        pytest.param("-5", None, id="a negative number"),
        pytest.param("1.5", None, id="a fraction"),
        pytest.param("१२०", None, id="digits of another script"),
        pytest.param("1e9", None, id="an exponent"),
        pytest.param("9" * 5000, None, id="5,000 digits"),
        pytest.param("soon", None, id="a word"),
        pytest.param("", None, id="nothing"),
        pytest.param("Sat, 99 Nov 2026 14:31:00 GMT", None, id="no such day"),
        pytest.param("Sat, 21 Nov 2026 14:31:00 +9999", None, id="no such zone"),
        pytest.param("Sat, 21 Nov 99999 14:31:00 GMT", None, id="no such year"),
    ],
)
def test_it_is_read_as_seconds_from_now(text: str, seconds: float | None) -> None:
    """A year at most; what it could not mean is as good as no header."""
    assert retry_after_s(text, NOW_US) == seconds


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    """A receiver cannot make it raise, nor ask for the past or for ever."""
    found = retry_after_s(text, NOW_US)

    assert found is None or 0 <= found <= MAX_S
