"""`hub check` finds what would keep a hub from running here, and changes nothing."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cli import checks
from hub.cli.checks import findings
from hub.cli.finding import Finding
from hub.clock import SystemClock
from hub.model.principal import ANONYMOUS
from hub.settings import Settings
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.commands import Finished, invoke
from support.redis_server import RedisServer, free_port, redis_server
from support.running import HubProcess
from support.webhooks import endpoint


def at(file: Path, *args: str, **environ: str) -> Finished:
    """Run a command on a data file."""
    return invoke(*args, DATABASE_URL=f"sqlite:///{file}", **environ)


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    """A data file with an up-to-date schema, where no hub runs."""
    file = tmp_path / "hub.db"
    assert at(file, "migrate").code == 0
    return file


def found(file: Path, name: str, **overrides: Any) -> Finding:
    """Return one finding of `hub check`."""
    settings = Settings(database_url=f"sqlite:///{file}", port=0, **overrides)
    return next(finding for finding in findings(settings) if finding.name == name)


def test_check_is_content_beside_a_running_hub(served: HubProcess) -> None:
    """A hub that runs is no reason to complain about its file or its port."""
    finished = at(served.folder / "hub.db", "check", PORT=str(served.port))

    assert finished.code == 0
    assert "a hub runs on it" in finished.out
    assert "✗" not in finished.out


def test_check_changes_nothing(tmp_path: Path) -> None:
    """Where no hub ever ran it can, and still nothing is there afterwards."""
    finished = at(tmp_path / "deep" / "hub.db", "check", "-o", "json", PORT="0")

    answer = json.loads(finished.out)
    assert (finished.code, answer["ok"]) == (0, True)
    assert {check["name"] for check in answer["checks"]} == {
        *("settings", "data file", "disk", "migrations", "clock", "open files", "port"),
    }
    assert list(tmp_path.iterdir()) == []


def test_check_fails_where_a_start_would(tmp_path: Path, served: HubProcess) -> None:
    """A place that cannot be written and a taken port are each told with a remedy; code 1."""
    (tmp_path / "file").write_text("")

    finished = at(tmp_path / "file" / "hub.db", "check", PORT=str(served.port))

    assert finished.code == 1
    assert finished.out.count("✗") == 2
    assert finished.out.count("→") == 2


def test_check_refuses_wrong_settings(tmp_path: Path) -> None:
    """Settings that cannot be used end the check with 2."""
    assert at(tmp_path / "hub.db", "check", PORT="many").code == 2


def test_check_finds_a_broken_file(tmp_path: Path) -> None:
    """A data file that is no database fails the check."""
    (tmp_path / "hub.db").write_text("no database " * 20)

    assert found(tmp_path / "hub.db", "migrations").state == "failed"


def test_check_finds_pending_migrations(tmp_path: Path) -> None:
    """Pending migrations fail only where the start does not apply them."""
    sqlite3.connect(tmp_path / "hub.db").close()

    assert found(tmp_path / "hub.db", "migrations").state == "ok"
    assert found(tmp_path / "hub.db", "migrations", migrate_on_start=False).state == "failed"


@pytest.mark.parametrize(
    ("now_us", "state"),
    [
        pytest.param(0, "failed", id="1970"),
        pytest.param(1_800_000_000_000_000, "warning", id="behind the log"),
        pytest.param(2_000_000_000_000_000, "ok", id="after the newest event"),
    ],
)
def test_check_finds_a_wrong_clock(
    data_file: Path, monkeypatch: pytest.MonkeyPatch, now_us: int, state: str
) -> None:
    """A clock of 1970 fails; one that is behind the log's newest event is warned about."""
    with sqlite3.connect(data_file) as log:
        log.execute("UPDATE channels SET at_us = 1900000000000000 WHERE name = 'jobs'")
    log.close()
    monkeypatch.setattr("hub.clock.SystemClock.now_us", lambda _self: now_us)

    assert found(data_file, "clock").state == state


@pytest.mark.parametrize(
    ("limit", "name"), [("LITTLE_SPACE", "disk"), ("FEW_OPEN_FILES", "open files")]
)
def test_check_warns_of_what_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, name: str
) -> None:
    """Little disk and few open files are warnings, with a remedy."""
    monkeypatch.setattr(checks, limit, sys.maxsize)

    finding = found(tmp_path / "hub.db", name)

    assert finding.state == "warning"
    assert finding.remedy


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    """A Redis that wants a password."""
    with redis_server("--requirepass", "geheim") as server:
        yield server


