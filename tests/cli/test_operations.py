"""`hub migrate`, `backup` and `log new-epoch`: what an operator does with the data."""

import json
import resource
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.settings import Settings
from hub.stores import migrations
from support.commands import Finished, invoke, run
from support.running import CONTRACT, HubProcess, hub_process


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    """A data file with an up-to-date schema, where no hub runs."""
    file = tmp_path / "hub.db"
    assert at(file, "migrate").code == 0
    return file


def at(file: Path, *args: str, **environ: str) -> Finished:
    """Run a command on a data file."""
    return invoke(*args, DATABASE_URL=f"sqlite:///{file}", **environ)


def test_migrate_applies_once(tmp_path: Path) -> None:
    """The first run applies every migration, the second finds nothing to do."""
    file = tmp_path / "hub.db"

    first = json.loads(at(file, "migrate", "-o", "json").out)
    second = json.loads(at(file, "migrate", "-o", "json").out)

    assert first["applied"] == [migration.name for migration in migrations.known()]
    assert second["applied"] == []
    assert "nothing to do" in at(file, "migrate").out


def test_migrate_says_what_it_applied(tmp_path: Path) -> None:
    """People read the names of what was applied."""
    assert "applied 0001_log" in at(tmp_path / "hub.db", "migrate").out


def test_migrate_status_changes_nothing(tmp_path: Path) -> None:
    """Where no data file is, everything is pending, and none is made."""
    file = tmp_path / "hub.db"

    finished = at(file, "migrate", "status", "-o", "json")

    rows = json.loads(finished.out)
    assert [row["number"] for row in rows] == [m.number for m in migrations.known()]
    assert {row["applied_at"] for row in rows} == {None}
    assert list(tmp_path.iterdir()) == []


def test_migrate_status_is_readable_beside_a_running_hub(served: HubProcess) -> None:
    """A running hub does not keep anybody from reading how the schema stands."""
    finished = at(served.folder / "hub.db", "migrate", "status")

    assert finished.code == 0
    assert "applied" in finished.out
    assert "pending" not in finished.out


def test_migrate_status_shows_what_is_pending(tmp_path: Path) -> None:
    """A new schema is shown as pending."""
    assert "pending  0001_log" in at(tmp_path / "hub.db", "migrate", "status").out


@pytest.mark.parametrize(
    "args", [("migrate",), ("log", "new-epoch", "--yes")], ids=["migrate", "new epoch"]
)
def test_running_hub_is_not_disturbed(served: HubProcess, args: tuple[str, ...]) -> None:
    """What changes the file is refused while a hub holds it."""
    finished = at(served.folder / "hub.db", *args)

    assert (finished.code, finished.out) == (2, "")
    assert "another hub holds the data file" in finished.err


def test_backup_restores_with_a_new_epoch(tmp_path: Path) -> None:
    """A copy of a running hub's log, put back, serves on; old positions are told of a gap."""
    copy = tmp_path / "copy.db"
    with hub_process(tmp_path) as hub:
        for number in range(20):
            httpx.post(f"{hub.url}/update", json={**CONTRACT, "contract_id": f"c-{number}"})
        made = json.loads(at(tmp_path / "hub.db", "backup", str(copy), "-o", "json").out)
        httpx.post(f"{hub.url}/update", json=CONTRACT)
        hub.kill()
        for left in tmp_path.glob("hub.db*"):
            left.unlink()
        shutil.copy(copy, tmp_path / "hub.db")
        changed = json.loads(at(tmp_path / "hub.db", "log", "new-epoch", "--yes", "-o", "json").out)
        hub.start()
        page = httpx.get(f"{hub.url}/contracts/history").json()

    assert made["heads"] == {"contracts": 20}
    assert changed["old_epoch"] == made["epoch"]
    assert changed["new_epoch"] == page["epoch"] != made["epoch"]
    assert [event["offset"] for event in page["events"]] == list(range(1, 21))


