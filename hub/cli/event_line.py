"""One event as one line for people: time, channel, type, entity, and what it tells."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import msgspec
from rich.text import Text

from hub.cli.json_line import json_line
from hub_client import Event

BAR = 10
_CHANNEL_STYLES = {
    "contracts": "cyan",
    "jobs": "magenta",
    "tasks": "blue",
    "agents": "yellow",
    "pipelines": "green",
    "alerts": "red",
}
_OTHER_STYLES = ("bright_cyan", "bright_magenta", "bright_blue", "bright_yellow", "bright_green")
_STATUS_STYLES = {
    "active": "green",
    "inactive": "bright_black",
    "PENDING": "bright_black",
    "RUNNING": "blue",
    "NEEDS_INPUT": "yellow",
    "FAILED": "bold red",
    "DONE": "green",
}
_ENTITIES = ("contract_id", "job_id", "task_id", "agent_id", "pipeline_id", "id")
_UUID_LENGTH = 36
_SHORT = 8


def event_line(event: Event, now: datetime, *, short: bool) -> Text:
    """Return the line.

    Args:
        event: What to show. Nothing in it can move the cursor or colour the terminal.
        now: Local time; events of today are shown without the date.
        short: Cut UUIDs to their first eight characters.
    """
    tell = _TELL.get(event.type, _anything)
    line = Text.assemble(
        (_time(event.timestamp, now), "dim"),
        "  ",
        (f"{event.channel:<10}", _channel_style(event.channel)),
        (f" {'' if event.offset is None else '#' + str(event.offset):<7}", "dim"),
        (f" {event.type:<16}", "yellow" if event.type == "contract_stale" else "dim"),
        (f" {_entity(event.data, short=short):<10}", "bold"),
        "  ",
        tell(event.data),
    )
    if event.test:
        line.append("  TEST", "bold magenta")
    return line


def compact_line(event: Event) -> str:
    """Return channel, offset, type and data, each in one word, and nothing that is cut."""
    place = "" if event.offset is None else f"#{event.offset}"
    data = json_line(event.data)
    test = " TEST" if event.test else ""
    return f"{printable(event.channel)}{place} {printable(event.type)} {data}{test}"


def printable(value: object) -> str:
    """Return text that stays on its line: a terminal obeys escape codes from anywhere."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value)
    )


def bar(percentage: float) -> Text:
    """Return a bar and its number."""
    full = int(min(max(percentage, 0), 100) / 100 * BAR)
    return Text.assemble(
        ("━" * full, "blue" if full < BAR else "green"),
        ("╌" * (BAR - full), "dim"),
        f" {percentage:3.0f} %",
    )


def _contract(data: dict[str, Any]) -> Text:
    return Text.assemble(_status(data, 12), printable(data.get("location", "")))


def _stale(data: dict[str, Any]) -> Text:
    at = printable(data.get("timestamp", ""))
    return _contract(data).append(f"  of {at}, older than what is known", "dim")


def _job(data: dict[str, Any]) -> Text:
    line = _status(data, 12)
    progress = data.get("progress")
    progress = progress if isinstance(progress, dict) else {}
    # Who completes a job need not report 100 % before: what it said last would look unfinished.
    if isinstance(progress.get("percentage"), int | float) and data.get("status") != "DONE":
        line.append(bar(progress["percentage"]))
        line.append("  ")
    words = [progress.get("current_step"), data.get("message")]
    line.append(" · ".join(printable(word) for word in words if word))
    return line


def _state(data: dict[str, Any]) -> Text:
    return _contract(data) if "contract_id" in data else _job(data)


def _anything(data: dict[str, Any]) -> Text:
    return Text(printable(msgspec.json.encode(data).decode()), "dim")


_TELL: dict[str, Callable[[dict[str, Any]], Text]] = {
    "contract_update": _contract,
    "contract_stale": _stale,
    "job_update": _job,
    "snapshot": _state,
}


def _status(data: dict[str, Any], width: int) -> Text:
    status = printable(data.get("status", ""))
    style = _STATUS_STYLES.get(status, "white")
    return Text.assemble(("● ", style), (f"{status:<{width}}", style))


def _entity(data: dict[str, Any], *, short: bool) -> str:
    found = next((data[name] for name in _ENTITIES if data.get(name)), "")
    text = printable(found)
    return text[:_SHORT] if short and len(text) == _UUID_LENGTH else text


def _channel_style(channel: str) -> str:
    other = _OTHER_STYLES[sum(channel.encode()) % len(_OTHER_STYLES)]
    return _CHANNEL_STYLES.get(channel, other)


def _time(text: str | None, now: datetime) -> str:
    zone: tzinfo | None = now.tzinfo
    try:
        at = datetime.fromisoformat(text or "").astimezone(zone)
    except ValueError:
        return f"{printable(text or ''):<8}"
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%m-%d %H:%M:%S}"