def broker(folder: Path, url: str) -> Finding:
    """Return what is found of a Redis."""
    return found(folder / "hub.db", "broker", redis_url=url)


def test_check_finds_a_redis_that_answers(tmp_path: Path, guarded: RedisServer) -> None:
    """The address is shown without its password."""
    finding = broker(tmp_path, guarded.url.replace("//", "//:geheim@"))

    assert (finding.state, finding.found) == ("ok", f"{guarded.url}: answers")


@pytest.mark.parametrize("login", ["", ":wrong-one@"], ids=["no password", "a wrong one"])
@pytest.mark.parametrize("scheme", ["redis", "redis+cluster"])
def test_check_fails_where_redis_refuses(
    tmp_path: Path, guarded: RedisServer, scheme: str, login: str
) -> None:
    """So would the start; the line says whose fault it is, and does not show the password."""
    url = guarded.url.replace("redis://", f"{scheme}://{login}")

    finished = at(tmp_path / "hub.db", "check", REDIS_URL=url, PORT="0")

    assert finished.code == 1
    assert "Redis refuses the user or the password" in finished.out
    assert "correct REDIS_URL" in finished.out
    assert "wrong-one" not in finished.out + finished.err


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("redis://127.0.0.1:{port}/0", id="one server"),
        pytest.param("redis+cluster://127.0.0.1:{port}", id="a cluster"),
        pytest.param("redis+sentinel://127.0.0.1:{port}/primary/0", id="sentinels"),
    ],
)
def test_check_warns_of_a_redis_that_is_away(tmp_path: Path, address: str) -> None:
    """The hub would start all the same, and say that it is degraded."""
    finished = at(
        tmp_path / "hub.db", "check", REDIS_URL=address.format(port=free_port()), PORT="0"
    )

    assert finished.code == 0
    assert "does not answer" in finished.out
    assert "the hub would start degraded" in finished.out


def test_check_does_not_wait_for_a_redis_that_hangs(tmp_path: Path) -> None:
    """It says so within seconds."""
    with redis_server() as hanging:
        hanging.send(signal.SIGSTOP)
        finding = broker(tmp_path, hanging.url)
        hanging.send(signal.SIGCONT)

    assert finding.state == "warning"
    assert finding.found.startswith(f"{hanging.url}: does not answer: ")
    assert not finding.found.endswith(": ")


def test_a_hub_that_runs_is_asked(served: HubProcess) -> None:
    """Where the settings say that it listens; one that listens everywhere, on this machine."""
    there = invoke("check", "--live", PORT=str(served.port))
    everywhere = invoke(
        "check", "--live", "-o", "json", PORT=str(served.port), HOST="0.0.0.0", AUTH="required"
    )
    nowhere = invoke("check", "--live", PORT=str(free_port()))

    assert (there.code, everywhere.code, nowhere.code) == (0, 0, 1)
    assert json.loads(everywhere.out)["checks"][0]["found"].startswith("http://127.0.0.1:")
    assert "refused" in nowhere.out


async def made_by_nobody(file: Path, count: int) -> None:
    """Make webhooks on a data file, as with AUTH=off."""
    log = SqliteLog(DataFile(file), SystemClock())
    for n in range(count):
        await log.webhooks.add_endpoint(endpoint(f"ep_{n}", reader=ANONYMOUS))
    await log.webhooks.add_endpoint(endpoint("ep_ann"))
    await log.close()


async def test_webhooks_of_nobody_are_named(data_file: Path) -> None:
    """Where one must say who one is; the first ones by name, and what to do."""
    await made_by_nobody(data_file, 4)

    finding = await asyncio.to_thread(found, data_file, "webhooks", auth="required")

    assert finding.state == "warning"
    assert finding.found.startswith("4 made with AUTH=off")
    assert "ep_ann" not in finding.found
    assert finding.found.endswith(", …")
    assert "--adopt" in finding.remedy
    settings = Settings(database_url=f"sqlite:///{data_file}", port=0, auth="off")
    assert "webhooks" not in {one.name for one in await asyncio.to_thread(findings, settings)}
