"""The dashboard under load: 2,000 contracts and 200 events a second, in Debian's Chromium.

A browser's figures are of the machine as much as of the page, so each view is also watched while
nothing comes; hub, load and browser share the machine. Times are those of the page's own thread:
frames as `requestAnimationFrame` sees them, tasks of more than 50 ms, and from a key or a press to
the frame in which it was drawn. `python -m bench dashboard` measures only this.
"""

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import Browser, Page, async_playwright
from rich.console import Console

from bench import servers
from bench.row import Row, at_most
from support.browser import launch

CITIES = ("Chennai", "Mumbai", "Bengaluru", "Hyderabad")
CONTRACTS = 2_000
RATE = 200
SECONDS = 60.0
AT_ONCE = 8
# What somebody does to each view while it is watched: keys into a field, presses of buttons.
VIEWS = {
    "": (),
    "contracts": ("search", "sort"),
    "inspect": ("search", "rows"),
    "throughput": (),
}
IDLE_S = 8.0
# Floors, of the worst view under load.
BUSY = 0.50
LONG_SHARE = 0.10
FRAME_MS = 50.0
PAINT_MS = 200.0
# The inspector keeps 2,000 events: after that it grows no more.
GROWTH = 2.0

_WATCH = """
window.seen = { frames: [], tasks: [], paints: [] };
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) seen.tasks.push(task.duration);
}).observe({ type: "longtask" });
let last = performance.now();
const frame = (now) => { seen.frames.push(now - last); last = now; requestAnimationFrame(frame); };
requestAnimationFrame(frame);
// From the press to the frame after the one that it was drawn in.
const pressed = ({ timeStamp }) =>
  requestAnimationFrame(() => setTimeout(() => seen.paints.push(performance.now() - timeStamp)));
for (const name of ["keydown", "pointerdown"]) addEventListener(name, pressed, { capture: true });
"""


class Seen(NamedTuple):
    """How a page fared: milliseconds, but for the shares."""

    frame_p50: float
    frame_p95: float
    frame_max: float
    long_tasks: int
    long_share: float
    paint_p95: float
    paint_max: float
    busy: float
    heap_before: float
    heap_after: float


