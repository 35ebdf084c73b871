"""Where a tail begins: a time becomes the position before the first event that is not older."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from hub_client.address import Address
from hub_client.calls.request import get
from hub_client.calls.retry import RetryPolicy
from hub_client.clock import ThreadClock
from hub_client.sync.http import Http

_AGO = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def moment(text: str, now: datetime) -> datetime | None:
    """Return the time that `text` names, `1h` ago or ISO 8601; None for anything else.

    Raises:
        ValueError: It looks like a time and is none.
    """
    if ago := _AGO.fullmatch(text):
        try:
            return now - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
        except OverflowError:
            raise ValueError(
                f"expected a time, got {text}, which is before every calendar"
            ) from None
    if not _DATE.match(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected a time like 2026-11-21T09:30:00Z, got {text}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def position_at(url: str | None, channels: Sequence[str], at: datetime) -> str:
    """Ask the hub for the position of a time in each channel.

    Raises:
        ValueError: The address is none.
        hub_client.HubError: No hub answers, or it refused.
    """
    address = Address(url, None, os.environ)
    http = Http(address, RetryPolicy(max_retries=0), ThreadClock(), None)
    time = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    try:
        pages = {
            name: http.send(
                get(f"/api/channels/{quote(name, safe='')}/history", limit=1, since_time=time)
            )
            for name in channels
        }
    finally:
        http.close()
    (epoch, *_) = [page["epoch"] for page in pages.values()]
    offsets = {name: _before(page) for name, page in pages.items()}
    if len(offsets) == 1:
        return f"{epoch}:{offsets.popitem()[1]}"
    return ";".join([epoch, *(f"{name}={offset}" for name, offset in offsets.items())])


def _before(page: dict[str, Any]) -> int:
    events = page["events"]
    return int(events[0]["offset"]) - 1 if events else int(page["offset"])
