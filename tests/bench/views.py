"""Filters and conflation: what a view costs the hub, beside plain subscriptions of the same run."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from bench.row import Row, at_most
from hub.bench.asking import ask
from hub.bench.frames import Counter, Splitter, sharing
from hub.bench.listener import Listener
from hub.bench.load import Target
from hub.bench.processes import Processes, serving
from hub.bench.rival import fresh_hub
from hub.bench.run import run
from hub.cli.listening import raise_open_files

ROUNDS = 3
CLIENTS = 1_000
FILTERS = 50
RATE = 100
SECONDS = 5.0
MAX_COST = 1.5

HZ = 20
ENTITIES = 100
UPDATES_PER_S = 5_000
AT_ONCE = 50
WARM_S, HOLD_S = 5.0, 20.0
MAX_GROWTH = 1.1
FILL = 250_000
CHANNEL = "bench"
View = Callable[[int], dict[str, Any]]


class Viewer(Listener):
    """A subscriber that asks for a view once it is welcomed."""

    def __init__(self, target: Target, counter: Counter, view: dict[str, Any]) -> None:
        super().__init__(target, counter)
        self._view = view
        self._asked = False

    def data_received(self, data: bytes) -> None:
        """Ask after the welcome; the reply is the second text."""
        if self._head is not None:
            data = self._open(data)
        self.take(data)
        if self.counter.texts and not self._asked:
            self._asked = True
            command = {"type": "subscribe", "channel": CHANNEL, **self._view}
            self._transport.write(_text(json.dumps(command).encode()))
        elif self.counter.texts > 1 and not self.ready.done():
            self.ready.set_result(None)


class Painter(Viewer):
    """A subscriber that keeps the newest number of each entity."""

    def __init__(self, target: Target, counter: Counter, view: dict[str, Any]) -> None:
        super().__init__(target, counter, view)
        self._splitter = Splitter()
        self.newest: dict[int, int] = {}

    def take(self, data: bytes) -> None:
        """Read frames."""
        super().take(data)
        for frame in self._splitter.feed(data):
            event = json.loads(frame.payload) if frame.first == 0x81 else {}
            if event.get("type") == "bench":
                self.newest[event["data"]["k"]] = event["data"]["n"]


def rows(folder: Path, console: Console) -> list[Row]:
    """Measure and return the rows of the table."""
    raise_open_files()
    with fresh_hub(folder / "filters") as url:
        target = ask(url, CHANNEL)._replace(subscribe="/ws?channels=")
        ratio = run(_filters(target, url, console))
    with fresh_hub(folder / "conflated") as url:
        target = ask(url, CHANNEL)._replace(subscribe="/ws?channels=")
        growth, missing = run(_conflated(target, url, console))
    return [
        at_most(f"{FILTERS} filters: CPU a delivery, of none's", ratio, MAX_COST),
        at_most(f"{HZ} Hz of {UPDATES_PER_S:,}/s: memory after, of before", growth, MAX_GROWTH),
        Row("the same: latest states not reached", f"{missing}", "0", holds=missing == 0),
    ]


async def _filters(target: Target, url: str, console: Console) -> float:
    """Return the cost with filters that let the same events through, of the cost without."""
    server = _server(target)
    views: dict[str, View] = {
        "no filter": lambda _: {},
        f"{FILTERS} filters": lambda n: {"where": {"all": ["x", f"y{n % FILTERS}"]}},
    }
    costs: dict[str, list[float]] = {name: [] for name in views}
    for round_ in range(ROUNDS):
        for name, view in views.items():
            viewers = await _come(target, [view(n) for n in range(CLIENTS)])
            before = server.cpu_s()
            count = await _post(url, _matching, RATE, SECONDS)
            await _settled(viewers, count)
            costs[name].append((server.cpu_s() - before) / (count * CLIENTS) * 1e6)
            await _leave(viewers)
        told = ", ".join(f"{name} {cost[-1]:.2f} us" for name, cost in costs.items())
        console.print(f"  round {round_ + 1}  CPU a delivery: {told}")
    plain, filtered = (statistics.median(cost) for cost in costs.values())
    return filtered / plain


def _matching(_: int) -> list[dict[str, Any]]:
    return [{"type": "bench", "data": {"all": "x", "pad": "x" * 150}}]


async def _conflated(target: Target, url: str, console: Console) -> tuple[float, int]:
    """Return how the server's memory grew, and how many newest states somebody did not reach."""
    server = _server(target)
    view = {"conflate": {"key": "k", "max_hz": HZ}}
    seen = sharing()
    painters = [Painter(target, Counter(seen), view) for _ in range(10)]
    viewers = await _come(target, [view] * 190, painters)
    numbers = iter(range(1 << 60))

    def batch(_: int) -> list[dict[str, Any]]:
        found = [next(numbers) for _ in range(AT_ONCE)]
        return [{"type": "bench", "data": {"k": n % ENTITIES, "n": n}} for n in found]

    await _fill(url)
    rate = UPDATES_PER_S / AT_ONCE
    await _post(url, batch, rate, WARM_S)
    before = server.memory_bytes()
    await _post(url, batch, rate, HOLD_S)
    growth = server.memory_bytes() / before
    await asyncio.sleep(1)
    last = next(numbers)
    newest = {n % ENTITIES: n for n in range(last - ENTITIES, last)}
    missing = sum(painter.newest != newest for painter in painters)
    frames = statistics.mean(painter.counter.whole for painter in painters)
    console.print(f"  {last:,} updates, {frames:,.0f} events a client, memory x{growth:.2f}")
    await _leave(viewers)
    return growth, missing


