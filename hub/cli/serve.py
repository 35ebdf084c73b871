"""`hub serve`: run the hub until it is told to stop."""

import gc
import logging
import os
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from hub import __version__
from hub.cli.command import Command
from hub.cli.configuration import given, load_settings
from hub.cli.hangup import Hangup
from hub.cli.listening import listen, listen_together, raise_open_files
from hub.cli.output import Output
from hub.cli.stop import Stop
from hub.cli.tls_options import tls_options
from hub.cli.workers import Workers, check, end_with_parent
from hub.settings import Settings

# uvicorn tells of a failed start here, with a traceback, before we can tell of it in one line.
_UVICORN = logging.getLogger("uvicorn.error")


@click.command(
    cls=Command,
    examples=("hub serve", "PORT=0 DATABASE_URL=sqlite:////data/hub.db hub serve -o json"),
)
@click.option("--host", help="Address to listen on; else HOST, else 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on, 0 for a free one; else PORT, else 8000.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    help="Processes that share the port; more than one needs REDIS_URL.",
)
@click.option("--worker-fd", type=int, hidden=True)
@click.option("--worker-socket", type=click.Path(path_type=Path), hidden=True)
@tls_options
def serve(
    output: Output,
    host: str | None,
    port: int | None,
    workers: int,
    worker_fd: int | None,
    worker_socket: Path | None,
    **tls: str | None,
) -> None:
    """Run the hub until Ctrl-C or SIGTERM; a second one ends it at once.

    Without any setting it listens on 127.0.0.1:8000, keeps its events in var/hub.db, and is
    open to this machine only. Settings come from the environment; docs/settings.md lists them.

    SIGHUP reads files again that settings name (certificates, HUB_ENV_FILE, JWT_SECRET_FILE …):
    keys, origins, limits and the log level then change without a client noticing.

    With -o json one line on stdout tells the address once the hub answers.
    """
    # A worker is told once by each who can: its parent, the terminal, the service manager.
    stop = Stop(patient=worker_fd is not None)
    hangup = Hangup()
    options = given(HOST=host, PORT=port, **{f"HUB_{n.upper()}": v for n, v in tls.items()})
    settings = load_settings(output, **options)
    if workers > 1:
        run_workers(settings, workers, Signals(stop, hangup, options), output)
    else:
        # First of all: a taken port is told of before anything slow, and before the data is touched
        with _listener(settings, worker_fd) as listener:
            raise_open_files()
            run(settings, listener, Signals(stop, hangup, options), output, worker_socket)
    stop.done()
    hangup.done()


class Signals(NamedTuple):
    """What may come while the hub runs.

    Attributes:
        options: Settings of the command line, which win over those that are read again.
    """

    stop: Stop
    hangup: Hangup
    options: Mapping[str, str]


def run_workers(settings: Settings, count: int, signals: Signals, output: Output) -> None:
    """Run several processes until stopped.

    Raises:
        Misconfigured: They would not hear each other, or cannot listen.
    """
    from hub.telemetry.logging import configure, logger

    check(settings, count)
    configure(level=settings.log_level, form=settings.log_format)
    listeners = listen_together(settings.host, settings.port, count)
    port = listeners[0].getsockname()[1]
    workers = Workers(listeners, settings, logger("workers"), signals.options)
    signals.stop.serve(workers, 0.0)
    signals.hangup.begin(workers.reload)
    workers.run(lambda: announce(settings, port, output))


def _listener(settings: Settings, worker_fd: int | None) -> socket.socket:
    if worker_fd is None:
        return listen(settings.host, settings.port)
    end_with_parent()
    return socket.socket(fileno=worker_fd)


class Watched:
    """A node that remembers why it could not start."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self.failure: BaseException | None = None

    async def start(self) -> None:
        """Start the node."""
        try:
            await self._node.start()
        except BaseException as failure:
            self.failure = failure
            raise
        self.reception = self._node.reception
        self.drain = self._node.drain
        self.http = self._node.http
        self.reloading = self._node.reloading

    async def stop(self) -> None:
        """Stop the node."""
        await self._node.stop()


def run(
    settings: Settings,
    listener: socket.socket,
    signals: Signals,
    output: Output,
    worker_socket: Path | None = None,
) -> None:
    """Serve on the socket until stopped.

    Raises:
        Misconfigured: The data file cannot be used.
    """
    from hub import app
    from hub.cli.reload import Renewal
    from hub.telemetry.logging import configure, logger
    from hub.transports import server as transport, tls

    configure(level=settings.log_level, form=settings.log_format)
    secured = tls.context(settings)
    node = Watched(app.create(settings, worker_socket))
    server = transport.serve(node, drain_s=settings.drain_s, secured=secured)

    async def answering() -> None:
        # uvicorn calls this in its first tick, and would again every half minute.
        server.config.callback_notify = None
        _UVICORN.disabled = False
        spare_collector()
        if secured is not None:
            # The last to take settings over: what it has read from files nobody could give back.
            node.reloading.add(partial(tls.renew, secured), *tls.FIELDS, check=tls.check)
        signals.hangup.begin(Renewal(node.reloading, signals.options, logger("hub")).wish)
        announce(settings, listener.getsockname()[1], output)

    server.config.callback_notify = answering
    _UVICORN.disabled = True
    signals.stop.serve(server, settings.drain_s)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        # uvicorn's code for a failed start; ours is told by the failure.
        if node.failure is None:
            raise
    finally:
        _UVICORN.disabled = False
    if node.failure is not None:
        raise node.failure


def spare_collector() -> None:
    """Let the garbage collector look at what requests leave, not at what stays for ever.

    It goes on running. What was loaded until now never becomes garbage, and with the default
    threshold of 700 it ran every few requests: 9 us of the 112 that an update costs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def first_step(settings: Settings) -> str:
    """Return what to do before anybody can come in; empty where the settings name who may."""
    if not settings.auth_required or settings.credentials:
        return ""
    return "`hub token create` makes the first key, unless it is there already"


def announce(settings: Settings, port: int, output: Output) -> None:
    """Say where the hub is: one line of JSON on stdout, or the banner on stderr."""
    from hub.cli.banner import Banner
    from hub.clock import SystemClock
    from hub.model.timestamp import to_rfc3339

    banner = Banner(
        version=__version__,
        host=settings.host,
        port=port,
        data=settings.data_place,
        location=min(settings.locations),
        now=to_rfc3339(SystemClock().now_us())[:19] + "Z",
        required=settings.auth_required,
        hint=first_step(settings),
        secure=bool(settings.ssl_certfile),
    )
    if output.json:
        output.show(banner.facts(os.getpid()), str)
    elif settings.log_format == "json":
        # Who asked for JSON lines on stderr gets nothing else there.
        from hub.telemetry.logging import logger

        logger("hub").info("the hub answers", **banner.facts(os.getpid()))
        if banner.hint:
            logger("hub").warning("nobody can come in yet", hint=banner.hint)
    else:
        banner.write(output.stderr)
