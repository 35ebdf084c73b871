"""`hub migrate`: bring the schema up to date, or say how it stands."""

import asyncio
from collections.abc import Mapping, Sequence

import click
import msgspec
from rich.console import RenderableType
from rich.text import Text

from hub.cli.command import Group
from hub.cli.configuration import load_settings
from hub.cli.output import Output, output_of
from hub.model.timestamp import to_rfc3339
from hub.settings import Settings
from hub.stores import migrations
from hub.stores.migrations import Migration


@click.group(
    cls=Group,
    invoke_without_command=True,
    examples=("hub migrate", "hub migrate status -o json"),
)
@click.pass_context
def migrate(ctx: click.Context) -> None:
    """Apply pending migrations.

    A hub on a data file must be stopped for it; nodes on PostgreSQL may run (docs/operations.md).
    `hub serve` does this by itself, unless HUB_MIGRATE_ON_START=0.
    """
    if ctx.invoked_subcommand is not None:
        return
    output = output_of(ctx)
    settings = load_settings(output)
    names = asyncio.run(_bring(settings))
    output.show({"data_file": settings.data_place, "applied": names}, lambda: _done(names))


@migrate.command(examples=("hub migrate status", "hub migrate status -o json"))
def status(output: Output) -> None:
    """List migrations, applied and pending. A hub may run meanwhile."""
    settings = load_settings(output)
    known, applied = schema(settings)
    rows = [_row(migration.number, migration.name, applied) for migration in known]
    output.show(rows, lambda: _table(rows))


def schema(settings: Settings) -> tuple[Sequence[Migration], Mapping[int, int]]:
    """Return the migrations of this hub, and when each that is applied was applied.

    Raises:
        Misconfigured: The database cannot be read, or its schema is not of this hub.
    """
    return _look(settings) if settings.postgres_url is None else _ask(settings)


async def _bring(settings: Settings) -> list[str]:
    from hub.clock import SystemClock
    from hub.stores.log import SqliteLog
    from hub.stores.postgres.database import Database
    from hub.stores.postgres.log import PostgresLog
    from hub.stores.sqlite import DataFile

    url = settings.postgres_url
    if url is None:
        file = SqliteLog(DataFile(settings.data_file), SystemClock())
        try:
            return file.migrate()
        finally:
            await file.close()
    log = PostgresLog(Database(url), SystemClock())
    try:
        return await log.migrate()
    finally:
        await log.close()


def _look(settings: Settings) -> tuple[Sequence[Migration], Mapping[int, int]]:
    from hub.cli.reading import reading

    known = migrations.known()
    if not settings.data_file.exists():
        return known, {}
    with reading(settings.data_file) as connection:
        migrations.pending(connection, known)
        return known, migrations.applied_at_us(connection)


def _ask(settings: Settings) -> tuple[Sequence[Migration], Mapping[int, int]]:
    from hub.stores.postgres import migrations as ours
    from hub.stores.postgres.database import Database

    async def ask() -> Mapping[int, int]:
        database = Database(settings.postgres_url or "")
        try:
            await database.open()
            return await database.use(ours.applied_at_us)
        finally:
            await database.close()

    return ours.known(), asyncio.run(ask())


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