async def _come(
    target: Target, views: Sequence[dict[str, Any]], painters: Sequence[Viewer] = ()
) -> list[Viewer]:
    seen = sharing()
    viewers = [*painters, *(Viewer(target, Counter(seen), view) for view in views)]
    loop = asyncio.get_running_loop()
    for viewer in viewers:
        await loop.create_connection(partial(_itself, viewer), target.host, target.port)
        await viewer.ready
    return viewers


async def _fill(url: str) -> None:
    """Let SQLite's cache fill first: 64 MiB of pages, whoever writes them."""
    events = [{"type": "fill", "data": {"pad": "x" * 250}}] * 100
    async with httpx.AsyncClient(base_url=url) as http:
        for _ in range(FILL // 100):
            (await http.post("/api/channels/fill/events", json=events)).raise_for_status()


def _itself(viewer: Viewer) -> Viewer:
    return viewer


async def _leave(viewers: Sequence[Viewer]) -> None:
    for viewer in viewers:
        viewer.leave()
    await asyncio.sleep(0.5)


async def _post(
    url: str, make: Callable[[int], list[dict[str, Any]]], rate: float, seconds: float
) -> int:
    """Post lists of events at a rate; return how many events were taken."""
    count, began = 0, time.monotonic()
    async with httpx.AsyncClient(base_url=url) as http:
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0, began + number / rate - time.monotonic()))
            answer = await http.post(f"/api/channels/{CHANNEL}/events", json=make(number))
            count += len(answer.raise_for_status().json()["ids"])
    return count


async def _settled(viewers: Sequence[Viewer], count: int) -> None:
    end = time.monotonic() + 30
    while any(viewer.counter.whole < count for viewer in viewers):
        if time.monotonic() > end:
            raise RuntimeError(f"expected {count} events for everybody within 30 s")
        await asyncio.sleep(0.05)


def _text(payload: bytes) -> bytes:
    """Return a client's text frame of less than 64 KiB; the mask of zeros changes nothing."""
    return b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload


def _server(target: Target) -> Processes:
    server = serving(target.host, target.port)
    if isinstance(server, str):
        raise RuntimeError(f"expected a server of this machine, got {server}")  # noqa: TRY004
    return server
