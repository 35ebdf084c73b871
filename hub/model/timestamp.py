"""Times: RFC 3339 in UTC on the wire, integer microseconds in the store."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SHORTEST = len("2024-01-01T00:00")


def to_rfc3339(at_us: int) -> str:
    """Return `2026-11-21T01:22:33.123456Z`; always six digits, so that text sorts as time."""
    seconds, micros = divmod(at_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06d}Z"


def from_iso8601(text: str) -> int:
    """Return microseconds since 1970 in UTC; a time without an offset means UTC (seed 3).

    Raises:
        ValueError: Not a date with a time of day, or a year that no calendar holds.
    """
    if len(text) < _SHORTEST or text[10] not in "T t":
        raise ValueError("no time of day")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND
