"""`hub migrate`: bring the data file's schema up to date, or say how it stands."""

from collections.abc import Mapping, Sequence

import click
import msgspec
from rich.console import RenderableType
from rich.text import Text

from hub.cli.command import Group
from hub.cli.configuration import load_settings
from hub.cli.output import Output, output_of
from hub.model.timestamp import to_rfc3339


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("hub migrate", "hub migrate status -o json"),
)
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Apply pending migrations to the data file.

    The hub must be stopped. `hub serve` does this by itself, unless HUB_MIGRATE_ON_START=0.
    """
    if ctx.invoked_subcommand is not None:
        return
    output = output_of(ctx)
    settings = load_settings(output)
    from hub.clock import SystemClock
    from hub.stores import migrations
    from hub.stores.sqlite import DataFile

    file = DataFile(settings.data_file)
    try:
        todo = migrations.pending(file.writer, migrations.known())
        for migration in todo:
            migrations.apply(file.writer, migration, SystemClock().now_us())
    finally:
        file.close()
    names = [migration.name for migration in todo]
    answer = {"data_file": str(settings.data_file.absolute()), "applied": names}
    output.show(answer, lambda: _done(names))


@migrate.command(examples=("hub migrate status", "hub migrate status -o json"))
def status(output: Output) -> None:
    """List migrations, applied and pending. A hub may run meanwhile."""
    settings = load_settings(output)
    from hub.cli.reading import reading
    from hub.stores import migrations

    known = migrations.known()
    applied: dict[int, int] = {}
    if settings.data_file.exists():
        with reading(settings.data_file) as connection:
            migrations.pending(connection, known)
            applied = migrations.applied_at_us(connection)
    rows = [_row(migration.number, migration.name, applied) for migration in known]
    output.show(rows, lambda: _table(rows))


class Row(msgspec.Struct):
    """One migration and when it was applied; None is pending."""

    number: int
    name: str
    applied_at: str | None


def _row(number: int, name: str, applied: Mapping[int, int]) -> Row:
    at_us = applied.get(number)
    return Row(number, name, None if at_us is None else to_rfc3339(at_us))


def _done(names: Sequence[str]) -> RenderableType:
    if not names:
        return Text("nothing to do: every migration is applied")
    return Text("\n").join(Text.assemble(("applied ", "green"), name) for name in names)


def _table(rows: Sequence[Row]) -> RenderableType:
    return Text("\n").join(
        Text.assemble(("applied  ", "green"), f"{row.name:<24} ", (row.applied_at, "dim"))
        if row.applied_at
        else Text.assemble(("pending  ", "yellow"), row.name)
        for row in rows
    )