async def measure(page: Page, acts: tuple[str, ...], seconds: float) -> Seen:
    """Watch a page for so long, and press what a user would."""
    tools = await page.context.new_cdp_session(page)
    # Of the thread, not of the clock: what else runs on the machine is not in it.
    await tools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, busy = await _heap(tools), await _busy(tools)
    await page.evaluate("Object.assign(seen, { frames: [], tasks: [], paints: [] })")
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        for act in acts:
            await ACTS[act](page)
        await asyncio.sleep(0.5)
    seen = await page.evaluate("seen")
    took = (time.monotonic() - began) * 1000
    busy = await _busy(tools) - busy
    after = await _heap(tools)
    frames, paints = sorted(seen["frames"][1:]), sorted(seen["paints"]) or [0.0]
    return Seen(
        statistics.median(frames),
        frames[len(frames) * 95 // 100],
        frames[-1],
        len(seen["tasks"]),
        sum(seen["tasks"]) / took,
        paints[len(paints) * 95 // 100],
        paints[-1],
        busy * 1000 / took,
        before,
        after,
    )


async def _search(page: Page) -> None:
    field = page.locator("main input[type=search]")
    await field.press_sequentially("c-1", delay=60)
    for _ in range(3):
        await field.press("Backspace")


async def _sort(page: Page) -> None:
    for name in ("contract", "city", "contract"):
        await page.locator("thead button", has_text=name).click()


async def _rows(page: Page) -> None:
    await page.locator(".log .what button").nth(3).click(force=True)
    await page.locator(".scroll.tall").evaluate("box => box.scrollTo(0, 900)")
    await page.locator(".scroll.tall").evaluate("box => box.scrollTo(0, 0)")


ACTS = {"search": _search, "sort": _sort, "rows": _rows}


async def _heap(tools: Any) -> float:
    await tools.send("HeapProfiler.collectGarbage")
    return float((await tools.send("Runtime.getHeapUsage"))["usedSize"])


async def _busy(tools: Any) -> float:
    """Return the processor time of the page's tasks, in seconds."""
    told = (await tools.send("Performance.getMetrics"))["metrics"]
    return float(next(one["value"] for one in told if one["name"] == "TaskDuration"))


@contextlib.asynccontextmanager
async def opened(browser: Browser, address: str) -> AsyncIterator[Page]:
    """Open a view in a profile of its own."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    await page.goto(address)
    await page.locator("hub-badge.connected").wait_for()
    await asyncio.sleep(3)
    yield page
    await context.close()


class Lines:
    """Posts updates over a few connections, as cheaply as can be: the browser needs the machine."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._numbers = iter(range(1 << 60))
        self.posted = 0

    async def fill(self) -> None:
        """Tell of every contract once."""
        await asyncio.gather(*(self._line(CONTRACTS // AT_ONCE) for _ in range(AT_ONCE)))

    async def load(self, stop: asyncio.Event) -> None:
        """Post at the rate until it is to stop; late, where it must be."""
        lines = (self._line(1 << 60, stop, AT_ONCE / RATE) for _ in range(AT_ONCE))
        await asyncio.gather(*lines)

    async def _line(
        self, count: int, stop: asyncio.Event | None = None, every_s: float = 0.0
    ) -> None:
        name, _, port = self._host.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port))
        began, posted = time.monotonic(), 0
        while posted < count and not (stop and stop.is_set()):
            writer.write(self._request(next(self._numbers)))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"expected 200, got {head!r}")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length))
            posted += 1
            self.posted += 1
            await asyncio.sleep(max(0.0, began + posted * every_s - time.monotonic()))
        writer.close()

    def _request(self, number: int) -> bytes:
        entity = number % CONTRACTS
        body = {
            "contract_id": f"c-{entity:04d}",
            "location": CITIES[entity % len(CITIES)],
            "status": "active" if (number // CONTRACTS + entity) % 2 else "inactive",
            "timestamp": "2026-11-21T12:00:00",
        }
        text = json.dumps(body).encode()
        head = f"POST /update HTTP/1.1\r\nhost: {self._host}\r\ncontent-length: {len(text)}\r\n"
        return head.encode() + b"content-type: application/json\r\n\r\n" + text


async def watch(hub: servers.Served, console: Console, seconds: float) -> dict[str, Seen]:
    """Return how each view fares under load; how it does while it is idle is only told."""
    found: dict[str, Seen] = {}
    lines = Lines(hub.host)
    async with (
        async_playwright() as playwright,
        launch(playwright) as browser,
    ):
        await lines.fill()
        for view, acts in VIEWS.items():
            async with opened(browser, f"{hub.url}/#/{view}") as page:
                _tell(console, view, 0, await measure(page, acts, min(IDLE_S, seconds)))
            stop = asyncio.Event()
            work = asyncio.create_task(lines.load(stop))
            async with opened(browser, f"{hub.url}/#/{view}") as page:
                began, had = time.monotonic(), lines.posted
                found[view] = await measure(page, acts, seconds)
                rate = (lines.posted - had) / (time.monotonic() - began)
            stop.set()
            await work
            _tell(console, view, rate, found[view])
    return found


def _tell(console: Console, view: str, rate: float, seen: Seen) -> None:
    console.print(
        f"  {view or 'overview':<11}{rate:>4.0f}/s  frames p50 {seen.frame_p50:.0f} p95"
        f" {seen.frame_p95:.0f} most {seen.frame_max:.0f} ms  {seen.long_tasks} long tasks,"
        f" {seen.long_share:.1%} of the time  press to paint p95 {seen.paint_p95:.0f} most"
        f" {seen.paint_max:.0f} ms  busy {seen.busy:.0%}"
        f"  heap {seen.heap_before / 1e6:.1f} to {seen.heap_after / 1e6:.1f} MB"
    )


def rows(folder: Path, console: Console, seconds: float = SECONDS) -> list[Row]:
    """Measure and return the rows of the table."""
    with servers.hub(folder) as hub:
        seen = asyncio.run(watch(hub, console, seconds)).values()
    what = f"dashboard, {CONTRACTS:,} contracts and {RATE}/s, the worst view:"
    return [
        at_most(f"{what} CPU of its thread, of a core", max(s.busy for s in seen), BUSY),
        at_most(f"{what} long tasks, of the time", max(s.long_share for s in seen), LONG_SHARE),
        at_most(f"{what} 95 of 100 frames", max(s.frame_p95 for s in seen), FRAME_MS, " ms"),
        at_most(f"{what} press to paint, p95", max(s.paint_p95 for s in seen), PAINT_MS, " ms"),
        at_most(
            f"{what} heap after {seconds:.0f} s, of before",
            max(s.heap_after / s.heap_before for s in seen),
            GROWTH,
        ),
    ]
