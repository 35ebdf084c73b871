"""`make soak`: a million events, and minutes of clients that come and go: memory stays flat.

SQLite's cache fills first (64 MiB); what is measured is what comes after. MINUTES and EVENTS change
the length.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from hub.bench.processes import Processes, serving
from hub.bench.rival import fresh_hub
from hub.cli.listening import raise_open_files

MINUTES = float(os.environ.get("MINUTES", "10"))
EVENTS = int(os.environ.get("EVENTS", "1000000"))
CLIENTS = 200
AT_ONCE = 100
WARM_S = 30.0
TELL_S = 10.0
MAX_GROWTH = 1.15
_VIEWS: tuple[dict[str, Any], ...] = (
    {},
    {"history": 50},
    {"where": {"k": [1, 2, 3]}},
    {"conflate": {"key": "k", "max_hz": 20}},
    {"where": {"k": [4]}, "conflate": {"key": "k", "max_hz": 5}},
)

console = Console(highlight=False)


def main() -> int:
    """Fill, then churn; say by the exit code whether memory stayed flat."""
    raise_open_files()
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd()) as folder,
        fresh_hub(Path(folder) / "hub") as url,
    ):
        return asyncio.run(_soak(url))


async def _soak(url: str) -> int:
    host, _, port = url.rpartition("//")[2].partition(":")
    server = serving(host, int(port))
    assert isinstance(server, Processes), server
    filled = await _fill(url, server)
    churned = await _churn(url, server)
    console.print(f"memory: {EVENTS:,} events x{filled:.2f}, {MINUTES:g} minutes x{churned:.2f}")
    return 0 if max(churned, filled) <= MAX_GROWTH else 1


async def _churn(url: str, server: Processes) -> float:
    """Return the memory at the end, of that after the beginning."""
    end = time.monotonic() + 60 * MINUTES
    clients = [asyncio.create_task(_client(url, end, seed)) for seed in range(CLIENTS)]
    poster = asyncio.create_task(_post(url, end))
    await asyncio.sleep(min(WARM_S, 30 * MINUTES))
    before = server.memory_bytes()
    while (left := end - time.monotonic()) > 0:
        console.print(f"  {left:5.0f} s left  {server.memory_bytes() / 2**20:,.1f} MiB")
        await asyncio.sleep(min(TELL_S, left))
    lives = sum(await asyncio.gather(*clients))
    console.print(f"  {lives:,} connections, {await poster:,} events")
    return server.memory_bytes() / before


async def _client(url: str, end: float, seed: int) -> int:
    """Come, follow with some view, read or stall for a while, and go; over and over."""
    chance = random.Random(seed)  # noqa: S311 no secret
    lives = 0
    while time.monotonic() < end:
        lives += 1
        packed = chance.random() < 0.2
        subprotocols = ["hub.v1.msgpack"] if packed else None
        query = "" if packed else "?channels="
        try:
            async with (
                asyncio.timeout(chance.uniform(0.5, 5)),
                connect(
                    f"{url.replace('http', 'ws')}/ws{query}",
                    subprotocols=subprotocols,  # type: ignore[arg-type]
                    proxy=None,
                    close_timeout=1,
                ) as socket,
            ):
                if not packed:
                    await socket.send(_subscribe(chance.choice(_VIEWS)))
                if chance.random() < 0.2:
                    await asyncio.sleep(5)
                async for _ in socket:
                    pass
        except (TimeoutError, ConnectionClosed, OSError):
            continue
    return lives


def _subscribe(view: dict[str, Any]) -> str:
    return json.dumps({"type": "subscribe", "channel": "soak", **view})


async def _post(url: str, end: float) -> int:
    count = 0
    async with httpx.AsyncClient(base_url=url) as http:
        while time.monotonic() < end:
            count += await _send(http, count)
            await asyncio.sleep(0.1)
    return count


async def _fill(url: str, server: Processes) -> float:
    """Return the memory after all events, of that after half of them."""
    count, before = 0, 0
    async with httpx.AsyncClient(base_url=url) as http:
        while count < EVENTS:
            count += await _send(http, count)
            if not before and count >= EVENTS // 2:
                before = server.memory_bytes()
            if count % max(AT_ONCE, EVENTS // 10) < AT_ONCE:
                console.print(f"  {count:,} events  {server.memory_bytes() / 2**20:,.1f} MiB")
    return server.memory_bytes() / before


async def _send(http: httpx.AsyncClient, first: int) -> int:
    events = [
        {"type": "soaked", "data": {"k": n % 50, "n": n, "pad": "x" * 150}}
        for n in range(first, first + AT_ONCE)
    ]
    answer = await http.post("/api/channels/soak/events", json=events)
    answer.raise_for_status()
    return AT_ONCE


if __name__ == "__main__":
    sys.exit(main())