def test_backup_is_one_file(data_file: Path, tmp_path: Path) -> None:
    """The copy needs nothing beside it, and nothing half-made stays."""
    target = tmp_path / "copies" / "hub.db"
    target.parent.mkdir()

    finished = at(data_file, "backup", str(target))

    assert finished.out.startswith(f"saved {target}")
    assert "hub log new-epoch" in finished.err
    assert list(target.parent.iterdir()) == [target]
    with sqlite3.connect(f"{target.as_uri()}?mode=ro", uri=True) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    copy.close()


def test_backup_overwrites_only_by_force(data_file: Path, tmp_path: Path) -> None:
    """An existing file is kept unless `--force` is said."""
    target = tmp_path / "old.db"
    target.write_text("old")

    refused = at(data_file, "backup", str(target))
    kept = target.read_text()
    forced = at(data_file, "backup", str(target), "--force")

    assert (refused.code, kept) == (2, "old")
    assert "--force" in refused.err
    assert forced.code == 0
    assert target.read_bytes().startswith(b"SQLite format 3")


def test_backup_mentions_artifacts(data_file: Path, tmp_path: Path) -> None:
    """Who has uploaded artifacts is told that they are not in the copy."""
    folder = Settings(database_url=f"sqlite:///{data_file}").artifacts_folder
    folder.mkdir()
    (folder / "a").write_text("")

    assert f"copy the folder {folder} too" in at(data_file, "backup", str(tmp_path / "b")).err


def test_backup_mentions_the_keys_of_webhooks(data_file: Path, tmp_path: Path) -> None:
    """They are not in the copy, and without them a restored hub signs nothing."""
    keys = data_file.with_name(f"{data_file.name}.keys")
    keys.write_text("")

    assert f"keep {keys}" in at(data_file, "backup", str(tmp_path / "b")).err


@pytest.fixture
def small_disk(data_file: Path) -> Iterator[Path]:
    """A host where a file may grow to the shared memory of a WAL, not to a whole log."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40 * 1024, before[1]))
    yield data_file
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_backup_that_finds_no_room_leaves_nothing(small_disk: Path, tmp_path: Path) -> None:
    """A copy that cannot be written whole is told of with code 1, and nothing of it stays."""
    folder = tmp_path / "copies"
    folder.mkdir()

    finished = at(small_disk, "backup", str(folder / "copy.db"))

    assert (finished.code, finished.out) == (1, "")
    assert f"cannot write {folder}/copy.db" in finished.err
    assert list(folder.iterdir()) == []


def test_backup_needs_a_folder(data_file: Path, tmp_path: Path) -> None:
    """A folder that does not exist is not made by a slip of the pen."""
    finished = at(data_file, "backup", str(tmp_path / "none" / "copy.db"))

    assert (finished.code, finished.out) == (2, "")
    assert "existing folder" in finished.err


@pytest.mark.parametrize(
    "args",
    [("backup", "copy.db"), ("log", "new-epoch", "--yes")],
    ids=["backup", "new epoch"],
)
def test_missing_data_file_is_not_made(tmp_path: Path, args: tuple[str, ...]) -> None:
    """Where there is no log there is nothing to copy or to change."""
    file = tmp_path / "none.db"

    finished = at(file, *args)

    assert finished.code == 2
    assert f"{file}, found none" in finished.err
    assert not file.exists()


def test_new_epoch_asks_first(data_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the change is asked about; no leaves everything as it was."""
    monkeypatch.setattr("hub.cli.log.can_ask", lambda: True)

    declined = invoke("log", "new-epoch", stdin="n\n", DATABASE_URL=f"sqlite:///{data_file}")
    agreed = invoke("log", "new-epoch", stdin="y\n", DATABASE_URL=f"sqlite:///{data_file}")

    assert (declined.code, declined.out) == (1, "")
    assert "Go on?" in declined.err
    assert agreed.code == 0
    assert agreed.out.startswith("epoch ")


def test_new_epoch_is_not_guessed(data_file: Path) -> None:
    """Where nobody can be asked, `--yes` must have been said."""
    finished = run("log", "new-epoch", DATABASE_URL=f"sqlite:///{data_file}")

    assert (finished.code, finished.out) == (2, "")
    assert "--yes" in finished.err
