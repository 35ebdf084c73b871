"""Every `hub` command that a page of `docs/` or a README shows can be typed as it stands."""

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import pytest

from hub.cli.root import root

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
    *sorted((ROOT / "clients").glob("*/README.md")),
]
# A line of code that is a command: alone, after settings, or in a pipe; copied whole.
_COMMAND = re.compile(r"^(?: {4})?(?:\S+=\S+ )*(?:\.venv/bin/)?hub ([a-z].+)", re.MULTILINE)
_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```|((?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> Iterator[str]:
    """Yield each command of a page, without `hub`."""
    for block in _BLOCK.finditer(page.read_text()):
        for found in _COMMAND.finditer((block[1] or block[2]).replace("\\\n", " ")):
            yield found[1]


def cases() -> list[Any]:
    """Return every command with the page that shows it."""
    return [
        pytest.param(command, id=f"{page.relative_to(ROOT)}: {command}")
        for page in PAGES
        for command in dict.fromkeys(commands(page))
    ]


@pytest.mark.parametrize("line", cases())
def test_a_documented_command_can_be_typed(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names commands, options and values that exist; a remark is a comment to the shell."""
    monkeypatch.chdir(tmp_path)
    Path("public.json").write_text("{}")
    Path("secret.txt").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    typed = shlex.split(line, comments=True)
    words = list(takewhile(lambda word: word not in {"|", ">", ">>", "<", "&&", "&"}, typed))
    redirected = typed[len(words) :]
    assert len(redirected) <= 2 or redirected[0] in {"|", "&&", "&"}, redirected

    command: click.Command = root
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    command.make_context("hub", words)
