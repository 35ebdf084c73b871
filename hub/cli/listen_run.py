"""One run of `hub listen`, from its arguments to its end."""

import asyncio
import os
from datetime import UTC, datetime
from typing import NamedTuple

import click
from rich.text import Text

from hub.cli.following import DEFAULT_CHANNELS
from hub.cli.forwarding import Forwarder
from hub.cli.listen_stream import Listening, forward
from hub.cli.output import Output
from hub.cli.since import Beginning, moment
from hub.webhooks.signing import new_key
from hub_client.address import Address


class Run(NamedTuple):
    """The arguments."""

    url: str | None
    target: str
    channels: tuple[str, ...]
    types: tuple[str, ...]
    since: str | None
    secret: str | None
    print_secret: bool
    retries: int
    limit: int | None
    verify: bool


def run(wanted: Run, output: Output) -> bool:
    """Forward events, or say why not; return whether as many as were asked for were delivered.

    Raises:
        click.UsageError: An argument is not what it should be.
        hub_client.HubError: No hub answers at the first try, or it refused.
    """
    try:
        Address(wanted.url, None, os.environ)
        channels = wanted.channels or DEFAULT_CHANNELS
        since = _beginning(wanted, channels)
        secret = wanted.secret or new_key("v1").secret
        _introduce(wanted, secret, output)
        heard = Listening(wanted.url, channels, wanted.types, since, wanted.limit)
        given_up = asyncio.run(_run(wanted, secret, heard, output))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except KeyboardInterrupt:
        # The ordinary end, but not of a run that was to bring so many events.
        if wanted.limit is not None:
            raise
        return True
    return wanted.limit is None or not given_up


def _introduce(wanted: Run, secret: str, output: Output) -> None:
    if wanted.print_secret:
        output.show({"secret": secret}, lambda: Text(secret))
        if not output.json:
            output.stdout.file.flush()
    elif wanted.secret is None:
        output.note("○ signed with a secret of this run: --print-secret shows it")
    output.note(f"● forwarding to {wanted.target}")


def _beginning(wanted: Run, channels: tuple[str, ...]) -> str | None:
    if wanted.since is None:
        return None
    at = moment(wanted.since, datetime.now(UTC))
    return wanted.since if at is None else Beginning(wanted.url, channels).at(at)


async def _run(wanted: Run, secret: str, heard: Listening, output: Output) -> int:
    to = Forwarder(wanted.target, secret, output, retries=wanted.retries, verify=wanted.verify)
    await forward(heard, to, output)
    return to.given_up
