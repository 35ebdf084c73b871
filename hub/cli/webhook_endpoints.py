"""`hub webhooks list`, `show`, `test`, `pause`, `resume` and `delete`."""

from typing import Any

import click
from rich.text import Text

from hub.cli.command import Command
from hub.cli.hub_option import url_option
from hub.cli.output import Output

_PAGE = 100


@click.command("list", cls=Command, examples=("hub webhooks list", "hub webhooks list -o json"))
@url_option
def list_(output: Output, url: str | None) -> None:
    """List webhooks, newest first: yours, or for operators all."""
    from hub.cli.posting import send
    from hub.cli.webhook_lines import webhook_lines
    from hub_client import MCPClient

    def every(hub: MCPClient) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        before = None
        while True:
            page = hub.webhooks.list(limit=_PAGE, before=before)
            found += page["webhooks"]
            before = page["next"]
            if before is None:
                return {"webhooks": found}

    webhooks = send(url, 0, every)["webhooks"]
    output.show(webhooks, lambda: webhook_lines(webhooks))


@click.command(
    cls=Command,
    examples=("hub webhooks show ep_7tMx0Q4bVn2e", "hub webhooks show ep_7tMx0Q4bVn2e -o json"),
)
@click.argument("webhook_id", metavar="ID")
@url_option
def show(output: Output, url: str | None, *, webhook_id: str) -> None:
    """Show a webhook: what it gets, how it fares, what waits for it."""
    from hub.cli.posting import send
    from hub.cli.webhook_lines import webhook_details

    webhook = send(url, 0, lambda hub: hub.webhooks.get(webhook_id))
    output.show(webhook, lambda: webhook_details(webhook))


@click.command(
    cls=Command,
    examples=("hub webhooks test ep_7tMx0Q4bVn2e", "hub webhooks test ep_7tMx0Q4bVn2e -o json"),
)
@click.argument("webhook_id", metavar="ID")
@url_option
@click.pass_context
def test(ctx: click.Context, output: Output, url: str | None, *, webhook_id: str) -> None:
    """Have the hub send a test event now. Exit code 1: it was not taken."""
    from hub.cli.posting import send
    from hub.cli.webhook_lines import outcome_line

    outcome = send(url, 0, lambda hub: hub.webhooks.test(webhook_id))
    output.show(outcome, lambda: outcome_line(outcome))
    if not outcome["delivered"]:
        ctx.exit(1)


@click.command(
    cls=Command,
    examples=(
        "hub webhooks pause ep_7tMx0Q4bVn2e",
        "hub webhooks pause ep_7tMx0Q4bVn2e --reason 'moving the database'",
    ),
)
@click.argument("webhook_id", metavar="ID")
@click.option("--reason", default="", help="For those who look later.")
@url_option
def pause(output: Output, url: str | None, *, webhook_id: str, reason: str) -> None:
    """Send a webhook nothing; what comes for it is held."""
    from hub.cli.posting import send
    from hub.cli.webhook_lines import webhook_line

    webhook = send(url, 0, lambda hub: hub.webhooks.pause(webhook_id, reason))
    output.show(webhook, lambda: webhook_line(webhook))


@click.command(
    cls=Command,
    examples=(
        "hub webhooks resume ep_7tMx0Q4bVn2e",
        "hub webhooks resume ep_7tMx0Q4bVn2e --held discard",
    ),
)
@click.argument("webhook_id", metavar="ID")
@click.option(
    "--held",
    type=click.Choice(["send", "leave", "discard"]),
    help="What becomes of what was held meanwhile. Default: it is sent.",
)
@click.option("--adopt", is_flag=True, help="Make one yours that was made with AUTH=off.")
@url_option
def resume(
    output: Output, url: str | None, *, webhook_id: str, held: str | None, adopt: bool
) -> None:
    """Have a webhook go on, also one that was disabled.

    What was held meanwhile goes first, oldest first, before whatever comes. With `--held leave` it
    stays held, for `hub webhooks replay`; with `--held discard` it is cancelled.

    A webhook that was made with AUTH=off is paused once people have to say who they are: nobody
    answers for it. With --adopt it becomes yours, and gets what you may read.
    """
    from hub.cli.posting import send
    from hub.cli.webhook_lines import webhook_line

    webhook = send(url, 0, lambda hub: hub.webhooks.resume(webhook_id, held, adopt=adopt))
    output.show(webhook, lambda: webhook_line(webhook))


@click.command(
    cls=Command,
    examples=("hub webhooks delete ep_7tMx0Q4bVn2e", "hub webhooks delete ep_7tMx0Q4bVn2e -o json"),
)
@click.argument("webhook_id", metavar="ID")
@url_option
def delete(output: Output, url: str | None, *, webhook_id: str) -> None:
    """Remove a webhook for good; what waits for it is cancelled."""
    from hub.cli.posting import send

    answer = send(url, 0, lambda hub: hub.webhooks.delete(webhook_id))
    output.show(answer, lambda: Text.assemble(("removed ", "red"), webhook_id))
