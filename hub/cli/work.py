"""`hub work`: send webhooks, beside the processes that take clients."""

import asyncio
import os
import socket
from typing import Any

import click

from hub import __version__
from hub.cli.command import Command
from hub.cli.configuration import load_settings
from hub.cli.listening import listen
from hub.cli.output import Output
from hub.cli.stop import Stop
from hub.settings import Settings

LOOPBACK = "127.0.0.1"


@click.command(
    cls=Command,
    examples=(
        "hub work",
        "hub work --metrics-port 9100",
        "DATABASE_URL=postgresql://hub@db/hub REDIS_URL=redis://cache hub work -o json",
    ),
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Show metrics at http://127.0.0.1:PORT/metrics; 0: at a free one.",
)
def work(output: Output, *, metrics_port: int | None) -> None:
    """Send webhooks until Ctrl-C or SIGTERM; a second one ends it at once.

    Any number of these share the deliveries of one database with each other and with `hub serve`;
    with HUB_WEBHOOKS=work the latter leaves all of it to them. When stopped it finishes what is
    under way, for DRAIN_S at most, and gives the rest back.

    It has to see the same DATABASE_URL as the hub. Beside a `hub serve` on one data file both need
    the same REDIS_URL; on PostgreSQL it is not needed, but with it events go out sooner.

    With -o json one line on stdout tells that it works.
    """
    stop = Stop()
    settings = load_settings(output)
    scraped = None if metrics_port is None else listen(LOOPBACK, metrics_port)
    run(settings, stop, output, scraped)
    stop.done()


class Wish:
    """The wish to stop, which may come at any moment, in a signal; see `stop.Stoppable`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._come = asyncio.Event()
        self._wished = False

    @property
    def should_exit(self) -> bool:
        """Whether somebody wants it to end."""
        return self._wished

    @should_exit.setter
    def should_exit(self, wished: bool) -> None:
        self._wished = wished
        self._loop.call_soon_threadsafe(self._come.set)

    def end_now(self) -> None:
        """Do nothing: what is under way is sent again by others when its lease has ended."""

    async def come(self) -> None:
        """Return when somebody wants it to end."""
        await self._come.wait()


def run(
    settings: Settings, stop: Stop, output: Output, scraped: socket.socket | None = None
) -> None:
    """Send until stopped.

    Args:
        settings: How.
        stop: Says when.
        output: Gets one line when it works.
        scraped: Where its numbers can be read; None: nowhere.

    Raises:
        Misconfigured: The database cannot be used.
    """
    import uvloop

    from hub import app
    from hub.telemetry.logging import configure

    configure(level=settings.log_level, form=settings.log_format)
    place = None if scraped is None else "http://{}:{}/metrics".format(*scraped.getsockname())
    uvloop.run(_run(app.create_worker(settings, scraped), settings, stop, output, place))


async def _run(
    working: Any, settings: Settings, stop: Stop, output: Output, metrics: str | None
) -> None:
    wish = Wish(asyncio.get_running_loop())
    await working.start()
    stop.serve(wish, settings.drain_s)
    announce(working.name, settings, output, metrics)
    await wish.come()
    await working.stop(settings.drain_s)


def announce(name: str, settings: Settings, output: Output, metrics: str | None) -> None:
    """Say that it works: one line of JSON on stdout, or one for people on stderr."""
    facts = {
        "version": __version__,
        "worker": name,
        "data_file": settings.data_place,
        "concurrency": settings.webhook_concurrency,
        "pid": os.getpid(),
        "metrics": metrics,
    }
    if output.json:
        output.show(facts, str)
    elif settings.log_format == "json":
        from hub.telemetry.logging import logger

        logger("hub").info("webhooks are sent", **facts)
    else:
        from rich.text import Text

        output.stderr.print(
            Text.assemble(
                ("  ● ", "green"),
                ("Hub", "bold"),
                f" {__version__} sends webhooks as {name}, of {settings.data_place} ",
                ("(Ctrl-C stops it)", "dim"),
            ),
            soft_wrap=True,
        )
