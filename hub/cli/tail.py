"""`hub tail`: follow channels, one line an event."""

import click

from hub.cli.command import Command
from hub.cli.completing import complete_channels
from hub.cli.hub_option import url_option
from hub.cli.output import FORMS, Output
from hub.cli.view_options import Condition, ConditionParam, Thinning, ThinningParam, together

TAIL_FORMS = {
    "pretty": FORMS["pretty"],
    "compact": "to read fast or to grep",
    "json": "the event as it was sent",
    "raw": "its data alone",
}


@click.command(
    cls=Command,
    forms=TAIL_FORMS,
    examples=(
        "hub tail",
        "hub tail contracts jobs --last 50",
        "hub tail contracts --since 1h --last 50 --count 100 -o json",
        "hub tail jobs --since 6f1c2a90:1234",
        "hub tail contracts --where location=Mumbai --where location=Chennai --where status=active",
        "hub tail jobs --conflate job_id:5",
        "hub tail contracts --resume nightly -o json >> contracts.jsonl",
        "hub tail contracts -o raw | jq .status",
    ),
)
@click.argument("channels", nargs=-1, metavar="[CHANNEL]...", shell_complete=complete_channels)
@click.option(
    "--since",
    metavar="WHEN",
    help="Begin there: 30s, 15m, 1h or 2d ago, an ISO 8601 time, a position, or an offset of one "
    "channel.",
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
@click.option(
    "--resume",
    metavar="NAME",
    help="Go on behind what was printed under this NAME before; --since and --last then only say "
    "where the first time begins.",
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
    resume: str | None,
    count: int | None,
    wait: bool,
) -> None:
    """Follow channels, one line an event, until Ctrl-C.

    Contracts and jobs when no CHANNEL is named. It reconnects by itself and goes on where it was:
    each event is shown once, in order. What is gone for good is said in a line on stderr, like
    everything that is not an event.

    The hub itself looks for --where and thins by --conflate, which leaves out no end: status DONE,
    FAILED, completed or failed. --last counts events before they are looked at.

    With --resume the position is kept on this machine, by NAME and hub, after each line. A tail
    that is killed prints again what it had not noted, and leaves out nothing.

    With -o json each line is the event as the hub sent it, with raw its data alone, as JSON too.
    """
    from hub.cli.following import Follow, View, follow

    view = View(together(where), conflate)
    wanted = Follow(url, channels, since=since, last=last, limit=count, wait=wait, view=view)
    follow(wanted._replace(resume=resume), output)
