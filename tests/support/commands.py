"""The command line for tests: in this process, or as a process of its own."""

import os
import subprocess
import sys
from typing import NamedTuple

from click.testing import CliRunner

from hub.cli.root import root
from support.leaks import LEAKS

# What a developer's shell may hold, and no test should see.
_FOREIGN = (
    *("PORT", "HOST", "DATABASE_URL", "HUB_URL", "WS_URI", "NO_COLOR", "FORCE_COLOR", "AUTH"),
    *("API_KEY", "JWT_SECRET", "JWT_PUBLIC_KEY", "JWKS_URL", "HUB_ENV_FILE"),
    *("HUB_TOKEN", "HUB_CONTEXT", "XDG_STATE_HOME"),
)
# Nor what a developer keeps for himself: there is no such folder.
_NO_CONFIG = {"XDG_CONFIG_HOME": "/nonexistent/config"}
_started: list["subprocess.Popen[str]"] = []


class Finished(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


def invoke(*args: str, stdin: str | None = None, **environ: str) -> Finished:
    """Run a command in this process."""
    env: dict[str, str | None] = {
        **dict.fromkeys(_FOREIGN),
        **_NO_CONFIG,
        "COLUMNS": "200",
        **environ,
    }
    LEAKS.note_settings(environ)
    result = CliRunner(env=env).invoke(root, args, input=stdin, catch_exceptions=False)
    LEAKS.hear(result.stderr)
    return Finished(result.exit_code, result.stdout, result.stderr)


def start(*args: str, **environ: str) -> "subprocess.Popen[str]":
    """Start a command as a process; its streams are pipes."""
    env = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    LEAKS.note_settings(environ)
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", *args],
        env={**env, **_NO_CONFIG, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _started.append(process)
    return process


def run(*args: str, **environ: str) -> Finished:
    """Run a command as a process, to its end."""
    return finish(start(*args, **environ))


def finish(process: "subprocess.Popen[str]") -> Finished:
    """Wait for the end of a process."""
    out, err = process.communicate(timeout=30)
    LEAKS.hear(err)
    return Finished(process.returncode, out, err)


def end_leftovers() -> None:
    """Kill what a test that failed has left running."""
    while _started:
        with _started.pop() as process:
            process.kill()
