"""One event to a thousand sockets: the hub beside what people would use instead.

The same code as `hub bench --compare`.
"""

import contextlib
from collections.abc import Iterator

from rich.console import Console

from bench.row import Row, at_most, skipped
from hub.bench.comparison import Comparison, compare
from hub.bench.load import Load
from hub.bench.run import Tell
from hub.cli.bench_report import table

ROUNDS = 3
BURST = Load(duration=5.0)
STEADY = Load(rate=100, duration=5.0)
CHANNEL = "bench"


def rows(console: Console) -> list[Row]:
    """Measure and return the rows of the table."""
    burst = _compared(BURST, console)
    lost = burst.rows[0].lost
    steady = _compared(STEADY, console)
    return [
        _cpu("burst", burst, "starlette loop", 0.10),
        _cpu("burst", burst, "nchan", 0.35),
        _tail("burst", burst, "nchan"),
        Row("burst: lost deliveries", f"{lost:,}", "0", holds=burst.sound),
        _cpu("steady", steady, "node ws", 0.75),
        _tail("steady", steady, "node ws"),
        Row("steady: lost deliveries", f"{steady.rows[0].lost:,}", "0", holds=steady.sound),
    ]


def _compared(load: Load, console: Console) -> Comparison:
    @contextlib.contextmanager
    def telling(what: str) -> Iterator[Tell]:
        console.print(f"  {what}")
        yield lambda _: None

    found = compare(None, CHANNEL, load, ROUNDS, telling)
    console.print(table(found, load), soft_wrap=True)
    return found


def _cpu(name: str, found: Comparison, other: str, most: float) -> Row:
    what = f"{name}: CPU a delivery, of {other}'s"
    row = found.row(other)
    if row is None or row.cpu_ratio is None:
        return skipped(what, f"{most:.2f}", found.skipped.get(other, "not measured"))
    return at_most(what, row.cpu_ratio, most)


def _tail(name: str, found: Comparison, other: str) -> Row:
    what = f"{name}: p99 latency, of {other}'s"
    row = found.row(other)
    if row is None or row.p99_ratio is None:
        return skipped(what, "1.00", found.skipped.get(other, "not measured"))
    return at_most(what, row.p99_ratio, 1.0)
