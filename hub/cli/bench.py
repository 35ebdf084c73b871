"""`hub bench`: what a hub carries, measured."""

import math
from typing import Any

import click

from hub.cli.command import Command
from hub.cli.output import Output


class _Finite(click.FloatRange):
    """A number of a range; neither `nan`, which click lets pass, nor `inf`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"expected a number, got {value}", param, ctx)
        return number


@click.command(
    cls=Command,
    examples=(
        "hub bench",
        "hub bench http://127.0.0.1:8000 --connections 10000 --rate 100 --duration 30",
        "hub bench --compare",
        "hub bench --compare --rate 100 --rounds 1 -o json",
    ),
)
@click.argument("url", required=False)
@click.option(
    "--connections",
    type=click.IntRange(1),
    metavar="N",
    default=1000,
    show_default=True,
    help="Subscribers, each a WebSocket.",
)
@click.option(
    "--publishers",
    type=click.IntRange(1),
    metavar="N",
    default=16,
    show_default=True,
    help="Clients that post, each waiting for its answer.",
)
@click.option(
    "--rate",
    type=_Finite(0),
    metavar="N",
    default=0.0,
    help="Events a second, over all publishers; 0, the default, is flat out.",
)
@click.option(
    "--size",
    type=click.IntRange(1, 1_000_000),
    metavar="BYTES",
    default=256,
    show_default=True,
    help="An event's frame on the wire.",
)
@click.option(
    "--duration",
    type=_Finite(0, 86_400, min_open=True),
    metavar="SECONDS",
    default=10.0,
    show_default=True,
    help="How long is published.",
)
@click.option(
    "--channel", default="bench", show_default=True, help="A custom channel; its events stay."
)
@click.option("--compare", is_flag=True, help="Measure others on this machine too; see above.")
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    metavar="N",
    default=3,
    show_default=True,
    help="How often each is measured by --compare; medians are shown.",
)
@click.pass_context
def bench(
    ctx: click.Context,
    output: Output,
    url: str | None,
    *,
    connections: int,
    publishers: int,
    rate: float,
    size: int,
    duration: float,
    channel: str,
    compare: bool,
    rounds: int,
) -> None:
    """Load a hub with subscribers and publishers, and say what it carries.

    URL is the hub's address; else HUB_URL, else http://127.0.0.1:8000. Events go to a custom
    channel and stay in its history.

    Processor time and memory are told when the hub runs on this machine. Exit code 1: something
    was lost, came twice or out of order, or a connection did not hold.

    --compare puts the same load, in turns, on a plain Starlette loop, on Node's ws, and on nchan,
    where they are installed, and shows ratios. The hub is then URL, which must be on this machine,
    or a fresh one, durable like any other, that ends with the command. Rounds from which the host
    of a virtual machine took more than 5 % are done again, as many at most as were asked for, and
    the least disturbed count.
    """
    from hub.bench.load import Load
    from hub.cli.benching import bench_all, bench_one

    load = Load(connections, publishers, rate, size, duration)
    if compare:
        sound = bench_all(url, load, channel, rounds, output)
    else:
        sound = bench_one(url, load, channel, output)
    if not sound:
        ctx.exit(1)
