"""The guards: what it costs an update to be let in, counted against limits, and answered with them.

Two hubs in turns, on one machine: an open one, and one that asks for a key, limits everything and
is never reached by its limits. Both count their metrics; docs/performance.md has what those cost.
"""

import contextlib
import secrets
import statistics
from pathlib import Path

import uvloop
from rich.console import Console

from bench import load, servers
from bench.row import Row, at_most

ROUNDS = 5
SECONDS = 3.0
CONNECTIONS = 32
# Never reached, and counted like any other.
NO_END = "1000000"
LIMITS = ("HUB_REQUEST_RATE", "HUB_REQUEST_RATE_PER_IP", "HUB_PUBLISH_RATE", "HUB_COMMAND_RATE")


def rows(folder: Path, console: Console) -> list[Row]:
    """Measure and return the rows of the table."""
    key = secrets.token_urlsafe(32)
    guards = {"API_KEY": key, **dict.fromkeys(LIMITS, NO_END)}
    with contextlib.ExitStack() as stack:
        hubs = {
            "open": (stack.enter_context(servers.hub(_inside(folder, "open"))), ""),
            "guarded": (
                stack.enter_context(servers.hub(_inside(folder, "guarded"), **guards)),
                key,
            ),
        }
        costs: dict[str, list[float]] = {name: [] for name in hubs}
        for round_ in range(ROUNDS):
            for name, (hub, token) in hubs.items():
                costs[name].append(_cost(hub, token))
            told = ", ".join(f"{name} {cost[-1]:.1f} us" for name, cost in costs.items())
            console.print(f"  round {round_ + 1}  CPU an update: {told}")
    plain, guarded = (statistics.median(cost) for cost in costs.values())
    return [at_most("auth and limits, CPU an update, of the open hub's", guarded / plain, 1.15)]


def _inside(folder: Path, name: str) -> Path:
    inside = folder / name
    inside.mkdir()
    return inside


def _cost(hub: servers.Served, token: str) -> float:
    """Return microseconds of processor time an update."""
    make = load.post("/update", hub.host, with_key=False, token=token)
    before = hub.cpu_s()
    found = uvloop.run(load.measure(hub.url, make, connections=CONNECTIONS, seconds=SECONDS))
    if found.failures:
        raise RuntimeError(f"expected no failures, got {found.failures}")
    return (hub.cpu_s() - before) / found.requests * 1e6
