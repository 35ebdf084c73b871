"""`hub tail`: follow channels, one line an event."""

import click

from hub.cli.command import Command
from hub.cli.hub_option import url_option
from hub.cli.output import Output


@click.command(
    cls=Command,
    examples=(
        "hub tail",
        "hub tail contracts jobs --last 50",
        "hub tail contracts --since 1h --last 50 --count 100 -o json",
        "hub tail jobs --since 6f1c2a90:1234",
    ),
)
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...")
@click.option(
    "--since",
    metavar="WHEN",
    help="Begin there: 30s, 15m, 1h or 2d ago, an ISO 8601 time, or a stored position.",
)
@click.option(
    "--last",
    type=click.IntRange(0),
    metavar="N",
    help="Begin with the last N events, of those that follow --since.",
)
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N events.")
@click.option("--wait", is_flag=True, help="Wait for a hub that does not answer yet.")
@url_option
def tail(
    output: Output,
    url: str | None,
    *,
    channels: tuple[str, ...],
    since: str | None,
    last: int | None,
    count: int | None,
    wait: bool,
) -> None:
    """Follow channels, one line an event, until Ctrl-C.

    Contracts and jobs when no CHANNEL is named. It reconnects by itself and goes on where it was:
    each event is shown once, in order. What is gone for good is said in a line on stderr, like
    everything that is not an event.

    With -o json each line is the event as the hub sent it.
    """
    from hub.cli.following import Follow, follow

    follow(Follow(url, channels, since=since, last=last, limit=count, wait=wait), output)
