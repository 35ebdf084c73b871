"""`hub top`: how much goes through the hub, live."""

import click

from hub.cli.command import Command
from hub.cli.hub_option import url_option
from hub.cli.output import Output


@click.command(
    cls=Command,
    examples=(
        "hub top",
        "hub top --sort behind",
        "hub top -o json --count 30 --every 2 > rates.jsonl",
    ),
)
@click.option(
    "--sort",
    type=click.Choice(["rate", "name", "followers", "behind"]),
    default="rate",
    show_default=True,
    help="Which channels stand above.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.5, 3600),
    metavar="SECONDS",
    default=2.0,
    show_default=True,
    help="How often it asks.",
)
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N readings.")
@url_option
def top(output: Output, url: str | None, *, sort: str, every: float, count: int | None) -> None:
    """Show channels, rates, clients and lag of all nodes, until q or Ctrl-C.

    Rates are events a second. `late` are the clients of a channel that miss something, `behind` is
    how many events the last of them does. A hub that goes away is waited for.

    Into a pipe, or with -o json, it is one reading, or --count of them, a line each.
    """
    from hub.cli.topping import Wanted, watch

    watch(Wanted(url, sort, every, count), output)
