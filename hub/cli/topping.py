"""The work of `hub top`: asks again and again, and shows what was told last."""

import asyncio
import contextlib
import os
from typing import NamedTuple

import click
from rich.console import RenderableType
from rich.live import Live

from hub.cli.keypress import keys
from hub.cli.output import Output
from hub.cli.top_view import Reading, lines, screen
from hub_client.address import Address
from hub_client.aio.http import AsyncHttp
from hub_client.calls.request import get
from hub_client.calls.retry import RetryPolicy
from hub_client.clock import LoopClock
from hub_client.errors import HubError, NetworkError, TimedOut

SORTS = ("rate", "name", "followers", "behind")
# Enough for the widest terminal. Into a pipe readings follow each other: they need no past.
POINTS = 240
TIMEOUT_S = 5.0
REDRAW_S = 0.25


class Wanted(NamedTuple):
    """The arguments of one `hub top`."""

    url: str | None
    sort: str
    every_s: float
    limit: int | None


def watch(wanted: Wanted, output: Output) -> None:
    """Show readings until there are enough, q is pressed, or for ever.

    Raises:
        click.UsageError: The address or the token is none.
        hub_client.HubError: No hub answers at the first try, or it refused.
    """
    try:
        address = Address(wanted.url, None, os.environ)
        address.headers()
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    is_live = not output.json and output.stdout.is_terminal
    top = Top(address, wanted, output)
    try:
        asyncio.run(top.live() if is_live else top.print())
    except KeyboardInterrupt:
        # The ordinary end, but not of readings that were to be so many.
        if not is_live and wanted.limit is not None:
            raise


class Top:
    """One run.

    Args:
        address: Of the hub.
        wanted: The arguments.
        output: Where to.
    """

    def __init__(self, address: Address, wanted: Wanted, output: Output) -> None:
        self._address = address
        self._wanted = wanted
        self._output = output
        self._sort = wanted.sort
        self._reading: Reading | None = None
        self._trouble = ""
        self._quit = asyncio.Event()

    async def print(self) -> None:
        """Write readings, a line or a table each."""
        left = self._wanted.limit or 1
        async with contextlib.aclosing(_Asking(self._address, 0)) as hub:
            while True:
                if await self._read(hub) and self._reading is not None:
                    self._output.show(self._reading, self._lines)
                    left -= 1
                if not left:
                    return
                await asyncio.sleep(self._wanted.every_s)

    def _lines(self) -> RenderableType:
        return "" if self._reading is None else lines(self._reading, self._sort)

    async def live(self) -> None:
        """Draw readings over each other."""
        async with contextlib.aclosing(_Asking(self._address, POINTS)) as hub:
            await self._read(hub)
            with keys(self._pressed), self._screen() as live:
                drawing = asyncio.create_task(self._draw(live), name="top-draw")
                try:
                    await self._ask(hub)
                finally:
                    drawing.cancel()

    def _screen(self) -> Live:
        # Not `auto_refresh`: its thread would draw while we change what it draws.
        return Live(console=self._output.stdout, screen=True, auto_refresh=False)

    async def _ask(self, hub: "_Asking") -> None:
        left = self._wanted.limit
        while left is None or left > 1:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._quit.wait(), self._wanted.every_s)
            if self._quit.is_set():
                return
            left = None if left is None else left - 1
            await self._read(hub)

    async def _draw(self, live: Live) -> None:
        """Draw often: the window may have another size, or a key another order."""
        while True:
            console = live.console
            if self._reading is not None:
                size = (console.width, console.height)
                url = self._address.http
                shown = screen(
                    self._reading, url=url, sort=self._sort, size=size, trouble=self._trouble
                )
                live.update(shown, refresh=True)
            await asyncio.sleep(REDRAW_S)

    def _pressed(self, key: str) -> None:
        if key in "qQ":
            self._quit.set()
        elif key in "sS":
            self._sort = SORTS[(SORTS.index(self._sort) + 1) % len(SORTS)]

    async def _read(self, hub: "_Asking") -> bool:
        """Ask once; say whether it was answered.

        Raises:
            HubError: The first time; later only a refusal that time does not heal.
        """
        try:
            self._reading = await hub.ask()
        except HubError as error:
            if self._reading is None or not _passes(error):
                raise
            self._say(f"no answer ({error.code}), trying again")
            return False
        self._say("")
        return True

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble and not self._output.stdout.is_terminal:
            self._output.note(f"○ {trouble}" if trouble else f"● {self._address.http} answers")
        self._trouble = trouble


class _Asking:
    """A hub that is asked for its stats."""

    def __init__(self, address: Address, points: int) -> None:
        self._points = points
        policy = RetryPolicy(max_retries=0, timeout=TIMEOUT_S)
        self._http = AsyncHttp(address, policy, LoopClock(), None)

    async def ask(self) -> Reading:
        reading: Reading = await self._http.send(get("/api/stats", points=self._points))
        return reading

    async def aclose(self) -> None:
        await self._http.close()


def _passes(error: HubError) -> bool:
    """Say whether it may be another time: the hub is away, or busy."""
    return isinstance(error, NetworkError | TimedOut) or error.retryable
