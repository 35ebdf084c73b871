"""What `hub top` shows of one reading."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hub.cli.token_lines import printable

Reading = Mapping[str, Any]
_BARS = "▁▂▃▄▅▆▇█"
_LABEL = 5
_GAP = "   "
# Lines that are neither sums nor bars nor channels.
_FRAME = 6
# Lower windows show channels where others show bars.
_LOW = 16
_NAME = (8, 48)
# What a narrow window leaves out first.
_DROPPED = ("head", "late", "clients")
_UNITS = ("B", "KiB", "MiB", "GiB")
_KEYS = {
    "rate": lambda one: (-one["events_in"] - one["events_out"], -one["followers"], one["channel"]),
    "name": lambda one: one["channel"],
    "followers": lambda one: (-one["followers"], one["channel"]),
    "behind": lambda one: (-one["behind"], -one["late"], one["channel"]),
}


def screen(
    reading: Reading, *, url: str, sort: str, size: tuple[int, int], trouble: str = ""
) -> RenderableType:
    """Return the whole screen.

    Args:
        reading: An answer of `GET /api/stats`.
        url: Of the hub.
        sort: Which channels stand above.
        size: Columns and lines.
        trouble: Why the reading is an old one; empty: it is not.
    """
    width, height = size
    style = "dim" if trouble else ""
    told = _sums(reading, width, style)[: max(1, height // 4)]
    if height >= _LOW:
        told = [*told, *_sparks(reading, width, style)]
    rows = max(1, height - _FRAME - len(told))
    parts = [_head(reading, url, trouble), Text(""), *told, Text("")]
    for part in parts:
        # A line more would push the last ones off the screen.
        part.no_wrap, part.overflow = True, "ellipsis"
    table = _channels(reading, sort, rows, width, style)
    return Group(*parts, table, _foot(reading, rows, trouble))


def lines(reading: Reading, sort: str) -> RenderableType:
    """Return one reading for a pipe: the sums, and every channel."""
    everything = len(reading["channels"])
    return Group(
        *_sums(reading, sys.maxsize, ""), _channels(reading, sort, everything, sys.maxsize, "")
    )


def _head(reading: Reading, url: str, trouble: str) -> Text:
    nodes = len(reading["nodes"])
    told = f"{nodes} node{'' if nodes == 1 else 's'}"
    if trouble:
        line = Text.assemble(("○ ", "red"), ("hub top", "bold"), (f"  {trouble}", "red"))
    else:
        line = Text.assemble(("● ", "green"), ("hub top", "bold"))
    line.append(f"  {printable(url)}").append(f"  {told}", "dim")
    if reading["incomplete"]:
        line.append(f"  no answer of {printable(', '.join(reading['incomplete']))}", "yellow")
    return line


def _sums(reading: Reading, width: int, style: str) -> list[Text]:
    """Return the sums, as many a line as the window has room for."""
    now = reading["now"]
    latency = now["latency"]
    facts = (
        ("in", f"{_number(now['events_in'])}/s"),
        ("out", f"{_number(now['events_out'])}/s"),
        ("clients", _number(now["connections"])),
        ("queued", _size(now["queued_bytes"])),
        ("p50", _time(latency["p50_ms"])),
        ("p95", _time(latency["p95_ms"])),
        ("p99", _time(latency["p99_ms"])),
    )
    parts = [Text.assemble((f"{name} ", "dim"), (value, "bold")) for name, value in facts]
    told = [parts[0]]
    for part in parts[1:]:
        if len(told[-1]) + len(_GAP) + len(part) <= width:
            told[-1] += Text(_GAP) + part
        else:
            told.append(part)
    for line in told:
        line.stylize(style)
    return told


def _sparks(reading: Reading, width: int, style: str) -> Sequence[Text]:
    points = reading["points"][-max(1, width - _LABEL) :]
    return [
        Text.assemble((f"{name:<{_LABEL}}", "dim"), (spark([p[field] for p in points]), colour))
        for name, field, colour in (
            ("in", "events_in", style or "cyan"),
            ("out", "events_out", style or "magenta"),
        )
    ]


def spark(values: Sequence[float]) -> str:
    """Return a bar for each value, the largest one full; nothing is the lowest."""
    most = max(values, default=0)
    last = len(_BARS) - 1
    return "".join(_BARS[0 if most <= 0 else round(value / most * last)] for value in values)


def _channels(reading: Reading, sort: str, rows: int, width: int, style: str) -> Table:
    table = Table(box=None, pad_edge=False, style=style, header_style="dim", expand=False)
    least, most = _NAME
    table.add_column("channel", no_wrap=True, overflow="ellipsis", max_width=most, min_width=least)
    shown = [_cells(one) for one in sorted(reading["channels"], key=_KEYS[sort])[:rows]]
    names = _fitting(shown, width)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for cells in shown:
        table.add_row(cells["channel"], *(cells[name] for name in names))
    return table


def _cells(one: Mapping[str, Any]) -> dict[str, Text]:
    late = "yellow" if one["late"] else "dim"
    quiet = "" if one["events_in"] or one["events_out"] else "dim"
    return {
        "channel": Text(printable(one["channel"]), "bold"),
        "head": Text("-" if one["head"] is None else _number(one["head"])),
        "in/s": Text(_number(one["events_in"]), quiet),
        "out/s": Text(_number(one["events_out"]), quiet),
        "clients": Text(_number(one["followers"])),
        "late": Text(_number(one["late"]), late),
        "behind": Text(_number(one["behind"]), late),
    }


def _fitting(shown: Sequence[Mapping[str, Text]], width: int) -> list[str]:
    """Return the columns that a window has room for: numbers that are cut say nothing."""
    names = ["head", "in/s", "out/s", "clients", "late", "behind"]
    wide = {
        name: max([len(name), *(len(cells[name]) for cells in shown)])
        for name in ("channel", *names)
    }
    first = min(wide["channel"], _NAME[1])
    for dropped in _DROPPED:
        if first + sum(2 + wide[name] for name in names) <= width:
            break
        names.remove(dropped)
    return names


def _foot(reading: Reading, rows: int, trouble: str) -> Text:
    hidden = len(reading["channels"]) - rows
    more = f"{hidden} more channels   " if hidden > 0 else ""
    at = f"of {reading['at'][11:19]} UTC" if trouble else ""
    keys = f"\n{more}q quit   s sort   {at}"
    return Text(keys, "dim", no_wrap=True, overflow="ellipsis")


def _number(value: float) -> str:
    text = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"  # noqa: PLR2004
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}")


def _time(value_ms: float | None) -> str:
    if value_ms is None:
        return "-"
    return f"{value_ms / 1000:.1f} s" if value_ms >= 1000 else f"{value_ms:.1f} ms"  # noqa: PLR2004


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1024:  # noqa: PLR2004 a KiB
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"
