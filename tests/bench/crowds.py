"""Ten thousand connections: what each holds, what it costs to let in, what its heartbeats cost."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console

from bench.calm import calmly
from bench.row import Row, at_most, skipped
from hub.bench.asking import ask
from hub.bench.crowd import Crowd, gathered
from hub.bench.load import Target
from hub.bench.processes import Processes, serving
from hub.bench.rival import Rival, fresh_hub, rivals, started
from hub.bench.run import run
from hub.cli.listening import raise_open_files

CONNECTIONS = 10_000
ROUNDS = 3
CHANNEL = "bench"
MAX_KIB = 8.0
MAX_ACCEPT = 0.3
MAX_HEARTBEAT = 2.0
# A ping round comes soon; what it leaves behind is the same as at 25 s.
SOON = {"HUB_HEARTBEAT_S": "5"}
BEAT_S = 25.0
PATIENCE_S = 120.0


def rows(folder: Path, console: Console) -> list[Row]:
    """Measure and return the rows of the table."""
    files = raise_open_files()
    if files < CONNECTIONS + 500:
        why = f"{CONNECTIONS:,} connections need more than the {files:,} open files of this host"
        return [skipped(f"{CONNECTIONS:,} connections", "-", why)]
    with fresh_hub(folder / "pinged", SOON) as url:
        kib = run(_memory(ask(url, CHANNEL))) / 1024
    console.print(f"  {kib:.1f} KiB a connection, after a ping round")
    ratio = _accepting(folder, console)
    (beating,) = calmly({"heartbeats": lambda: _beating(folder)}, 1, console).values()
    ((rest, busy),) = beating
    share = busy - rest
    console.print(f"  {share:.2f} % of a core for heartbeats, beside {rest:.2f} % at rest")
    return [
        at_most(f"memory a connection, of {CONNECTIONS:,}", kib, MAX_KIB, " KiB"),
        at_most("CPU of accepting one, of uvicorn and Starlette's", ratio, MAX_ACCEPT),
        at_most(f"heartbeats of {CONNECTIONS:,}, of a core", share, MAX_HEARTBEAT, " %"),
    ]


def _accepting(folder: Path, console: Console) -> float:
    (starlette,) = (each for each in rivals() if each.name == "starlette loop")
    # Fresh each time: what a server keeps of those that left would make the next ones cheap.
    seen = calmly(
        {
            "accepting, hub": lambda: _hub_accepts(folder),
            f"accepting, {starlette.name}": lambda: _rival_accepts(starlette, folder),
        },
        ROUNDS,
        console,
    )
    ours, theirs = (statistics.median(costs) for costs in seen.values())
    return ours / theirs


def _hub_accepts(folder: Path) -> float:
    """Return the microseconds of processor time that a client costs the hub."""
    with fresh_hub(_new(folder)) as url:
        return round(run(_accept(ask(url, CHANNEL))), 1)


def _rival_accepts(rival: Rival, folder: Path) -> float:
    with started(rival, _new(folder)) as target:
        return round(run(_accept(target)), 1)


def _beating(folder: Path) -> tuple[float, float]:
    """Return the shares of a core, in percent: at rest, and with the crowd."""
    with fresh_hub(_new(folder)) as url:
        rest, busy = run(_heartbeats(ask(url, CHANNEL)))
    return round(rest * 100, 2), round(busy * 100, 2)


def _new(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=folder)) / "files"


async def _accept(target: Target) -> float:
    server = _server(target)
    before = server.cpu_s()
    async with gathered(target, CONNECTIONS):
        return (server.cpu_s() - before) / CONNECTIONS * 1e6


async def _memory(target: Target) -> float:
    server = _server(target)
    before = server.memory_bytes()
    async with gathered(target, CONNECTIONS) as crowd:
        await _all_pinged(crowd)
        return (server.memory_bytes() - before) / CONNECTIONS


async def _heartbeats(target: Target) -> tuple[float, float]:
    """Return the share of a core that the hub takes at rest, and with its crowd."""
    server = _server(target)
    rest = await _share(server, BEAT_S)
    async with gathered(target, CONNECTIONS) as crowd:
        await asyncio.sleep(1)
        # Two rounds for everybody, whenever each came in.
        busy = await _share(server, 2 * BEAT_S)
        if min(each.pings for each in crowd.listeners) < 1:
            raise RuntimeError("expected a ping for everybody, got none for some")
        return rest, busy


async def _share(server: Processes, seconds: float) -> float:
    before, began = server.cpu_s(), time.monotonic()
    await asyncio.sleep(seconds)
    return (server.cpu_s() - before) / (time.monotonic() - began)


async def _all_pinged(crowd: Crowd) -> None:
    end = time.monotonic() + PATIENCE_S
    while any(not each.pings for each in crowd.listeners):
        if time.monotonic() > end:
            raise RuntimeError(f"expected a ping for everybody within {PATIENCE_S:g} s")
        await asyncio.sleep(0.1)


def _server(target: Target) -> Processes:
    server = serving(target.host, target.port)
    if isinstance(server, str):
        raise RuntimeError(f"expected a server of this machine, got {server}")  # noqa: TRY004
    return server
