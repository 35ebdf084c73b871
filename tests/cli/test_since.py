"""`--since` takes a time or a position."""

from datetime import UTC, datetime

import pytest

from hub.cli.since import moment

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("30s", datetime(2026, 11, 21, 11, 59, 30, tzinfo=UTC), id="seconds ago"),
        pytest.param("1.5h", datetime(2026, 11, 21, 10, 30, tzinfo=UTC), id="hours ago"),
        pytest.param("2d", datetime(2026, 11, 19, 12, 0, tzinfo=UTC), id="days ago"),
        pytest.param(
            "2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC), id="a time in UTC"
        ),
        pytest.param(
            "2026-11-20T10:00", datetime(2026, 11, 20, 10, tzinfo=UTC), id="naive means UTC"
        ),
        pytest.param("6f1c2a90:1234", None, id="a position"),
        pytest.param("6f1c2a90;jobs=4", None, id="a position of channels"),
    ],
)
def test_times_are_told_from_positions(text: str, expected: datetime | None) -> None:
    """Durations count back from now, ISO 8601 is taken as it is, the rest is a position."""
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["999999999d", "2026-13-01T00:00:00Z"])
def test_what_no_calendar_holds_is_refused(text: str) -> None:
    """A time that does not exist is named."""
    with pytest.raises(ValueError, match=text):
        moment(text, NOW)
