"""The timeline of one event, as people read it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hub.cli.event_line import printable


class Step(NamedTuple):
    """One line: when, what, where, and more of it.

    Attributes:
        at: RFC 3339; None where nobody remembers.
        known: False for what is said in place of a step that nobody remembers.
    """

    at: str | None
    what: str
    where: str
    more: str = ""
    known: bool = True


def timeline(answer: Mapping[str, Any]) -> RenderableType:
    """Return the answer of `GET /api/events/{id}/trace`: what it is, then what happened to it."""
    steps = list(_steps(answer))
    base = _time(answer["accepted_at"]) or _time(answer["timestamp"])
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim", no_wrap=True)
    for _ in range(3):
        table.add_column(no_wrap=True)
    for step in sorted(steps, key=lambda step: (not step.known, step.at or "")):
        style = "bold" if step.known else "yellow"
        table.add_row(_since(step.at, base), Text(step.what, style), step.where, Text(step.more))
    return Group(_head(answer), *_facts(answer), Text(), table)


def _head(answer: Mapping[str, Any]) -> Text:
    return Text.assemble(
        (printable(answer["channel"]), "cyan"),
        (f" #{answer['offset']}", "bold"),
        f"  {printable(answer['type'])}",
        (f"  {printable(answer['id'])}", "dim"),
    )


def _facts(answer: Mapping[str, Any]) -> Iterator[Text]:
    yield Text.assemble(("  by     ", "dim"), printable(answer["owner"]))
    yield Text.assemble(("  at     ", "dim"), printable(answer["timestamp"]))
    if answer["trace"]:
        yield Text.assemble(("  trace  ", "dim"), printable(answer["trace"]))


def _steps(answer: Mapping[str, Any]) -> Iterator[Step]:
    taker = answer["accepted_by"]
    if taker is None:
        yield Step(answer["timestamp"], "committed", "", "the node that took it has forgotten it")
    else:
        where = f"node {printable(taker)}"
        yield Step(answer["accepted_at"], "accepted", where)
        yield Step(answer["committed_at"], "committed", where, "on disk")
        yield Step(answer["announced_at"], "announced", where)
    for node in answer["nodes"]:
        yield from _at_node(node)
    for webhook in answer["webhooks"]:
        yield from _at_webhook(webhook)
    for name in answer["incomplete"]:
        if name == "?":
            yield Step(None, "unknown", "other nodes", "the broker is away", known=False)
        else:
            yield Step(None, "no answer", f"node {printable(name)}", known=False)


def _at_node(node: Mapping[str, Any]) -> Iterator[Step]:
    where, clients = f"node {printable(node['node'])}", node["clients"]
    if node["received_at"] is not None:
        yield Step(node["received_at"], "received", where)
    if node["delivered_at"] is not None:
        yield Step(node["delivered_at"], "delivered", where, _counted(clients))
    elif clients is None:
        yield Step(None, "forgotten", where, "whom it reached is not known there", known=False)
    else:
        yield Step(None, "no clients", where, "nobody followed the channel live", known=False)


def _at_webhook(webhook: Mapping[str, Any]) -> Iterator[Step]:
    where, state = f"webhook {printable(webhook['webhook_id'])}", printable(webhook["state"])
    for attempt in webhook["attempts"]:
        failure, status = attempt["failure"], attempt["status"]
        said = "no answer" if status is None else f"answered {status}"
        why = f", {printable(failure)}" if failure else ""
        more = f"try {attempt['number']}, {attempt['duration_ms']:.1f} ms{why}"
        yield Step(attempt["at"], said, where, more)
    if state != "delivered":
        reason = webhook["reason"]
        yield Step(None, state, where, printable(reason) if reason else "", known=False)


def _counted(clients: int) -> str:
    return f"{clients:,} client{'' if clients == 1 else 's'}"


def _since(at: str | None, base: datetime | None) -> str:
    moment = _time(at)
    if moment is None or base is None:
        return ""
    if moment == base:
        return f"{moment.astimezone():%H:%M:%S.%f}"
    past_ms = (moment - base).total_seconds() * 1000
    return f"{past_ms:+.1f} ms" if abs(past_ms) < 1000 else f"{past_ms / 1000:+.2f} s"  # noqa: PLR2004


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
