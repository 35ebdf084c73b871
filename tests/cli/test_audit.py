"""`hub audit`: what was done is listed, and whoever changes it is found."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.commands import Finished, invoke, run
from support.postgres_server import PostgresServer, postgres_server
from support.running import CONTRACT, HubProcess, hub_process

KEY = "kQ7vX2mB9zT4wL8pR3nY6hJ1dF5gS0cA"
OTHER = KEY[::-1]
SECRET = "hub_0a1b2c3d4e5f_" + "S3cret" * 8
FOREIGN = {"Origin": "http://evil.example"}
FREE = "DROP TRIGGER audit_{0}s_stay; DROP TRIGGER audit_{0}s_kept; DROP TRIGGER audit_{0}s_once"


def act(hub: HubProcess) -> None:
    """Do what is recorded, and what is refused."""
    for name in ("orders", "moves", "prices"):
        httpx.put(f"{hub.url}/api/channels/{name}", json={})
    httpx.get(f"{hub.url}/api/jobs", headers={**FOREIGN, "Authorization": f"Bearer {SECRET}"})
    httpx.get(f"{hub.url}/{SECRET}?token={SECRET}", headers=FOREIGN)


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that answers."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a hub that was used and has stopped."""
    folder = tmp_path_factory.mktemp("used")
    with hub_process(folder, HUB_AUDIT_KEY=KEY) as hub:
        act(hub)
    return folder


@pytest.fixture
def data(used: Path, tmp_path: Path) -> Path:
    """A copy of its data file, with its log of lines beside it."""
    for name in ("hub.db", "hub.log"):
        shutil.copy(used / name, tmp_path / name)
    return tmp_path / "hub.db"


def verified(data: Path, *args: str, **environ: str) -> Finished:
    """Verify a data file with the key."""
    environ = {"DATABASE_URL": f"sqlite:///{data}", "HUB_AUDIT_KEY": KEY, **environ}
    return invoke("audit", "verify", *args, **environ)


def tamper(data: Path, *statements: str) -> None:
    """Work on the file as its owner: who can write it can drop its triggers."""
    with sqlite3.connect(data) as connection:
        for table in ("record", "seal"):
            connection.executescript(FREE.format(table))
        for statement in statements:
            connection.execute(statement)
    connection.close()


def heads(folder: Path) -> list[str]:
    """Return the hashes that a hub has logged."""
    lines = map(json.loads, (folder / "hub.log").read_text().splitlines())
    return [line["hash"] for line in lines if line["event"] == "audit sealed"]


def test_a_log_that_nobody_touched_holds(data: Path) -> None:
    """With how much was looked at, and against the head that the hub has logged."""
    finished = verified(data, "--head", heads(data.parent)[-1], "-o", "json")

    told = json.loads(finished.out)
    assert finished.code == 0
    assert (told["ok"], told["records"], told["sealed"], told["faults"]) == (True, 5, 5, [])
    assert told["signed"] == told["seals"] >= 1
    assert told["head"] == heads(data.parent)[-1]


def test_people_are_told_what_was_not_looked_at(data: Path) -> None:
    """Neither signatures without a key, nor the end without a head."""
    finished = verified(data, HUB_AUDIT_KEY="")

    assert finished.code == 0
    assert "✓ 5 records" in finished.out
    assert "HUB_AUDIT_KEY is not set" in finished.out
    assert "--head HASH does" in finished.out


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        pytest.param("UPDATE audit_records SET actor = 'bob' WHERE seq = 2", None, id="changed"),
        pytest.param("DELETE FROM audit_records WHERE seq = 2", 2, id="removed"),
        pytest.param("UPDATE audit_records SET seq = 9 WHERE seq = 2", 2, id="moved"),
        pytest.param("DELETE FROM audit_seals", 6, id="no seals"),
        pytest.param("UPDATE audit_seals SET hmac = ''", 1, id="torn off"),
        pytest.param("UPDATE audit_seals SET last_seq = 'x'", 1, id="no numbers"),
        pytest.param("UPDATE audit_seals SET last_seq = 9223372036854775807", 1, id="no end"),
        pytest.param("UPDATE audit_state SET forgotten = 5", None, id="as if by retention"),
        pytest.param("UPDATE audit_records SET details = x'ff00' WHERE seq = 2", None, id="binary"),
    ],
)
def test_whoever_changes_the_file_is_found(data: Path, statement: str, seq: int | None) -> None:
    """Exit code 1, and the first record that is touched."""
    tamper(data, statement)

    finished = verified(data, "--head", heads(data.parent)[-1], "-o", "json")

    told = json.loads(finished.out)
    assert (finished.code, told["ok"]) == (1, False)
    assert seq in {None, told["faults"][0]["seq"]}
    assert "✗" in verified(data, "--head", heads(data.parent)[-1]).out


