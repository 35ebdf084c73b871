"""Webhooks: the cost of a delivery, of a thousand endpoints to updates, of a dead one to others."""

import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from rich.console import Console

from bench import load, servers
from bench.row import Row, at_least, at_most
from hub.app import open_log
from hub.clock import SystemClock
from hub.model.endpoint import Endpoint
from hub.model.principal import ANONYMOUS
from hub.settings import Settings
from hub.webhooks.endpoint_secrets import EndpointSecrets
from hub.webhooks.ring_file import ring_of

ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = 32
EVENTS = 3_000
# More at a time make httpx slower: its pool looks at all of its connections again and again.
AT_ONCE = 8
MANY = 1_000
ENDPOINTS = 100
RATE = 50
LOOPBACK = {"WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8"}
HERE = Path(__file__).parent


def rows(folder: Path, console: Console) -> list[Row]:
    """Measure and return the rows of the table."""
    with _sink() as sink:
        return [
            *_cost(_inside(folder, "cost"), sink, console),
            _ingest(folder, sink, console),
            _fairness(folder, sink, console),
        ]


def _cost(folder: Path, sink: servers.Served, console: Console) -> list[Row]:
    """Send a backlog by `hub work`, and as many by httpx, in turns."""
    _add(folder, [_endpoint(0, f"{sink.url}/hook", concurrency=AT_ONCE)])
    rates: list[float] = []
    costs: list[float] = []
    for round_ in range(ROUNDS):
        with servers.hub(folder, HUB_WEBHOOKS="work", **LOOPBACK) as hub:
            _post(hub, EVENTS)
        hub_s, hub_cpu_s = _by_hub(folder, sink)
        bare_s, bare_cpu_s = _by_httpx(f"{sink.url}/hook")
        _told(sink)
        rates.append(bare_s / hub_s)
        costs.append(bare_cpu_s / hub_cpu_s)
        console.print(
            f"  round {round_ + 1}  hub work {EVENTS / hub_s:>7,.0f}/s "
            f"{hub_cpu_s / EVENTS * 1e6:.0f} us, httpx {EVENTS / bare_s:>7,.0f}/s "
            f"{bare_cpu_s / EVENTS * 1e6:.0f} us of CPU a delivery"
        )
    return [
        at_least("deliveries/s, of a bare httpx loop's", statistics.median(rates), 0.6),
        at_least("deliveries a second of CPU, of its", statistics.median(costs), 0.6),
    ]


