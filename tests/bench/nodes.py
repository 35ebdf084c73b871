"""One node and two, on Redis and both stores, as ratios to the embedded hub of the same run."""

import asyncio
import contextlib
import signal
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import uvloop
from rich.console import Console

from bench import latency, load, servers
from bench.row import Row
from support.postgres_server import postgres_server
from support.redis_server import redis_server

ROUNDS = 3
SECONDS = 3.0
CONNECTIONS = 32
CLIENTS = 50
RATE = 200
MAX_OVERHEAD_US = 20
MAX_PUSH_MS = 100
MAX_LOOK_MS = 1_000


class Figures(NamedTuple):
    """What one arrangement did: updates a second, and the last node's CPU an event in us."""

    per_second: float
    cpu_us: float


def rows(folder: Path, console: Console) -> list[Row]:
    """Measure and return the rows of the table."""
    with redis_server() as redis, postgres_server("fsync=on") as postgres:
        alone = _Arrangement("embedded", folder / "a", {}, 1)
        on_file = {"REDIS_URL": redis.url}
        on_server = {"REDIS_URL": redis.url, "DATABASE_URL": postgres.database()}
        arrangements = [
            alone,
            _Arrangement("Redis, SQLite, 1 node", folder / "b", on_file, 1),
            _Arrangement("Redis, SQLite, 2 nodes", folder / "c", on_file, 2),
            _Arrangement("Redis, PostgreSQL, 1 node", folder / "d", on_server, 1),
            _Arrangement("Redis, PostgreSQL, 2 nodes", folder / "e", on_server, 2),
        ]
        seen = {each.name: each.measure(console) for each in arrangements}
        overhead = _Arrangement("heard", folder / "f", on_file, 2).overhead()
        pushed = _Arrangement("pushed", folder / "g", {**on_file, "HUB_HEAD_POLL_S": "3600"}, 2)
        push = pushed.crossing(lambda: None)
        looked = _Arrangement("looked up", folder / "h", on_file, 2)
        look = looked.crossing(partial(redis.send, signal.SIGSTOP))
        redis.send(signal.SIGCONT)
    base = seen.pop(alone.name)
    found = [
        Row(f"of the embedded hub: {name}", f"{rate / base:.2f}", "-", holds=True)
        for name, rate in seen.items()
    ]
    holds = overhead < MAX_OVERHEAD_US
    return [
        *found,
        Row("CPU an event on a node that hears it", f"{overhead:.1f} us", "20 us", holds),
        _row("post at one node to socket at another, by push alone", push, MAX_PUSH_MS),
        _row("the same, Redis stopped (SIGSTOP)", look, MAX_LOOK_MS),
    ]


class _Arrangement:
    def __init__(self, name: str, folder: Path, settings: dict[str, str], nodes: int) -> None:
        self.name = name
        self._folder = folder
        self._settings = settings
        self._nodes = nodes
        folder.mkdir()

    @contextlib.contextmanager
    def _running(self) -> Iterator[Sequence[servers.Served]]:
        with contextlib.ExitStack() as stack:
            artifacts = {"HUB_ARTIFACTS_DIR": str(self._folder)}
            yield [
                stack.enter_context(servers.hub(self._folder, **artifacts, **self._settings))
                for _ in range(self._nodes)
            ]

    def measure(self, console: Console) -> float:
        """Return updates a second over all nodes, the median of the rounds."""
        rates = []
        with self._running() as hubs:
            for round_ in range(ROUNDS):
                rates.append(sum(rate.per_second for rate in _post(hubs)))
                console.print(f"  round {round_ + 1}  {self.name:<28}{rates[-1]:>9,.0f} updates/s")
        return statistics.median(rates)

    def overhead(self) -> float:
        """Return the CPU an event, in us, of a node that takes none itself."""
        costs = []
        with self._running() as hubs:
            for _ in range(ROUNDS):
                before = hubs[1].cpu_s()
                requests = _post(hubs[:1])[0].requests
                costs.append((hubs[1].cpu_s() - before) / requests * 1e6)
        return statistics.median(costs)

    def crossing(self, meanwhile: Callable[[], None]) -> Sequence[float]:
        """Return the times from a post at one node to a socket at another, in ms."""
        with self._running() as (one, two):
            meanwhile()
            return uvloop.run(
                latency.measure(
                    two.url, clients=CLIENTS, rate=RATE, seconds=SECONDS, post_to=one.url
                )
            )


def _row(what: str, took: Sequence[float], most_ms: float) -> Row:
    *_, p99 = statistics.quantiles(took, n=100)
    said = f"p50 {statistics.median(took):.2f} ms, p99 {p99:.2f} ms"
    return Row(what, said, f"{most_ms:.0f} ms", p99 < most_ms)


def _post(hubs: Sequence[servers.Served]) -> list[load.Rate]:
    async def all_of_them() -> list[load.Rate]:
        share = CONNECTIONS // len(hubs)
        return await asyncio.gather(
            *(
                load.measure(
                    hub.url,
                    load.post("/update", hub.host, with_key=False),
                    connections=share,
                    seconds=SECONDS,
                )
                for hub in hubs
            )
        )

    rates = uvloop.run(all_of_them())
    if failures := sum(rate.failures for rate in rates):
        raise RuntimeError(f"expected no failures, got {failures}")
    return rates
