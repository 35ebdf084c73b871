"""`make bench`: the hub beside others, in one run, as ratios.

Machines differ and are noisy; the ratio of two programs under the same client in the same
minute is what can be compared. Each figure is the median of its rounds. `PARTS="fanout crowds"`
measures only these.
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from bench import crowds, dashboard, fanout, guards, latency, load, nodes, servers, views, webhooks
from bench.row import Row
from hub.bench.stolen import Stolen

ROUNDS = 3
SECONDS = 3.0
CONNECTIONS = 32
CLIENTS = 100
RATE = 200
FILLED = 1_000_000

console = Console(highlight=False)


def main() -> int:
    """Measure, print, and say by the exit code whether every floor holds."""
    console.print(f"[bold]Hub bench[/] {ROUNDS} rounds, medians\n")
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        console.print(f"expected parts of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
        return 2
    rows: list[Row] = []
    for part in wanted:
        stolen = Stolen()
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            rows += PARTS[part](Path(folder))
        console.print(f"  {part}: the host of this machine took {stolen.share():.0%} of it\n")
    table = Table("what", "measured", "floor", "holds")
    for row in rows:
        table.add_row(row.what, row.measured, row.floor, _verdict(row))
    console.print(table)
    return 1 if any(row.holds is False for row in rows) else 0


def _verdict(row: Row) -> str:
    if row.holds is None:
        return "[yellow]skipped[/]"
    return "[green]yes[/]" if row.holds else "[red]no[/]"


def _throughput(folder: Path) -> list[Row]:
    with servers.echo() as echo, servers.hub(folder) as hub:
        runs: dict[str, Callable[[], load.Rate]] = {
            "echo": lambda: _post(echo, with_key=False),
            "hub": lambda: _post(hub, with_key=False),
            "hub, with keys": lambda: _post(hub, with_key=True),
        }
        seen: dict[str, list[float]] = {name: [] for name in runs}
        for round_ in range(ROUNDS):
            for name, run in runs.items():
                rate = run().per_second
                seen[name].append(rate)
                console.print(f"  round {round_ + 1}  {name:<16}{rate:>9,.0f} requests/s")
    medians = {name: statistics.median(rates) for name, rates in seen.items()}
    plain, keyed = medians["hub"] / medians["echo"], medians["hub, with keys"] / medians["echo"]
    return [
        Row("POST /update, of the echo's requests/s", f"{plain:.2f}", "0.50", plain >= 0.5),
        Row("the same with Idempotency-Key", f"{keyed:.2f}", "0.40", keyed >= 0.4),
    ]


def _latency(folder: Path) -> list[Row]:
    with servers.hub(folder) as hub:
        halves, tails = [], []
        for round_ in range(ROUNDS):
            took = _run(latency.measure(hub.url, clients=CLIENTS, rate=RATE, seconds=SECONDS))
            halves.append(took[len(took) // 2])
            tails.append(took[len(took) * 99 // 100])
            console.print(f"  round {round_ + 1}  p50 {halves[-1]:.2f} ms  p99 {tails[-1]:.2f} ms")
    half, tail = statistics.median(halves), statistics.median(tails)
    return [
        Row(f"ingest to socket p50, {RATE}/s to {CLIENTS}", f"{half:.2f} ms", "5 ms", half < 5),
        Row("ingest to socket p99", f"{tail:.2f} ms", "25 ms", tail < 25),
    ]


def _growth(folder: Path) -> list[Row]:
    def cost() -> float:
        with servers.hub(folder) as hub:
            _post(hub, with_key=False)
            costs: list[float] = []
            for _ in range(ROUNDS):
                before = hub.cpu_s()
                requests = _post(hub, with_key=False).requests
                costs.append((hub.cpu_s() - before) / requests * 1e6)
        return float(statistics.median(costs))

    small = cost()
    console.print(f"  {small:.0f} us of CPU an event; filling the log with {FILLED:,} events")
    servers.fill(folder, FILLED)
    large = cost()
    console.print(f"  {large:.0f} us of CPU an event with {FILLED:,} in the log")
    ratio = large / small
    return [Row("cost an event, 1 million against few", f"{ratio:.2f}", "1.25", ratio <= 1.25)]


def _post(server: servers.Served, *, with_key: bool) -> load.Rate:
    make = load.post("/update", server.host, with_key=with_key)
    rate: load.Rate = _run(load.measure(server.url, make, connections=CONNECTIONS, seconds=SECONDS))
    if rate.failures:
        raise RuntimeError(f"expected no failures, got {rate.failures}")
    return rate


def _run(work: Any) -> Any:
    return uvloop.run(work)


PARTS: dict[str, Callable[[Path], list[Row]]] = {
    "throughput": _throughput,
    "latency": _latency,
    "growth": _growth,
    "nodes": lambda folder: nodes.rows(folder, console),
    "fanout": lambda _folder: fanout.rows(console),
    "crowds": lambda folder: crowds.rows(folder, console),
    "guards": lambda folder: guards.rows(folder, console),
    "views": lambda folder: views.rows(folder, console),
    "webhooks": lambda folder: webhooks.rows(folder, console),
    "dashboard": lambda folder: dashboard.rows(folder, console),
}


if __name__ == "__main__":
    sys.exit(main())
