"""Retry-After (RFC 9110, 10.2.3): seconds, or a date."""

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

# No answer means more than a year.
MAX_S = 366 * 86_400.0
_MAX_LENGTH = 64
_SECONDS = re.compile(r"[0-9]{1,20}")


def retry_after_s(text: str, now_us: int) -> float | None:
    """Return the seconds from now that an answer asks for; None: nothing that it could mean."""
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        return None
    if _SECONDS.fullmatch(text):
        return min(float(text), MAX_S)
    try:
        at = parsedate_to_datetime(text)
        # A date without a zone is of Greenwich: HTTP has no others.
        at_s = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(at_s - now_us / 1e6, 0.0), MAX_S)
