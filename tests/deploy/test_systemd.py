"""The unit: what systemd says of it, and its commands with its environment."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli.stop import GRACE_S
from hub.settings import load
from support.deploy_files import DEPLOY, KNOWN, ROOT, assignments

UNIT = (DEPLOY / "systemd" / "hub.service").read_text()
ENV = (DEPLOY / "systemd" / "hub.env").read_text()
# Of 100; the rest is that it is on the network and may read its own files.
MOST_EXPOSED = 20


def values(name: str) -> list[str]:
    """Return what a name is set to, in order."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def environment() -> dict[str, str]:
    """Return what the unit sets."""
    return dict(line.split("=", 1) for line in values("Environment"))


def analyze(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Ask systemd-analyze about the unit, with programs that are there.

    Needs Debian's package `systemd`, none of its services; skipped without, but never in CI.
    """
    binary = shutil.which("systemd-analyze")
    if binary is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("no systemd-analyze: apt-get install systemd")
    assert binary is not None
    hub = folder / "hub"
    hub.write_text("#!/bin/sh\n")
    hub.chmod(0o755)
    unit = folder / "hub.service"
    unit.write_text(UNIT.replace("/opt/hub/bin/hub", str(hub)))
    return subprocess.run(
        [binary, *command, str(unit)], capture_output=True, text=True, check=False
    )


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Every name and value; what is misspelt would be passed over when it is started."""
    found = analyze(tmp_path, "verify", "--man=no")

    ours = [line for line in found.stderr.splitlines() if "hub.service" in line]
    assert (found.returncode, ours) == (0, []), found.stderr


def test_systemd_rates_it_as_safe(tmp_path: Path) -> None:
    """By its own measure of what the service could do to the machine."""
    found = analyze(
        tmp_path, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}"
    )

    assert found.returncode == 0, found.stdout[-300:] + found.stderr


def test_the_unit_gives_a_stop_its_time() -> None:
    """And does not begin again what cannot begin."""
    settings, warnings = load({**environment(), "HUB_ENV_FILE": str(DEPLOY / "systemd/hub.env")})

    assert float(values("TimeoutStopSec")[0]) > settings.drain_s + GRACE_S
    assert values("RestartPreventExitStatus") == ["2"]
    assert values("KillMode") == ["mixed"]
    assert set(environment()) <= KNOWN
    assert str(settings.data_file).startswith("/var/lib/hub/")
    assert values("StateDirectory") == ["hub"]
    assert warnings == []


def test_it_is_installed_from_where_the_container_is() -> None:
    """From the checkout: a name at a registry may be nobody's yet, and somebody else's tomorrow."""
    (told,) = re.findall(r"^# +(/opt/hub/bin/pip install .*)$", UNIT, re.MULTILINE)
    dockerfile = (ROOT / "Dockerfile").read_text()

    assert told.replace("install", "install --no-cache-dir") in dockerfile
    for path in re.findall(r"(?:examples|\.ci|\./clients)/\S+", UNIT):
        assert (ROOT / path).exists(), path


def test_a_call_that_is_filtered_is_refused_and_no_end() -> None:
    """What a library tries one day must not kill the hub."""
    assert values("SystemCallErrorNumber") == ["EPERM"]


def test_every_line_of_the_settings_can_be_used(tmp_path: Path) -> None:
    """Those behind a # too, which somebody uncomments one day."""
    lines = assignments(ENV)
    file = tmp_path / "hub.env"
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    file.write_text(text.replace("BASE64", base64.b64encode(b"k" * 32).decode()))

    settings, warnings = load({"HUB_ENV_FILE": str(file)})

    assert set(lines) <= KNOWN
    assert len(lines) >= 8
    assert settings.postgres_url is not None
    assert settings.auth == "required"
    assert warnings == []


def test_the_commands_of_the_unit_run(tmp_path: Path) -> None:
    """Check, serve, reload, stop: with the unit's environment and file, in its folder."""
    settings = tmp_path / "hub.env"
    settings.write_text(ENV)
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        **environment(),
        "HUB_ENV_FILE": str(settings),
        # In place of a folder that only the unit makes.
        "DATABASE_URL": f"sqlite:///{tmp_path}/hub.db",
        "PORT": "0",
    }
    before, start = (command("ExecStartPre"), command("ExecStart"))
    checked = subprocess.run(before, env=environ, capture_output=True, text=True, check=False)
    with (tmp_path / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [*start, "-o", "json"], env=environ, stdout=subprocess.PIPE, stderr=log
        )
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    settings.write_text(ENV.replace("127.0.0.1", "127.0.0.1,127.0.0.2"))
    process.send_signal(signal.SIGHUP)
    reloaded = said(tmp_path / "hub.log", "settings reloaded")
    process.terminate()
    code = process.wait(30)
    process.stdout.close()

    assert checked.returncode == 0, checked.stdout
    assert line["port"] > 0
    assert "HUB_TRUSTED_PROXIES" in reloaded
    assert values("ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert code == 0


def command(name: str) -> list[str]:
    """Return a command of the unit, by this Python."""
    (line,) = values(name)
    program, *arguments = line.split()
    assert program == "/opt/hub/bin/hub"
    return [sys.executable, "-m", "hub", *arguments]


def said(log: Path, words: str) -> str:
    """Wait for a line of the log; return it."""
    while True:
        for line in log.read_text().splitlines():
            if words in line:
                return line
