"""`hub log`: work on the log itself."""

import asyncio
import sys

import click
import msgspec
from rich.text import Text

from hub.cli.command import Group
from hub.cli.configuration import load_settings
from hub.cli.output import Output
from hub.errors import Misconfigured
from hub.settings import Settings

_WARNING = (
    "After this every position that clients have stored is void: each client is told of a gap "
    "and starts from what the log holds now. Go on?"
)


@click.group(
    cls=Group,
    examples=("hub log new-epoch", "hub log new-epoch --yes -o json"),
)
def log() -> None:
    """Work on the log itself."""


@log.command("new-epoch", examples=("hub log new-epoch", "hub log new-epoch --yes -o json"))
@click.option("--yes", is_flag=True, help="Do not ask.")
def new_epoch(output: Output, *, yes: bool) -> None:
    """Give the log a new epoch; due after every restore.

    The hub must be stopped. A restored log counts its offsets anew from the backup's last one.
    Clients that have seen more would take the new events for old ones and miss them; a new epoch
    tells them. The audit log has a record of it.
    """
    settings = load_settings(output)
    if settings.postgres_url is None and not settings.data_file.is_file():
        raise Misconfigured(
            f"expected a data file at {settings.data_file}, found none: "
            "restore the backup there, or set DATABASE_URL"
        )
    if not yes:
        _ask()
    old, new = asyncio.run(_change(settings))
    output.show(
        {"old_epoch": old, "new_epoch": new},
        lambda: Text.assemble("epoch ", (old, "dim"), " → ", (new, "bold green")),
    )


def can_ask() -> bool:
    """Say whether a person is there to answer."""
    return sys.stdin.isatty()


def _ask() -> None:
    if not can_ask():
        raise click.UsageError("expected --yes where nobody can be asked")
    click.confirm(_WARNING, abort=True, err=True)


async def _change(settings: Settings) -> tuple[str, str]:
    from hub import app
    from hub.cli.audit_record import record
    from hub.clock import SystemClock
    from hub.model import event

    # Alone with the data file: no hub may run on it meanwhile.
    alone = msgspec.structs.replace(settings, redis_url=None, migrate_on_start=True)
    log = app.open_log(alone, SystemClock())
    try:
        await log.open()
        old, new = (await log.state()).epoch, event.new_epoch()
        await log.new_epoch(new)
        clock = SystemClock()
        await record(log.audit, clock, "log.new_epoch", details={"old": old, "new": new})
    finally:
        await log.close()
    return old, new