def _by_hub(folder: Path, sink: servers.Served) -> tuple[float, float]:
    """Return the seconds from the first to the last delivery, and what all of them cost."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "work", "-o", "json"],
        env={**os.environ, "DATABASE_URL": f"sqlite:///{folder}/hub.db", **LOOPBACK},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    worker = servers.Served(process, 0)
    count, seconds = 0, 0.0
    before_s = worker.cpu_s()
    began_s = time.perf_counter()
    while count < EVENTS and time.perf_counter() - began_s < 120:
        time.sleep(0.05)
        told = _told(sink)
        count += told["count"]
        if told["count"]:
            seconds = time.perf_counter() - began_s
    cpu_s = worker.cpu_s() - before_s
    process.terminate()
    process.wait()
    process.stdout.close()
    if count != EVENTS:
        raise RuntimeError(f"expected {EVENTS} deliveries, got {count}")
    return seconds, cpu_s


def _by_httpx(url: str) -> tuple[float, float]:
    command = [sys.executable, str(HERE / "httpx_loop.py"), url, str(EVENTS), str(AT_ONCE)]
    done = subprocess.run(command, capture_output=True, check=True)
    seconds, cpu_s = json.loads(done.stdout)
    return float(seconds), float(cpu_s)


def _ingest(folder: Path, sink: servers.Served, console: Console) -> Row:
    """Take updates with a thousand endpoints that want each, and without any."""
    many = [_endpoint(n, f"{sink.url}/hook") for n in range(MANY)]
    _add(_inside(folder, "many"), many)
    with contextlib.ExitStack() as stack:
        hubs = {
            "none": stack.enter_context(servers.hub(_inside(folder, "none"), **LOOPBACK)),
            "a thousand": stack.enter_context(servers.hub(folder / "many", **LOOPBACK)),
        }
        ratios = []
        for round_ in range(ROUNDS):
            seen = {name: _rate(hub) for name, hub in hubs.items()}
            ratios.append(seen["a thousand"] / seen["none"])
            told = ", ".join(f"{name} {rate:,.0f}" for name, rate in seen.items())
            console.print(f"  round {round_ + 1}  updates/s by endpoints of their type: {told}")
    _told(sink)
    return at_least(f"updates/s with {MANY} endpoints, of those without", _median(ratios), 0.9)


def _fairness(folder: Path, sink: servers.Served, console: Console) -> Row:
    """Send to a hundred endpoints, of which one never answers, or all do."""
    tails: dict[str, list[float]] = {"all live": [], "one dead": []}
    for round_ in range(ROUNDS):
        for name, tail in tails.items():
            place = _inside(folder, f"{name.replace(' ', '-')}-{round_}")
            tail.append(_tail(place, sink, "/dead" if name == "one dead" else "/aged/0"))
        told = ", ".join(f"{name} {tail[-1]:.1f} ms" for name, tail in tails.items())
        console.print(f"  round {round_ + 1}  p99 from commit to receiver: {told}")
    live, dead = (_median(tail) for tail in tails.values())
    return at_most("healthy p99 with 1 dead of 100, of that without", dead / live, 1.5)


def _tail(folder: Path, sink: servers.Served, first: str) -> float:
    """Return the 99th percentile of the ages of events, of all endpoints but the first."""
    paths = [first, *(f"/aged/{n}" for n in range(1, ENDPOINTS))]
    _add(folder, [_narrow(n, sink.url + path) for n, path in enumerate(paths)])
    with servers.hub(folder, **LOOPBACK) as hub:
        _told(sink)
        uvloop.run(_trickle(hub))
        time.sleep(1.0)
    ages = _told(sink)["ages"]
    healthy = sorted(age for path, some in ages.items() if path != "/aged/0" for age in some)
    return float(healthy[len(healthy) * 99 // 100])


async def _trickle(hub: servers.Served) -> None:
    """Post at a steady rate, each update of a contract that one endpoint wants."""
    chance = random.Random(1)  # noqa: S311 the same order each time
    reader, writer = await asyncio.open_connection(*hub.host.split(":"))
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for number in range(int(RATE * SECONDS * 2)):
        contract = chance.randrange(ENDPOINTS)
        body = (
            f'{{"contract_id":"c-{contract}","location":"Mumbai","status":"active",'
            '"timestamp":"2024-01-01T12:00:00"}'
        )
        writer.write(load.request("/update", hub.host, body.encode()))
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(load._length(head))
        await asyncio.sleep(max(0.0, began_s + number / RATE - loop.time()))
    writer.close()


def _post(hub: servers.Served, count: int) -> None:
    """Post so many updates."""

    async def post() -> None:
        reader, writer = await asyncio.open_connection(*hub.host.split(":"))
        make = load.post("/update", hub.host, with_key=False)
        for number in range(count):
            writer.write(make(number))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(load._length(head))
        writer.close()

    uvloop.run(post())


def _rate(hub: servers.Served) -> float:
    make = load.post("/update", hub.host, with_key=False)
    found = uvloop.run(load.measure(hub.url, make, connections=CONNECTIONS, seconds=SECONDS))
    if found.failures:
        raise RuntimeError(f"expected no failures, got {found.failures}")
    return found.per_second


def _endpoint(number: int, url: str, **fields: Any) -> Endpoint:
    at_us = time.time_ns() // 1000
    return Endpoint(
        id=f"ep_{number:04}",
        reader=ANONYMOUS,
        url=url,
        event_types=("contract_update",),
        created_at_us=at_us,
        updated_at_us=at_us,
        **fields,
    )


def _narrow(number: int, url: str) -> Endpoint:
    return _endpoint(number, url, where=json.dumps({"contract_id": f"c-{number}"}))


def _add(folder: Path, endpoints: list[Endpoint]) -> None:
    """Put endpoints into the data file of a hub that does not run."""

    async def add() -> None:
        settings = Settings(database_url=f"sqlite:///{folder}/hub.db")
        secrets = EndpointSecrets(ring_of(settings))
        log = open_log(settings, SystemClock())
        await log.open()
        for endpoint in endpoints:
            key = secrets.new_key(endpoint.id, "v1", endpoint.created_at_us).key
            await log.webhooks.add_endpoint(msgspec.structs.replace(endpoint, keys=(key,)))
        await log.close()

    asyncio.run(add())


def _told(sink: servers.Served) -> Mapping[str, Any]:
    with urllib.request.urlopen(f"{sink.url}/told") as answer:  # noqa: S310 our own
        told: Mapping[str, Any] = json.loads(answer.read())
    return told


def _inside(folder: Path, name: str) -> Path:
    inside = folder / name
    inside.mkdir(exist_ok=True)
    return inside


def _median(values: list[float]) -> float:
    return float(statistics.median(values))


@contextlib.contextmanager
def _sink() -> Iterator[servers.Served]:
    with servers.other("sink.py") as sink:
        yield sink
