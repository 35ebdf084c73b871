"""`hub serve` says who may come in, and shows nobody a secret."""

import json
import signal
from pathlib import Path

import httpx
import pytest

from hub.cli.output import Output
from hub.cli.serve import announce
from hub.settings import Settings, load
from hub.telemetry import logging
from support.commands import finish, run, start

STRONG = "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4uXo6iPq1w"
PAGES = ("docs", "docs/settings", "docs/security", "openapi.json", "status", "metrics", "")


def banner_of(settings: Settings, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what people are shown."""
    announce(settings, 8123, Output("pretty"))
    return capsys.readouterr().err


def test_banner_says_that_a_key_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    """The example to copy then carries a token."""
    told = banner_of(load({"API_KEY": STRONG})[0], capsys)

    assert "Access      with a key or a token (AUTH=required)" in told
    assert '-H "Authorization: Bearer $HUB_TOKEN"' in told
    assert "hub token create" not in told
    assert STRONG not in told


def test_banner_says_how_to_make_the_first_key(capsys: pytest.CaptureFixture[str]) -> None:
    """A hub without any credential may start, for its keys may be in the log."""
    told = banner_of(load({"HOST": "0.0.0.0"})[0], capsys)

    assert "`hub token create` makes the first key" in told


def test_log_says_how_to_make_the_first_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the log is JSON, in a line of it."""
    settings = load({"HOST": "0.0.0.0", "HUB_LOG_FORMAT": "json"})[0]
    logging.configure(level="INFO", form="json")

    lines = [json.loads(line) for line in banner_of(settings, capsys).splitlines()]

    assert [line["event"] for line in lines] == ["the hub answers", "nobody can come in yet"]
    assert lines[0]["access"] == "required"
    assert "hub token create" in lines[1]["hint"]


def test_an_open_hub_for_everybody_is_refused_in_one_line(tmp_path: Path) -> None:
    """With the code of a wrong configuration, before anything is made."""
    database = f"sqlite:///{tmp_path}/hub.db"

    finished = run("serve", HOST="0.0.0.0", AUTH="off", PORT="0", DATABASE_URL=database)

    assert finished.code == 2
    assert "unset AUTH" in finished.err
    assert finished.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_running_hub_shows_its_secrets_nowhere(tmp_path: Path) -> None:
    """Not on its pages, in its log at any level, or to `hub check`."""
    secrets = {"API_KEY": f"A{STRONG}", "JWT_SECRET": f"B{STRONG}"}
    environ = {
        **secrets, "PORT": "0", "DATABASE_URL": f"sqlite:///{tmp_path}/hub.db",
        "LOG_LEVEL": "DEBUG", "HUB_LOG_FORMAT": "json",
    }  # fmt: skip
    process = start("serve", "-o", "json", **environ)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["url"]
    bearer = {"Authorization": f"Bearer A{STRONG}x"}
    shown = [httpx.get(f"{url}{page}", headers=bearer).text for page in PAGES]
    checked = run("check", **environ)
    process.send_signal(signal.SIGTERM)
    finished = finish(process)

    assert checked.code == 0
    assert finished.code == 0
    assert STRONG not in "".join((*shown, checked.out, checked.err, finished.out, finished.err))


def test_a_hub_that_asks_for_credentials_takes_nothing_without(tmp_path: Path) -> None:
    """Nor with a wrong one; what says nothing of the data is for everybody."""
    process = start(
        "serve", "-o", "json",
        JWT_SECRET=STRONG, PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db",
    )  # fmt: skip
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    codes = [
        httpx.post(f"{told['url']}update", json={}).status_code,
        httpx.get(
            f"{told['url']}contracts/status", headers={"Authorization": "Bearer x.y.z"}
        ).status_code,
        httpx.get(f"{told['url']}health").status_code,
    ]
    process.terminate()
    finish(process)

    assert told["access"] == "required"
    assert codes == [401, 401, 200]
