"""`hub tail`: follow channels, one line an event."""

import click

from hub.cli.command import Command
from hub.cli.hub_option import url_option
from hub.cli.output import Output
from hub.cli.view_options import Condition, ConditionParam, Thinning, ThinningParam, together


@click.command(
    cls=Command,
    examples=(
        "hub tail",
        "hub tail contracts jobs --last 50",
        "hub tail contracts --since 1h --last 50 --count 100 -o json",
        "hub tail jobs --since 6f1c2a90:1234",
        "hub tail contracts --where location=Mumbai --where location=Chennai --where status=active",
        "hub tail jobs --conflate job_id:5",
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
@click.option(
    "--where",
    type=ConditionParam(),
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only events with this value; of one FIELD any, of several all must match.",
)
@click.option(
    "--conflate",
    type=ThinningParam(),
    metavar="FIELD[:RATE]",
    help="Only the newest event of each FIELD, RATE times a second at most (20).",
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
    where: tuple[Condition, ...],
    conflate: Thinning | None,
    count: int | None,
    wait: bool,
) -> None:
    """Follow channels, one line an event, until Ctrl-C.

    Contracts and jobs when no CHANNEL is named. It reconnects by itself and goes on where it was:
    each event is shown once, in order. What is gone for good is said in a line on stderr, like
    everything that is not an event.

    The hub itself looks for --where and thins by --conflate, which leaves out no end: status DONE,
    FAILED, completed or failed. --last counts events before they are looked at.

    With -o json each line is the event as the hub sent it.
    """
    from hub.cli.following import Follow, View, follow

    view = View(together(where), conflate)
    follow(Follow(url, channels, since=since, last=last, limit=count, wait=wait, view=view), output)