def test_a_log_that_was_cut_back_is_known_by_the_head(tmp_path: Path) -> None:
    """A backup of yesterday is whole in itself: only what was logged since tells."""
    with hub_process(tmp_path, HUB_AUDIT_KEY=KEY) as hub:
        act(hub)
    before = (tmp_path / "hub.db").read_bytes()
    with hub_process(tmp_path, HUB_AUDIT_KEY=KEY) as hub:
        act(hub)
    (tmp_path / "hub.db").write_bytes(before)

    alone = verified(tmp_path / "hub.db")
    compared = verified(tmp_path / "hub.db", "--head", heads(tmp_path)[-1])

    assert (alone.code, compared.code) == (0, 1)
    assert "the log was cut, or made anew" in compared.out


def test_another_key_is_not_the_key(data: Path) -> None:
    """Of several one has to fit: keys are changed."""
    assert verified(data, HUB_AUDIT_KEY=OTHER).code == 1
    assert verified(data, HUB_AUDIT_KEY=f"{OTHER},{KEY}").code == 0


def test_records_are_listed(data: Path) -> None:
    """The last ones, or those of an action; one JSON value a line for programs."""
    where = {"DATABASE_URL": f"sqlite:///{data}"}
    last = invoke("audit", "list", "--last", "2", **where)
    refused = invoke("audit", "list", "--action", "access.refused", "-o", "json", **where)
    later = invoke("audit", "list", "--since", "2999-01-01", **where)

    lines: list[dict[str, Any]] = [json.loads(line) for line in refused.out.splitlines()]
    assert len(last.out.splitlines()) == 2
    assert {line["outcome"] for line in lines} == {"foreign_origin"}
    assert lines[0]["target"] == "GET /api/jobs"
    assert (later.code, later.out) == (0, "")


def test_a_record_that_was_changed_does_not_reach_the_terminal_raw(data: Path) -> None:
    """Escape codes in it are shown, not obeyed; what is no JSON is told as text."""
    tamper(data, "UPDATE audit_records SET actor = char(27) || '[2J', details = '{' WHERE seq = 2")
    where = {"DATABASE_URL": f"sqlite:///{data}"}

    shown = invoke("audit", "list", **where)
    told = invoke("audit", "list", "-o", "json", **where)

    assert "\x1b" not in shown.out
    assert "\\x1b[2J" in shown.out
    assert json.loads(told.out.splitlines()[1])["details"] == {"unreadable": "{"}


def test_a_new_epoch_is_recorded(data: Path) -> None:
    """By who sits at the machine; it is sealed when a hub runs again."""
    where = {"DATABASE_URL": f"sqlite:///{data}"}
    changed = json.loads(invoke("log", "new-epoch", "--yes", "-o", "json", **where).out)

    line = json.loads(invoke("audit", "list", "--last", "1", "-o", "json", **where).out)
    assert line["action"] == "log.new_epoch"
    assert line["actor"].startswith("os:")
    assert line["details"] == {"old": changed["old_epoch"], "new": changed["new_epoch"]}
    assert "1 records are not sealed yet" in verified(data).out


