"""All subscribers of one load: they come in together, and are counted together."""

import asyncio
import contextlib
import ipaddress
import time
from array import array
from collections import Counter as Tally
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from hub.bench.frames import Counter, sharing
from hub.bench.listener import Listener, Sampled
from hub.bench.load import Target
from hub.errors import Unavailable

SAMPLE = 16
# Connecting at once: less than the backlog of any server.
_AT_ONCE = 100
# Linux gives one source address 28,232 ports towards one server.
PORTS = 25_000
_PATIENCE_S = 30.0
# How long nothing has to come until what has not come is lost.
QUIET_S = 5.0
_LOOK_S = 0.05


class Crowd:
    """Subscribers that stand.

    Attributes:
        listeners: All of them.
        sampled: Those among them that read every event.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self.listeners = listeners
        self.sampled = [each for each in listeners if isinstance(each, Sampled)]

    @property
    def delivered(self) -> int:
        """Events that came, over all."""
        return sum(each.counter.whole for each in self.listeners)

    def lost(self, posted: Sequence[int]) -> int:
        """Return how many deliveries never came."""
        events = sum(posted)
        counted = sum(
            max(0, events - each.counter.whole)
            for each in self.listeners
            if not isinstance(each, Sampled)
        )
        return counted + sum(each.lost(posted) for each in self.sampled)

    def surplus(self, posted: Sequence[int]) -> int:
        """Return how many deliveries came that nobody had asked for."""
        events = sum(posted)
        return sum(max(0, each.counter.whole - events) for each in self.listeners)

    def order(self) -> tuple[int, int]:
        """Return how many events came twice, and how many out of order, to the sample."""
        orders = [order for each in self.sampled for order in each.orders.values()]
        return sum(each.duplicated for each in orders), sum(each.reordered for each in orders)

    def took_ns(self) -> Sequence[int]:
        """Return the latencies of the sample."""
        took = array("q")
        for each in self.sampled:
            took.extend(each.took_ns)
        return took

    def ended(self) -> dict[int, int]:
        """Return how many the server has ended, by close code."""
        return dict(Tally(each.ended for each in self.listeners if each.ended is not None))

    async def settle(self, events: int) -> float:
        """Wait until everybody has so many, or nothing comes any more.

        Returns:
            The monotonic time of the last arrival that was seen, to 50 ms.
        """
        last, seen = time.monotonic(), -1
        while True:
            delivered = self.delivered
            if delivered != seen:
                last, seen = time.monotonic(), delivered
            waited_for = any(
                each.ended is None and each.counter.whole < events for each in self.listeners
            )
            enough = not waited_for or time.monotonic() - last > QUIET_S
            # Also then: what comes too often comes now, and the ends of connections.
            await asyncio.sleep(_LOOK_S)
            if enough:
                return last


@contextlib.asynccontextmanager
async def gathered(
    target: Target, count: int, tell: Callable[[int], None] = lambda _: None
) -> AsyncIterator[Crowd]:
    """Let so many subscribers come in; they leave at the end.

    Args:
        target: Where.
        count: How many.
        tell: Is told how many stand.

    Raises:
        Unavailable: One of them was not let in.
    """
    listeners: list[Listener] = []
    try:
        seen = sharing()
        every = max(1, count // SAMPLE)
        while len(listeners) < count:
            numbers = range(len(listeners), min(count, len(listeners) + _AT_ONCE))
            group = [
                (Sampled if number % every == 0 else Listener)(target, Counter(seen))
                for number in numbers
            ]
            listeners += group
            await _connect(target, group, numbers, count)
            tell(len(listeners))
        yield Crowd(listeners)
    finally:
        for each in listeners:
            each.leave()
        # The loop closes them in its next turns, before anybody counts their files again.
        await asyncio.sleep(_LOOK_S)


async def _connect(target: Target, group: Sequence[Listener], numbers: range, count: int) -> None:
    loop, tls = asyncio.get_running_loop(), target.tls()
    tries = [
        loop.create_connection(
            partial(_itself, each),
            target.host,
            target.port,
            ssl=tls,
            local_addr=_source(target.host, number, count),
        )
        for each, number in zip(group, numbers, strict=True)
    ]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.gather(*tries)
            await asyncio.gather(*(each.ready for each in group))
    except TimeoutError as error:
        text = f"no answer within {_PATIENCE_S:g} s"
        raise Unavailable(_refused(numbers, count, text)) from error
    except (OSError, Unavailable) as error:
        raise Unavailable(_refused(numbers, count, str(error))) from error


def _itself(listener: Listener) -> Listener:
    return listener


def _refused(numbers: range, count: int, why: str) -> str:
    return f"of {count:,} connections about {numbers.start:,} were let in: {why}"


def _source(host: str, number: int, count: int) -> tuple[str, int] | None:
    """Return where a connection comes from: 127.0.0.2 and on, beyond the ports of one address."""
    try:
        loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if count <= PORTS or not loopback:
        return None
    return (f"127.0.0.{1 + number // PORTS}", 0)
