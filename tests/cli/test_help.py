"""Every command explains itself."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import click
import pytest

from hub.cli.root import root
from support.commands import invoke


def commands(group: click.Group = root, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every command and group."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def examples(path: tuple[str, ...]) -> list[str]:
    """Return what `--help` shows to copy."""
    _, _, text = invoke(*path, "--help").out.partition("Examples:\n")
    return [line.removeprefix("  $ ") for line in text.splitlines()]


# Where the command ends and the shell's part begins.
SHELL = {"|", ">", ">>", "<", "&&"}
EVERY = list(commands())
NAMES = [" ".join(("hub", *path)) for path in EVERY]


@pytest.mark.parametrize("path", EVERY, ids=NAMES)
def test_help_has_two_examples_and_the_output_option(path: tuple[str, ...]) -> None:
    """The help of every command ends with two examples or more, and names `-o`."""
    finished = invoke(*path, "--help")

    assert (finished.code, finished.err) == (0, "")
    assert len(examples(path)) >= 2
    # A tail has more forms than others.
    assert re.search(r"-o, --output \[pretty\|(compact\|)?json(\|raw)?\]", finished.out)


@pytest.mark.parametrize("path", EVERY, ids=NAMES)
def test_examples_can_be_parsed(
    path: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An example names commands, options and values that exist."""
    monkeypatch.chdir(tmp_path)
    for name in ("order", "answer", "year", "key"):
        Path(f"{name}.json").write_text("{}")
    Path("secret.txt").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    for example in examples(path):
        parse(example)


def test_the_page_of_the_command_line_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names every command, and each of its lines to copy can be parsed."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    page = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
    lines = [line.strip() for line in page.splitlines() if line.startswith("    ")]
    copied = [line for line in lines if re.match(r"(?:[A-Z_]+=\S+ )*hub [a-z]", line)]

    missing = [" ".join(path) for path in EVERY if len(path) == 1 and f"hub {path[0]}" not in page]

    assert missing == []
    assert len(copied) > 30
    for line in copied:
        parse(line)


def parse(line: str) -> None:
    """Parse a line to copy; raises where it has an error."""
    words = shlex.split(line)
    words = [*takewhile(lambda word: word not in SHELL, words[words.index("hub") + 1 :])]
    command: click.Command = root
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    command.make_context("hub", words)


def test_help_does_not_pay_for_the_server() -> None:
    """`hub --help` loads neither the server nor the SDK."""
    program = (
        "import sys; from hub.cli.root import root;"
        "root.main(['--help'], standalone_mode=False);"
        "sys.exit(bool({'starlette', 'uvicorn', 'httpx', 'hub_client'} & set(sys.modules)))"
    )

    finished = subprocess.run([sys.executable, "-c", program], env=os.environ, check=False)

    assert finished.returncode == 0


def test_version_is_told() -> None:
    """`hub --version` names the program and its version."""
    assert invoke("--version").out == "hub, version 0.1.0\n"


def test_no_command_shows_the_help_as_wrong_usage() -> None:
    """`hub` alone explains itself on stderr and is no success."""
    finished = invoke()

    assert (finished.code, finished.out) == (2, "")
    assert "Commands:" in finished.err
