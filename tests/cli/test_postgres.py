"""Commands on PostgreSQL: what works on a data file works there, or says what to use instead."""

import json
from collections.abc import Iterator

import httpx
import pytest

from hub.stores.postgres import migrations
from support.commands import Finished, finish, run, start
from support.postgres_server import PostgresServer, postgres_server
from support.running import CONTRACT

NOWHERE = "postgresql://hub:geheim@127.0.0.1:1/hub"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that answers."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """An empty database, addressed as the seeds do."""
    return postgres.database().replace("postgresql://", "postgresql+asyncpg://")


def answer(finished: Finished) -> object:
    """Return what a command said with `-o json`."""
    assert finished.code == 0, finished.err
    return json.loads(finished.out)


def test_the_schema_is_brought_up_to_date(database: str) -> None:
    """Once; a status before, between and after says how it stands."""
    before = run("migrate", "status", "-o", "json", DATABASE_URL=database)
    first = run("migrate", "-o", "json", DATABASE_URL=database)
    second = run("migrate", "-o", "json", DATABASE_URL=database)
    after = run("migrate", "status", "-o", "json", DATABASE_URL=database)

    place = f"postgresql://{database.partition('@')[2]}"
    assert '"applied_at":null' in before.out.replace(" ", "")
    names = [migration.name for migration in migrations.known()]
    assert answer(first) == {"data_file": place, "applied": names}
    assert answer(second) == {"data_file": place, "applied": []}
    assert "null" not in after.out


def test_check_asks_the_database(database: str) -> None:
    """It answers, or the finding says what is wrong, without the password."""
    well = run("check", "-o", "json", DATABASE_URL=database, PORT="0")
    pending = run("check", "-o", "json", DATABASE_URL=database, HUB_MIGRATE_ON_START="0", PORT="0")
    away = run("check", DATABASE_URL=NOWHERE, PORT="0")

    assert (well.code, pending.code, away.code) == (0, 1, 1)
    assert "run `hub migrate`" in pending.out
    assert "no PostgreSQL answers there" in away.out
    assert "geheim" not in away.out + away.err


def test_a_new_epoch_is_written(database: str) -> None:
    """It is due after a restore, whatever the store."""
    first = run("log", "new-epoch", "--yes", "-o", "json", DATABASE_URL=database)
    second = run("log", "new-epoch", "--yes", "-o", "json", DATABASE_URL=database)

    assert json.loads(first.out)["new_epoch"] == json.loads(second.out)["old_epoch"]


def test_a_backup_is_the_servers_own(database: str) -> None:
    """The line names the tool."""
    finished = run("backup", "copy.db", DATABASE_URL=database)

    assert finished.code == 2
    assert "use pg_dump" in finished.err


def test_a_hub_serves_from_it(database: str) -> None:
    """The address shown has no user and no password; a restart goes on where it was."""
    offsets, places = [], set()
    for _ in range(2):
        process = start("serve", "-o", "json", PORT="0", DATABASE_URL=database)
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        offsets.append(httpx.post(f"{told['url']}update", json=CONTRACT).json()["offset"])
        places.add(told["data_file"])
        process.terminate()
        assert finish(process).code == 0

    assert offsets == [1, 2]
    assert places == {f"postgresql://{database.partition('@')[2]}"}


@pytest.mark.parametrize(
    ("url", "phrase"),
    [
        pytest.param(NOWHERE, "no PostgreSQL answers there", id="nobody there"),
        pytest.param("MISSING", "PostgreSQL refuses", id="no such database"),
    ],
)
def test_a_start_without_a_database_is_one_line(
    postgres: PostgresServer, url: str, phrase: str
) -> None:
    """Cause and remedy, exit code 2, no traceback, no secret."""
    if url == "MISSING":
        url = postgres.database() + "x"

    finished = run("serve", PORT="0", DATABASE_URL=url)

    assert finished.code == 2
    assert phrase in finished.err
    assert finished.err.count("\n") == 1
    assert "geheim" not in finished.err


def test_pending_migrations_are_not_applied_unasked(database: str) -> None:
    """With HUB_MIGRATE_ON_START=0 a start ends and says what to do."""
    finished = run("serve", PORT="0", DATABASE_URL=database, HUB_MIGRATE_ON_START="0")

    assert finished.code == 2
    assert "run `hub migrate`" in finished.err
