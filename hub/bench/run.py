"""One load on one server, from the first connection to the report."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, TypeVar

from hub.bench.crowd import Crowd, gathered
from hub.bench.load import Load, Target
from hub.bench.order import latency
from hub.bench.poster import Poster, data_bytes
from hub.bench.processes import Processes, serving
from hub.bench.result import Result, Usage
from hub.bench.stolen import Stolen
from hub.errors import Unavailable

T = TypeVar("T")
# After the last connection stands: what the server still does for it is not the load's cost.
_CALM_S = 0.5
_TELL_S = 0.2
LAST_ANSWER_S = 10.0
# What the marks of an event need: two numbers, a time, and the names of all.
_LEAST_DATA = 64


class Progress(NamedTuple):
    """Where a run is: its phase, how much of it is done, and of how much."""

    phase: str
    done: float
    total: float


Tell = Callable[[Progress], None]


class _Posted(NamedTuple):
    counts: Sequence[int]
    failures: list[str]
    seconds: float
    cpu_s: float
    client_cpu_s: float
    stolen: float


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run on the fastest loop there is."""
    try:
        import uvloop  # noqa: PLC0415 not on every system
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def measure(target: Target, load: Load, tell: Tell = lambda _: None) -> Result:
    """Put a load on a server, and report.

    Raises:
        Unavailable: Connections were not let in.
    """
    server = serving(target.host, target.port)
    before = _look(server)
    started = time.monotonic()
    phase = Progress("connecting", 0, load.connections)
    async with gathered(
        target, load.connections, lambda count: tell(phase._replace(done=count))
    ) as crowd:
        connect_s = time.monotonic() - started
        await asyncio.sleep(_CALM_S)
        standing = _look(server)
        # What stands stays: a collection of it would look like a slow server.
        gc.collect()
        gc.freeze()
        try:
            posted = await _publish(target, load, crowd, server, tell)
        finally:
            gc.unfreeze()
        return _report(target, load, crowd, posted, server, (connect_s, before, standing))


def check(target: Target, load: Load) -> None:
    """Say whether an event fits into its frame.

    Raises:
        ValueError: It does not.
    """
    least = load.size - data_bytes(target, load.size) + _LEAST_DATA
    if load.size < least:
        raise ValueError(f"size: expected at least {least} bytes a frame, got {load.size}")


class _Seen(NamedTuple):
    cpu_s: float
    memory_bytes: int


def _look(server: Processes | str) -> _Seen:
    if isinstance(server, str):
        return _Seen(0, 0)
    return _Seen(server.cpu_s(), server.memory_bytes())


async def _publish(
    target: Target, load: Load, crowd: Crowd, server: Processes | str, tell: Tell
) -> _Posted:
    cpu, client_cpu, began = _look(server).cpu_s, time.process_time(), time.monotonic()
    stolen = Stolen()
    # A moment ahead, so that all begin together.
    begin = began + 0.1
    posters = [Poster(target, load, number, begin) for number in range(load.publishers)]
    telling = asyncio.create_task(_tell_time(load, begin, tell))
    try:
        await _connect(posters)
        await asyncio.wait([each.done for each in posters], timeout=load.duration + LAST_ANSWER_S)
    finally:
        telling.cancel()
        for each in posters:
            each.give_up()
    counts = [each.answered for each in posters]
    tell(Progress("waiting for the last events", 0, 0))
    last = await crowd.settle(sum(counts))
    return _Posted(
        counts,
        [each.failure for each in posters if each.failure],
        last - begin,
        _look(server).cpu_s - cpu,
        time.process_time() - client_cpu,
        stolen.share(),
    )


async def _connect(posters: Sequence[Poster]) -> None:
    for each in posters:
        try:
            await each.connect()
        except OSError as error:
            raise Unavailable(f"a publisher could not connect: {error}") from error


async def _tell_time(load: Load, begin: float, tell: Tell) -> None:
    while True:
        passed = time.monotonic() - begin
        tell(Progress("publishing", max(0.0, min(passed, load.duration)), load.duration))
        await asyncio.sleep(_TELL_S)


def _report(
    target: Target,
    load: Load,
    crowd: Crowd,
    posted: _Posted,
    server: Processes | str,
    stood: tuple[float, _Seen, _Seen],
) -> Result:
    connect_s, before, standing = stood
    events, deliveries = sum(posted.counts), crowd.delivered
    duplicated, reordered = crowd.order()
    seconds = max(posted.seconds, 0.001)
    usage = None
    if not isinstance(server, str):
        usage = Usage(
            accept_cpu_us=round((standing.cpu_s - before.cpu_s) / load.connections * 1e6, 1),
            delivery_cpu_us=round(posted.cpu_s / max(1, deliveries) * 1e6, 3),
            cores=round(posted.cpu_s / seconds, 3),
            memory_bytes=server.memory_bytes(),
            connection_bytes=round(
                (standing.memory_bytes - before.memory_bytes) / load.connections
            ),
        )
    return Result(
        server=target.name,
        connections=load.connections,
        publishers=load.publishers,
        rate=load.rate,
        frame_bytes=load.size,
        seconds=round(seconds, 3),
        connect_s=round(connect_s, 3),
        events=events,
        events_per_s=round(events / seconds, 1),
        deliveries=deliveries,
        deliveries_per_s=round(deliveries / seconds, 1),
        latency_ms=latency(crowd.took_ns()),
        sampled=len(crowd.sampled),
        lost=crowd.lost(posted.counts),
        surplus=crowd.surplus(posted.counts),
        duplicated=duplicated,
        reordered=reordered,
        ended=crowd.ended(),
        failures=posted.failures,
        usage=usage,
        unknown=server if isinstance(server, str) else "",
        client_cores=round(posted.client_cpu_s / seconds, 2),
        stolen=round(posted.stolen, 3),
    )
