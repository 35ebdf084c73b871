"""`hub webhooks deliveries` and `replay`: what became of events, and once more."""

import time
from typing import Any

import click

from hub.cli.command import Command
from hub.cli.hub_option import url_option
from hub.cli.output import Output

_LOOK_S = 0.5
_STATES = ("queued", "pending", "sending", "held", "delivered", "dead", "cancelled")


@click.command(
    cls=Command,
    examples=(
        "hub webhooks deliveries ep_7tMx0Q4bVn2e",
        "hub webhooks deliveries ep_7tMx0Q4bVn2e --state dead --events 'job_*' -o json",
        "hub webhooks deliveries dl_0197f3c2-5a10-7c3e-9a50-3f2b8a1c4d5e",
    ),
)
@click.argument("id_", metavar="ID")
@click.option("--state", type=click.Choice(_STATES), multiple=True, help="May be repeated.")
@click.option("--events", "event_type", metavar="TYPE", help="Of this type, * is any text.")
@click.option("--since", metavar="TIME", help="Made since this time, ISO 8601.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@url_option
def deliveries(
    output: Output, url: str | None, *, id_: str, state: tuple[str, ...], limit: int, **query: Any
) -> None:
    """List what a webhook was sent, newest first; of a delivery (dl_…), its attempts."""
    from hub.cli.posting import send
    from hub.cli.webhook_lines import attempt_lines, delivery_lines

    if id_.startswith("dl_"):
        one = send(url, 0, lambda hub: hub.webhooks.delivery(id_))
        output.show(one, lambda: attempt_lines(one))
        return
    states = ",".join(state) or None
    page = send(
        url, 0, lambda hub: hub.webhooks.deliveries(id_, state=states, limit=limit, **query)
    )
    output.show(page["deliveries"], lambda: delivery_lines(page["deliveries"]))
    if page["next"] is not None:
        output.note(f"there are more: --limit up to 200, or `before={page['next']}` over REST")


@click.command(
    cls=Command,
    examples=(
        "hub webhooks replay dl_0197f3c2-5a10-7c3e-9a50-3f2b8a1c4d5e",
        "hub webhooks replay ep_7tMx0Q4bVn2e --state dead --since 2026-11-20T00:00:00Z --wait",
        "hub webhooks replay ep_7tMx0Q4bVn2e --channel jobs --after 6f1c2a90:1234",
    ),
)
@click.argument("id_", metavar="ID")
@click.option("--state", "states", type=click.Choice(["dead", "held", "cancelled", "delivered"]),
              multiple=True, help="Deliveries in this state; else dead and held.")  # fmt: skip
@click.option("--events", "event_types", multiple=True, metavar="TYPE",
              help="Of these types, * is any text.")  # fmt: skip
@click.option("--since", metavar="TIME", help="Made since this time, ISO 8601.")
@click.option("--channel", help="With --after: every event of it, also those never sent.")
@click.option("--after", metavar="POSITION", help="Behind this position, epoch:offset.")
@click.option("--wait", is_flag=True, help="Wait for its end, and tell how far it is.")
@url_option
def replay(output: Output, url: str | None, *, id_: str, wait: bool, **asked: Any) -> None:
    """Send a delivery (dl_…) again, or in the background all of a webhook that fit.

    Each goes under the same webhook-id as before. Ctrl-C ends the waiting, not the replay.
    """
    from hub.cli.posting import send
    from hub.cli.webhook_lines import delivery_lines, replay_line

    given = {name: value for name, value in asked.items() if value}
    if id_.startswith("dl_"):
        if given or wait:
            raise click.UsageError("expected a delivery alone, got options that are of webhooks")
        one = send(url, 0, lambda hub: hub.webhooks.replay_delivery(id_))
        output.show(one, lambda: delivery_lines([one]))
        return
    if ("channel" in given) != ("after" in given):
        raise click.UsageError("expected --channel and --after together, got one of them")
    begun = send(url, 0, lambda hub: hub.webhooks.replay(id_, **given))
    ended = _ended(output, url, begun) if wait else begun
    output.show(ended, lambda: replay_line(ended))


def _ended(output: Output, url: str | None, begun: dict[str, Any]) -> dict[str, Any]:
    """Return a replay when it has ended."""
    from hub.cli.posting import send

    replay_id, seen = begun["id"], -1
    now = begun
    while now["state"] == "running":
        if now["seen"] != seen:
            seen = now["seen"]
            output.note(f"{seen} looked at, {now['again']} to be sent again")
        time.sleep(_LOOK_S)
        now = send(url, 3, lambda hub: hub.webhooks.replay_status(replay_id))
    return now
