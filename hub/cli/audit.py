"""`hub audit`: read the audit log, and find out whether somebody has changed it."""

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import click
import msgspec
from rich.text import Text

from hub.cli.command import Group
from hub.cli.configuration import load_settings
from hub.cli.json_line import json_line
from hub.cli.output import Output
from hub.model.audit import DONE, MAX_DETAILS, Record, clean, details_of
from hub.model.timestamp import to_rfc3339
from hub.settings import Settings
from hub.stores.audit import AuditQuery

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_LONG = 20_000


class Verdict(msgspec.Struct):
    """What `hub audit verify` has found.

    Attributes:
        signed: Seals whose signature holds; None: there was no key to check them with.
        sealed: Newest record in a seal.
        forgotten: Newest record that retention has removed.
        head: Newest hash.
        faults: What is wrong, each with the first record that it touches.
    """

    ok: bool
    records: int
    seals: int
    signed: int | None
    sealed: int
    forgotten: int
    last_seq: int
    head: str
    faults: list[dict[str, int | str]]


@click.group(
    cls=Group,
    examples=("hub audit list --last 50", "hub audit verify"),
)
def audit() -> None:
    """Read the audit log: who did what, who was refused, and whether it still holds."""


@audit.command(
    "list",
    examples=(
        "hub audit list --last 50",
        "hub audit list --action access.refused --since 1h -o json",
        "hub audit list --actor ops --since 2026-11-21T09:00:00Z",
    ),
)
@click.option(
    "--last",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    metavar="N",
    help="The last N records of those that match.",
)
@click.option("--since", metavar="WHEN", help="Begin there: 30s, 15m, 1h or 2d ago, or ISO 8601.")
@click.option("--action", help="Only this action, like key.revoke or access.refused.")
@click.option("--actor", help="Only what this principal did.")
def list_(
    output: Output, *, last: int, since: str | None, action: str | None, actor: str | None
) -> None:
    """List records, oldest first, also while a hub runs."""
    settings = load_settings(output)
    query = AuditQuery(last, action=action, actor=actor, since_us=_time(since))
    for record in asyncio.run(_read(settings, query)):
        if output.json:
            click.echo(json_line(_fields(record)))
        else:
            output.stdout.print(_line(record), soft_wrap=True)


@audit.command(
    examples=(
        "hub audit verify",
        f"hub audit verify --head {'5d0c' * 16} -o json",
    ),
)
@click.option("--head", metavar="HASH", help="The hash of an `audit sealed` line, kept elsewhere.")
@click.pass_context
def verify(ctx: click.Context, output: Output, *, head: str | None) -> None:
    """Say whether the audit log is as it was sealed.

    It walks every seal and every record, also while a hub runs. HUB_AUDIT_KEY checks the
    signatures. Only --head finds out that the newest records and seals were cut off together:
    give it the newest hash that the hub has logged to where the database's owner cannot reach.
    Exit code 1: it does not hold.
    """
    if head is not None and not _HASH.fullmatch(head.strip()):
        raise click.UsageError("--head: expected a hash of 64 hexadecimal digits")
    verdict = asyncio.run(_verify(load_settings(output), head, output))
    output.show(verdict, lambda: _told(verdict, with_head=head is not None))
    if not verdict.ok:
        ctx.exit(1)


async def _read(settings: Settings, query: AuditQuery) -> Sequence[Record]:
    from hub.cli.audit_reading import audit_reader

    async with audit_reader(settings) as reader:
        return await reader.records(query)


async def _verify(settings: Settings, head: str | None, output: Output) -> Verdict:
    from hub.cli.audit_reading import audit_reader, walk

    async with audit_reader(settings) as reader:
        found = await walk(reader, settings.audit_keys, head, _progress(output))
    chain = found.chain
    return Verdict(
        ok=not chain.faults,
        records=chain.records,
        seals=chain.seals,
        signed=chain.signed if settings.audit_keys else None,
        sealed=found.state.sealed,
        forgotten=found.state.forgotten,
        last_seq=found.state.last_seq,
        head=found.head,
        faults=[fault._asdict() for fault in chain.faults],
    )


def _progress(output: Output) -> Callable[[int, int], None]:
    """Return what says on a terminal how far the walk is, where it takes long."""
    said = 0

    def reached(seq: int, last: int) -> None:
        nonlocal said
        if output.stderr.is_terminal and seq - said >= _LONG:
            said = seq
            output.note(f"{seq:,} of {last:,} records")

    return reached


def _time(since: str | None) -> int | None:
    if since is None:
        return None
    from hub.cli.since import moment

    try:
        at = moment(since, datetime.now(UTC))
    except ValueError as error:
        raise click.UsageError(f"--since: {error}") from error
    if at is None:
        raise click.UsageError(
            f"--since: expected 30s, 15m, 1h, 2d or an ISO 8601 time, got {since}"
        )
    return int(at.timestamp() * 1_000_000)


def _fields(record: Record) -> dict[str, object]:
    return {
        "seq": record.seq,
        "timestamp": to_rfc3339(record.at_us),
        **{name: value for name, value in record._asdict().items() if name not in _APART},
        "details": details_of(record),
    }


_APART = {"seq", "at_us", "details"}


def _line(record: Record) -> Text:
    """Return a record in one line."""
    style = "green" if record.outcome == DONE else "yellow"
    # It was kept printable, but somebody may have changed it; a terminal obeys escape codes.
    fields = {name: clean(str(value), MAX_DETAILS) for name, value in record._asdict().items()}
    details = fields["details"].removeprefix("{}")
    return Text.assemble(
        (f"#{record.seq:<6}", "dim"),
        (f" {to_rfc3339(record.at_us)[:19]}Z", "dim"),
        (f"  {fields['actor'] or '-':<12}", "bold"),
        f" {fields['action']:<15}",
        (f" {fields['outcome']:<8}", style),
        f"  {fields['target']}",
        (f"  {fields['address']} {fields['credential']} {details}".rstrip(), "dim"),
    )


def _told(verdict: Verdict, *, with_head: bool) -> Text:
    found = f"{verdict.records:,} records and {verdict.seals:,} seals"
    if verdict.ok:
        lines = [Text.assemble(("✓ ", "green"), f"{found} hold")]
    else:
        lines = [Text.assemble(("✗ ", "bold red"), f"{found} do not hold")]
        lines += [Text(f"  record {fault['seq']}: {fault['text']}") for fault in verdict.faults]
    lines += [Text(f"  {text}", "dim") for text in _remarks(verdict, with_head=with_head)]
    return Text("\n").join(lines)


def _remarks(verdict: Verdict, *, with_head: bool) -> list[str]:
    loose, remarks = verdict.last_seq - verdict.sealed, []
    if loose > 0:
        remarks.append(
            f"{loose:,} records are not sealed yet: of those only the numbers were checked"
        )
    if verdict.forgotten:
        remarks.append(f"records up to {verdict.forgotten:,} were forgotten by retention")
    if verdict.signed is None:
        remarks.append("signatures were not checked: HUB_AUDIT_KEY is not set")
    else:
        remarks.append(f"{verdict.signed:,} seals carry a signature that holds")
    if not with_head:
        remarks.append("the end was not compared: --head HASH does, with a hash that was logged")
    remarks.append(f"newest hash: {verdict.head or 'none'}")
    return remarks
