"""The check of `hub check` on webhooks that nobody answers for."""

import asyncio
import sqlite3
from collections.abc import Iterator

from hub.cli.finding import Finding
from hub.cli.reading import reading
from hub.errors import HubError
from hub.model.endpoint import Endpoint
from hub.model.principal import ANONYMOUS
from hub.settings import Settings
from hub.stores.webhook_rows import endpoint_of
from hub.webhooks.unclaimed import is_unclaimed

_THEIRS = "SELECT document FROM webhook_endpoints WHERE live = 1 AND owner = "
_THERE = "SELECT to_regclass('webhook_endpoints') IS NOT NULL"
_NAMED = 3


def webhook_findings(settings: Settings) -> Iterator[Finding]:
    """Look for webhooks that were made with AUTH=off, where one must say who one is."""
    if not settings.auth_required:
        return
    try:
        found = _found(settings)
    except (HubError, OSError, sqlite3.Error):
        return  # no database yet, or an older one; others say so
    names = [one.id for one in found if is_unclaimed(one)]
    if names:
        text = f"{len(names)} made with AUTH=off, by nobody: {', '.join(names[:_NAMED])}"
        remedy = (
            "they are paused, what comes is held: `hub webhooks resume ID --adopt`, or delete them"
        )
        yield Finding("webhooks", "warning", text + ", …" * (len(names) > _NAMED), remedy)


def _found(settings: Settings) -> list[Endpoint]:
    if settings.postgres_url is not None:
        return asyncio.run(_ask(settings.postgres_url))
    with reading(settings.data_file) as connection:
        rows = connection.execute(f"{_THEIRS} ?", (ANONYMOUS.name,)).fetchall()
    return [endpoint_of(document) for (document,) in rows]


async def _ask(url: str) -> list[Endpoint]:
    from hub.stores.postgres.database import Database

    database = Database(url)
    try:
        await database.open()
        if not await database.use(lambda c: c.fetchval(_THERE)):
            return []
        rows = await database.use(lambda c: c.fetch(f"{_THEIRS} $1", ANONYMOUS.name))
        return [endpoint_of(row[0]) for row in rows]
    finally:
        await database.close()
