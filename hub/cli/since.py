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
from hub_client.position import Position
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


class Beginning:
    """Asks a hub where a tail begins.

    Args:
        url: Of the hub; None means what the environment says.
        channels: That are followed.

    Raises:
        ValueError: The address is none.
    """

    def __init__(self, url: str | None, channels: Sequence[str]) -> None:
        self._address = Address(url, None, os.environ)
        self._channels = tuple(channels)

    def at(self, time: datetime) -> str:
        """Return the position of a time in each channel.

        Raises:
            hub_client.HubError: No hub answers, or it refused.
        """
        text = time.astimezone(UTC).isoformat().replace("+00:00", "Z")
        pages = self._ask(since_time=text)
        return _position(pages, {name: _before(page) for name, page in pages.items()})

    def behind(self, offset: str) -> str:
        """Return the position of an offset: what follows is what comes after it.

        Raises:
            ValueError: There are several channels; it could be any one's.
            hub_client.HubError: See `at`.
        """
        if len(self._channels) > 1:
            several = ", ".join(self._channels)
            raise ValueError(f"expected one channel with an offset as --since, got {several}")
        (page,) = self._ask().values()
        return f"{page['epoch']}:{offset}"

    def last(self, count: int, since: str) -> str:
        """Return `since`, moved on so far that at most `count` events of each channel follow.

        Raises:
            ValueError: `since` is no position in these channels.
            hub_client.HubError: See `at`.
        """
        stands = Position.parse(since, self._channels).stands
        pages = self._ask()
        if any(stand.epoch != pages[name]["epoch"] for name, stand in stands.items()):
            return since  # of another log: the hub says that it is void
        offsets = {
            # Offsets have no holes: the last events are counted from the head.
            name: max(stand.offset, int(pages[name]["offset"]) - count)
            for name, stand in stands.items()
        }
        return _position(pages, offsets)

    def _ask(self, since_time: str | None = None) -> dict[str, dict[str, Any]]:
        http = Http(self._address, RetryPolicy(max_retries=0), ThreadClock(), None)
        try:
            return {
                name: http.send(
                    get(
                        f"/api/channels/{quote(name, safe='')}/history",
                        limit=1,
                        since_time=since_time,
                    )
                )
                for name in self._channels
            }
        finally:
            http.close()


def _position(pages: dict[str, dict[str, Any]], offsets: dict[str, int]) -> str:
    (epoch, *_) = [page["epoch"] for page in pages.values()]
    if len(offsets) == 1:
        return f"{epoch}:{offsets.popitem()[1]}"
    return ";".join([epoch, *(f"{name}={offset}" for name, offset in offsets.items())])


def _before(page: dict[str, Any]) -> int:
    events = page["events"]
    return int(events[0]["offset"]) - 1 if events else int(page["offset"])
