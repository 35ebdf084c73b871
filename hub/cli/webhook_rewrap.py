"""`hub webhooks rewrap`: the secrets of endpoints, sealed by the newest key."""

import asyncio

import click
import msgspec
from rich.text import Text

from hub.cli.command import Command
from hub.cli.configuration import load_settings
from hub.cli.output import Output
from hub.settings import Settings


class Rewrapped(msgspec.Struct):
    """What rewrapping came to.

    Attributes:
        key: The id of the key that seals now.
        endpoints: How many there are, with callbacks.
        rewrapped: How many of them had something that another key had sealed.
        lost: Ids of those with a secret that no key of the ring opens.
    """

    key: str
    endpoints: int
    rewrapped: int
    lost: list[str]


@click.command(
    cls=Command,
    examples=(
        "hub webhooks rewrap",
        "HUB_WEBHOOK_SECRET_KEYS=new:…,old:… hub webhooks rewrap -o json",
    ),
)
@click.pass_context
def rewrap(ctx: click.Context, output: Output) -> None:
    """Seal the secrets of all endpoints by the newest key, in the database itself.

    To change the key: put a new one first in HUB_WEBHOOK_SECRET_KEYS, or in the first line of the
    `.keys` file beside the data file; restart every node; run this; take the old one
    away. Hubs may run meanwhile. It can be run as often as one likes.
    Exit code 1: there is a secret that no key opens. Its endpoint needs a new one
    (`rotate-secret`), or the key that sealed it.
    """
    done = asyncio.run(_rewrap(load_settings(output)))
    output.show(done, lambda: _told(done))
    if done.lost:
        ctx.exit(1)


async def _rewrap(settings: Settings) -> Rewrapped:
    from hub.cli.audit_record import record
    from hub.cli.token_access import accessing
    from hub.cli.webhook_rewrapping import rewrap_all
    from hub.webhooks.ring_file import ring_of

    ring = ring_of(settings)
    async with accessing(settings) as access:
        found = await rewrap_all(access.store.webhooks, ring)
        if found.rewrapped:
            await record(
                access.store.audit,
                access.clock,
                "webhook.rewrap",
                details={"key": ring.sealing, "endpoints": found.rewrapped},
            )
    return Rewrapped(ring.sealing, found.endpoints, found.rewrapped, found.lost)


def _told(done: Rewrapped) -> Text:
    lines = [
        Text.assemble(
            ("✓ ", "green"),
            f"{done.rewrapped:,} of {done.endpoints:,} endpoints rewrapped by {done.key}",
        )
    ]
    lines += [Text(f"✗ no key opens a secret of {name}", "bold red") for name in done.lost]
    return Text("\n").join(lines)
