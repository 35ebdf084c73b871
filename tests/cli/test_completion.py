"""Shells complete our lines."""

import os
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import httpx
import pytest

from support.commands import invoke
from support.redis_server import free_port
from support.running import HubProcess

# Evaluates our script in a bash, types lines, and shows what the key would offer for each.
_BASH = """
eval "$(hub completion bash)"
while [ $# -gt 0 ]; do
  COMP_WORDS=($1 "$2")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _hub_completion hub "$2" "$1"
  echo "${COMPREPLY[*]}"
  shift 2
done
"""


def offered(folder: Path, *lines: tuple[str, str], **environ: str) -> list[list[str]]:
    """Return what bash offers behind each line, for what is typed of its last word."""
    script = folder / "hub"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hub "$@"\n')
    script.chmod(0o700)
    bash = shutil.which("bash")
    assert bash is not None
    finished = subprocess.run(
        [bash, "--norc", "-c", _BASH, "bash", *chain(*lines)],
        env={
            **os.environ,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "XDG_CONFIG_HOME": str(folder / "config"),
            **environ,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert finished.stderr == ""
    return [line.split() for line in finished.stdout.splitlines()]


def test_bash_completes_commands_options_and_names(served: HubProcess, tmp_path: Path) -> None:
    """Names of channels and types of events are the hub's, of contexts those of the file."""
    event = {"type": "order_placed", "data": {}}
    httpx.post(f"{served.url}/api/channels/orders.eu/events", json=event).raise_for_status()
    kept = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    invoke("context", "add", "production", served.url, **kept)

    found = offered(
        tmp_path,
        ("hub", "ta"),
        ("hub tail", "--wh"),
        ("hub tail", "or"),
        ("hub tail jobs", "jo"),
        ("hub tail -o", "c"),
        ("hub publish event orders.eu", "order"),
        ("hub context use", "pro"),
    )

    assert found == [
        ["tail"],
        ["--where"],
        ["orders.eu"],
        [],
        ["compact"],
        ["order_placed"],
        ["production"],
    ]


def test_a_hub_that_is_away_offers_nothing(tmp_path: Path) -> None:
    """And says nothing: somebody is typing."""
    away = f"http://127.0.0.1:{free_port()}"

    assert offered(tmp_path, ("hub tail", "j"), HUB_URL=away) == [[]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str) -> None:
    """It asks `hub` itself, by the variable that click looks for."""
    finished = invoke("completion", shell)

    assert finished.code == 0
    assert f"_HUB_COMPLETE={shell}_complete" in finished.out


def test_an_unknown_shell_is_refused() -> None:
    """With those that there are."""
    refused = invoke("completion", "tcsh")

    assert refused.code == 2
    assert "'bash', 'zsh', 'fish'" in refused.err
