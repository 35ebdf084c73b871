"""What people read of webhooks, deliveries, attempts and replays."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from rich.text import Text

from hub.cli.event_line import printable

_STATES = {
    "active": "green",
    "paused": "yellow",
    "disabled": "red",
    "delivered": "green",
    "dead": "red",
    "cancelled": "dim",
    "held": "yellow",
    "running": "blue",
    "done": "green",
}
_TIME = 19


def webhook_line(webhook: Mapping[str, Any]) -> Text:
    """Return one webhook in a line."""
    line = Text.assemble(
        (printable(webhook["id"]), "bold"),
        "  ",
        _state(webhook["state"], 8),
        f"  {printable(webhook['url'])}  ",
        (printable(", ".join(webhook["event_types"])), "cyan"),
    )
    health = webhook["health"]
    if health["circuit"] != "closed":
        line.append(f"  circuit {health['circuit']}", "red")
    if health["failures"]:
        line.append(f"  {health['failures']} failures in a row", "red")
    waiting = sum(webhook["waiting"].values())
    if waiting:
        line.append(f"  {waiting} waiting", "yellow")
    if webhook["why"]:
        line.append(f"  {printable(webhook['why'])}", "dim")
    return line


def webhook_lines(webhooks: Sequence[Mapping[str, Any]]) -> Text:
    """Return a list of webhooks."""
    if not webhooks:
        return Text("no webhooks: `hub webhooks create ADDRESS` makes the first")
    return Text("\n").join(webhook_line(one) for one in webhooks)


def webhook_details(webhook: Mapping[str, Any]) -> Text:
    """Return everything of a webhook, a field a line."""
    lines = [webhook_line(webhook)]
    for name, value in webhook.items():
        if name in {"id", "url"} or value in (None, "", [], {}):
            continue
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        lines.append(Text.assemble((f"  {name:<14}", "dim"), printable(text)))
    return Text("\n").join(lines)


def outcome_line(outcome: Mapping[str, Any]) -> Text:
    """Return what became of a test event."""
    good = outcome["delivered"]
    said = f"{outcome['status'] or 'no answer'}"
    return Text.assemble(
        ("✓ taken" if good else "✗ not taken", "green" if good else "bold red"),
        f"  {said}  {outcome['duration_ms']:.0f} ms",
        ("" if good else f"  {outcome['failure']}", "red"),
    )


def delivery_lines(deliveries: Sequence[Mapping[str, Any]]) -> Text:
    """Return a list of deliveries."""
    if not deliveries:
        return Text("no deliveries")
    return Text("\n").join(_delivery(one) for one in deliveries)


def attempt_lines(delivery: Mapping[str, Any]) -> Text:
    """Return a delivery, and below it its attempts."""
    return Text("\n").join([_delivery(delivery), *map(_attempt, delivery["tried"])])


def replay_line(replay: Mapping[str, Any]) -> Text:
    """Return how far a replay is."""
    return Text.assemble(
        (printable(replay["id"]), "bold"),
        "  ",
        _state(replay["state"], 7),
        f"  {replay['seen']} looked at, {replay['again']} sent again",
    )


def _delivery(delivery: Mapping[str, Any]) -> Text:
    event = delivery["event"]
    line = Text.assemble(
        (delivery["created_at"][:_TIME], "dim"),
        f"  {printable(delivery['id'])}  ",
        _state(delivery["state"], 9),
        f"  {printable(event['type']):<16}  ",
        (printable(event["id"]), "dim"),
        f"  {delivery['attempts']} attempts",
    )
    if delivery["reason"]:
        line.append(f"  {printable(delivery['reason'])}", "red")
    if delivery["due_at"]:
        line.append(f"  due {delivery['due_at'][:_TIME]}", "yellow")
    return line


def _attempt(attempt: Mapping[str, Any]) -> Text:
    good = attempt["failure"] is None
    line = Text.assemble(
        (f"  {attempt['at'][:_TIME]}", "dim"),
        f"  #{attempt['number']}",
        (f"  {attempt['status'] or '---'}", "green" if good else "red"),
        f"  {attempt['total_ms']:.0f} ms",
        (f"  {attempt['address'] or ''}", "dim"),
    )
    if not good:
        line.append(f"  {attempt['failure']}: {printable(attempt['detail'])}", "red")
    return line


def _state(state: str, width: int) -> tuple[str, str]:
    return f"{state:<{width}}", _STATES.get(state, "blue")
