"""`hub trigger`: examples of what happens, made happen."""

from typing import Any

import click

from hub.cli.command import Command
from hub.cli.fixtures import FIXTURES
from hub.cli.hub_option import retries_option, url_option
from hub.cli.output import Output

_WIDTH = max(len(name) for name in FIXTURES) + 2
_TABLE = "\n".join(f"  {name:<{_WIDTH}}{one.summary}" for name, one in FIXTURES.items())
_HELP = f"""Make an example of an EVENT happen, through the hub's REST API.

It is real: it is stored, and goes to whoever listens and to webhooks. A job is created and brought
by legal steps to where the event happens.

\b
{_TABLE}

--override changes what is sent: contracts have contract_id, location, status, timestamp; jobs
input_data, metadata, progress, message, input_request, answer, summary, artifacts,
completion_message and failure_message; channel.event has channel, type, key and data.
"""


class OverrideParam(click.ParamType[tuple[list[str], str]]):
    """`PATH=VALUE`, the names of the path with dots between them."""

    name = "override"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[list[str], str]:
        """Read it.

        Raises:
            click.BadParameter: It has no path, or no value.
        """
        if isinstance(value, tuple):
            return value
        path, equals, text = value.partition("=")
        names = path.split(".")
        if not equals or not all(names):
            told = "expected PATH=VALUE, such as location=Mumbai or progress.percentage=90"
            self.fail(f"{told}, got {value[:80]!r}", param, ctx)
        return names, text


@click.command(
    cls=Command,
    help=_HELP,
    examples=(
        "hub trigger job.done",
        "hub trigger contract.update --override location=Mumbai --count 20 --rate 5",
        "hub trigger job.progress --override progress.percentage=90 --override metadata.user_id=u1",
    ),
)
@click.argument("name", metavar="EVENT", type=click.Choice([*FIXTURES]))
@click.option("--override", "overrides", type=OverrideParam(), multiple=True, metavar="PATH=VALUE",
              help="Send this value instead; may be repeated.")  # fmt: skip
@click.option("--count", type=click.IntRange(1, 100_000), default=1, metavar="N", help="So often.")
@click.option("--rate", type=click.FloatRange(0, 1000, min_open=True), metavar="N",
              help="At most so many a second; else as fast as they go.")  # fmt: skip
@click.option("--seed", type=int, help="The same examples again.")
@url_option
@retries_option
def trigger(
    output: Output,
    url: str | None,
    retries: int,
    *,
    name: str,
    overrides: tuple[tuple[list[str], str], ...],
    count: int,
    rate: float | None,
    seed: int | None,
) -> None:
    """Make an example happen; the help is above."""
    from hub.cli import triggering

    triggering.trigger(triggering.Wanted(url, name, overrides, count, rate, retries, seed), output)
