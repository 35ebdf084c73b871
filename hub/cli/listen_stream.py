"""What `hub listen` hears: events through the SDK, whatever the connection does."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import NamedTuple

from hub.cli.following import Watch
from hub.cli.forwarding import Forwarder
from hub.cli.keypress import keys
from hub.cli.output import Output
from hub.model.pattern import is_like
from hub_client import AsyncMCPClient, Event, HistoryGap, Snapshot
from hub_client.address import Address


class Listening(NamedTuple):
    """Which events: of these channels and types (`*` stands for any characters), behind `since`."""

    url: str | None
    channels: tuple[str, ...]
    types: Sequence[str]
    since: str | None
    limit: int | None


async def forward(wanted: Listening, to: Forwarder, output: Output) -> None:
    """Forward until `q`, Ctrl-C, a SIGTERM, or so many events.

    Raises:
        hub_client.HubError: No hub answers at the first try, or it refused.
        ValueError: The position is none.
    """
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(_forward(wanted, to, output))

    def pressed(key: str) -> None:
        if key in "rR":
            to.again()
        elif key in "qQ\x04":
            work.cancel()

    loop.add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        with keys(pressed) as keyboard:
            if keyboard:
                output.note("  r sends the last one again, q ends")
            await asyncio.wait([work])
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        loop.remove_signal_handler(signal.SIGTERM)
        await to.close()
    if not work.cancelled():
        work.result()


async def _forward(wanted: Listening, to: Forwarder, output: Output) -> None:
    left = wanted.limit
    async with aclosing(_events(wanted, output)) as events:
        async for event in events:
            await to.take(event)
            left = None if left is None else left - 1
            if left == 0:
                await to.settle()
                return


async def _events(wanted: Listening, output: Output) -> AsyncGenerator[Event, None]:
    url = Address(wanted.url, None, os.environ).http
    watch = Watch(url, wanted.channels, output, wait=False)
    since = wanted.since
    async with AsyncMCPClient(wanted.url) as client:
        while True:
            listener = client.listen(
                *wanted.channels, since=since, on_state=watch.changed, on_lag=watch.slow
            )
            try:
                async for event in listener:
                    if not isinstance(event, Snapshot) and _is_wanted(event, wanted.types):
                        yield event
            except HistoryGap as gap:
                watch.gap(gap)
                since = gap.position


def _is_wanted(event: Event, types: Sequence[str]) -> bool:
    return any(is_like(event.type, pattern) for pattern in types)
