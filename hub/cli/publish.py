"""`hub publish`: post a contract, a job's report or a custom event through the SDK."""

from datetime import UTC, datetime
from typing import Any

import click
from rich.text import Text

from hub.cli.command import Group
from hub.cli.completing import complete_channels, complete_types
from hub.cli.hub_option import retries_option, url_option
from hub.cli.json_value import JsonObject
from hub.cli.output import Output
from hub.cli.publish_job import job
from hub.cli.receipt import receipt


@click.group(
    cls=Group,
    examples=(
        "hub publish contract --id c-1 --location Mumbai --status active",
        """hub publish event orders.eu order_placed '{"order_id":"o-7","total":99.5}'""",
    ),
)
def publish() -> None:
    """Send an update to a hub.

    When the command ends with exit code 0, the update is on disk, in order.
    """


@publish.command(
    examples=(
        "hub publish contract --id c-1 --location Mumbai --status active",
        "hub publish contract --id c-1 --location Chennai --status inactive --test",
    )
)
@click.option("--id", "contract_id", required=True, help="The contract's id.")
@click.option("--location", required=True, help="Chennai, Mumbai, Bengaluru or Hyderabad.")
@click.option("--status", required=True, type=click.Choice(["active", "inactive"]))
@click.option("--timestamp", default="now", show_default=True, help="When it became so, ISO 8601.")
@click.option("--test", is_flag=True, help="Push it marked as a test; nothing is stored.")
@url_option
@retries_option
def contract(output: Output, url: str | None, retries: int, *, test: bool, **fields: str) -> None:
    """Send a contract update."""
    from hub.cli.posting import send

    if fields["timestamp"] == "now":
        now = datetime.now(UTC)
        fields["timestamp"] = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
    answer = send(
        url, retries, lambda hub: (hub.test_contract if test else hub.send_contract)(fields)
    )
    output.show(answer, lambda: _contract(answer, fields))


@publish.command(
    examples=(
        """hub publish event orders.eu order_placed '{"order_id":"o-7","total":99.5}'""",
        "hub publish event orders.eu order_placed @order.json --key o-7",
    )
)
@click.argument("channel", shell_complete=complete_channels)
@click.argument("type_", metavar="TYPE", shell_complete=complete_types)
@click.argument("data", type=JsonObject(), metavar="JSON")
@click.option("--key", help="The entity it is about.")
@url_option
@retries_option
def event(
    output: Output,
    url: str | None,
    retries: int,
    *,
    channel: str,
    type_: str,
    data: dict[str, Any],
    key: str | None,
) -> None:
    """Send an event to a custom CHANNEL.

    The first event makes the channel. JSON is an object in place, @FILE, or - for stdin.
    """
    from hub.cli.posting import send

    answer = send(url, retries, lambda hub: hub.publish(channel, type_, data, key))
    output.show(answer, lambda: receipt(answer, (type_, "bold")))


publish.add_command(job)


def _contract(answer: dict[str, Any], fields: dict[str, str]) -> Text:
    line = receipt(answer, (fields["contract_id"], "bold"))
    line.append(f"  {fields['status']} in {fields['location']}")
    if answer.get("test"):
        line.append("  test, not stored", "magenta")
    elif not answer.get("applied"):
        line.append("  stale: the hub has a newer update of this contract", "yellow")
    return line
