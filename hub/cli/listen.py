"""`hub listen`: webhooks on the machine of who writes their receiver."""

import click

from hub.cli.command import Command
from hub.cli.completing import complete_channels
from hub.cli.hub_option import url_option
from hub.cli.output import Output
from hub.cli.secret_option import SecretParam
from hub.cli.target_param import TargetParam


@click.command(
    cls=Command,
    examples=(
        "hub listen --forward-to http://localhost:3000/hook --print-secret",
        "hub listen --forward-to 3000/hook --events 'job_*' --events contract_update",
        "hub listen --forward-to 3000/hook --channel orders --secret @secret.txt -o json",
    ),
)
@click.option("--forward-to", "target", type=TargetParam(), required=True,
              help="Address of the receiver; 3000/hook is http://localhost:3000/hook.")  # fmt: skip
@click.option("--events", "types", multiple=True, metavar="TYPE",
              help="Only these types, * is any text; may be repeated.")  # fmt: skip
@click.option("--channel", "--channels", "channels", multiple=True, metavar="CHANNEL",
              shell_complete=complete_channels,
              help="Of these channels; else contracts and jobs. May be repeated.")  # fmt: skip
@click.option("--since", metavar="WHEN",
              help="Begin 30s, 15m, 1h or 2d ago, at an ISO 8601 time, or a position.")  # fmt: skip
@click.option("--secret", type=SecretParam(),
              help="Signs: whsec_…, @FILE or -; else one is made for this run.")  # fmt: skip
@click.option("--print-secret", is_flag=True, help="Write the secret to stdout first.")
@click.option("--retries", type=click.IntRange(0, 20), default=3, show_default=True, metavar="N",
              help="Attempts after the first: after 1, 5, 15, 30 and then 60 s.")  # fmt: skip
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N events.")
@click.option("--skip-verify", is_flag=True, help="Do not check the receiver's certificate.")
@url_option
@click.pass_context
def listen(
    ctx: click.Context,
    output: Output,
    url: str | None,
    *,
    target: str,
    types: tuple[str, ...],
    channels: tuple[str, ...],
    since: str | None,
    secret: str | None,
    print_secret: bool,
    retries: int,
    count: int | None,
    skip_verify: bool,
) -> None:
    """Deliver webhooks to a receiver on this machine, until Ctrl-C.

    Events come over a connection that goes out from here, as whoever HUB_TOKEN is: no tunnel, no
    open port, and no endpoint in the hub. Each is sent as the hub would send it, signed by
    Standard Webhooks; a line tells its type, its id, the status of the answer and the milliseconds.

    On a terminal r sends the last event again, under the same webhook-id, and q ends.

    With -o json each attempt is one object on a line. With --count the exit code is 1 when an event
    was not delivered.
    """
    from hub.cli.listen_run import Run, run

    delivered = run(
        Run(
            url, target, channels=channels, types=types or ("*",), since=since, secret=secret,
            print_secret=print_secret, retries=retries, limit=count, verify=not skip_verify,
        ),
        output,
    )  # fmt: skip
    if not delivered:
        ctx.exit(1)