def test_no_token_is_kept_anywhere(tmp_path: Path) -> None:
    """Neither in the audit log nor in the lines, whether in a header, a path or a query."""
    with hub_process(tmp_path) as hub:
        act(hub)
        httpx.post(
            f"{hub.url}/update", json=CONTRACT, headers={"Authorization": f"Bearer {SECRET}"}
        )
    data = tmp_path / "hub.db"

    listed = invoke("audit", "list", "-o", "json", DATABASE_URL=f"sqlite:///{data}")

    assert len(listed.out.splitlines()) == 5
    assert "S3cret" not in listed.out
    assert b"S3cret" not in data.read_bytes()


def test_it_works_beside_a_running_hub(tmp_path: Path) -> None:
    """Nothing is stopped for it, and what is written meanwhile is no fault."""
    with hub_process(tmp_path, HUB_AUDIT_KEY=KEY) as hub:
        act(hub)
        assert verified(tmp_path / "hub.db").code == 0


def test_it_works_on_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    """The same, with the same words."""
    url = postgres.database()
    environ = {"DATABASE_URL": url, "HUB_AUDIT_KEY": KEY}
    with hub_process(tmp_path, **environ) as hub:
        act(hub)
    whole = run("audit", "verify", "-o", "json", **environ)
    listed = run("audit", "list", "-o", "json", **environ)
    asyncio.run(rewrite(url))
    changed = run("audit", "verify", "-o", "json", **environ)

    assert (whole.code, json.loads(whole.out)["records"]) == (0, 5)
    assert json.loads(listed.out.splitlines()[0])["target"] == "orders"
    assert (changed.code, json.loads(changed.out)["faults"][0]["seq"]) == (1, 1)


async def rewrite(url: str) -> None:
    """Change a record as the owner of the database."""
    import asyncpg  # noqa: PLC0415 no other test needs it

    connection = await asyncpg.connect(url)
    await connection.execute("ALTER TABLE audit_records DISABLE TRIGGER ALL")
    await connection.execute("UPDATE audit_records SET actor = 'eve' WHERE seq = 1")
    await connection.close()


@pytest.mark.parametrize(
    ("args", "text"),
    [
        pytest.param(("verify", "--head", "abc"), "64 hexadecimal digits", id="no hash"),
        pytest.param(("list", "--since", "soon"), "--since: expected", id="no time"),
        pytest.param(("list",), "found none", id="no data file"),
    ],
)
def test_wrong_use_is_explained(tmp_path: Path, args: tuple[str, ...], text: str) -> None:
    """In one line, with exit code 2."""
    finished = invoke("audit", *args, DATABASE_URL=f"sqlite:///{tmp_path}/none.db")

    assert finished.code == 2
    assert text in finished.err


def test_a_database_without_an_audit_log_is_told(tmp_path: Path) -> None:
    """That of a hub before this one; `hub migrate` makes it."""
    sqlite3.connect(tmp_path / "hub.db").close()

    finished = invoke("audit", "verify", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db")

    assert finished.code == 2
    assert "run `hub migrate`" in finished.err


def test_keys_that_are_made_in_the_database_are_recorded(tmp_path: Path) -> None:
    """By who sits at the machine: how the first key of a hub is made."""
    where = {"DATABASE_URL": f"sqlite:///{tmp_path}/hub.db"}
    token = invoke("token", "create", "root", "--role", "admin", **where).out.strip()
    key = token.split("_")[1]
    for command in (("rotate", key), ("revoke", key)):
        invoke("token", *command, **where)

    listed = invoke("audit", "list", "-o", "json", **where)

    lines = [json.loads(line) for line in listed.out.splitlines()]
    assert [(line["action"], line["target"]) for line in lines] == [
        ("key.create", f"key:{key}"), ("key.rotate", f"key:{key}"), ("key.revoke", f"key:{key}")
    ]  # fmt: skip
    assert all(line["actor"].startswith("os:") for line in lines)
    assert token.rpartition("_")[2] not in listed.out
