"""Colours are for terminals, and for nobody under NO_COLOR."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli.output import Output
from support.commands import invoke


def on_a_terminal(*args: str, **environ: str) -> str:
    """Run a command on a terminal; return all that it writes there."""
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(
        [sys.executable, "-m", "hub", *args],
        env={**env, "TERM": "xterm-256color", **environ},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:
            pass  # Linux says EIO when the last writer has closed a terminal.
        os.close(ours)
    return written.decode()


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(("check",), id="data"),
        pytest.param(("--help",), id="help"),
        pytest.param(("tail", "--url", "http://127.0.0.1:1"), id="a failure"),
    ],
)
def test_no_color_means_no_escape_codes(args: tuple[str, ...], tmp_path: Path) -> None:
    """A terminal gets colours, and under NO_COLOR not one escape code."""
    database = f"sqlite:///{tmp_path}/hub.db"

    colourful = on_a_terminal(*args, DATABASE_URL=database, PORT="0")
    plain = on_a_terminal(*args, DATABASE_URL=database, PORT="0", NO_COLOR="1")

    assert "\x1b[" in colourful
    assert "\x1b" not in plain


def test_pipe_gets_no_colours(tmp_path: Path) -> None:
    """What is not a terminal gets plain text."""
    assert "\x1b" not in invoke("check", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db", PORT="0").out


def test_terminal_without_unicode_gets_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that cannot write a character shows `?` instead of a traceback."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stderr", stream)

    Output("pretty").note("● here")

    stream.flush()
    assert stream.buffer.getvalue() == b"? here\n"


def test_output_of_a_group_holds_for_its_commands(tmp_path: Path) -> None:
    """`-o json` may stand before the command."""
    finished = invoke("-o", "json", "migrate", "status", DATABASE_URL=f"sqlite:///{tmp_path}/x.db")

    assert finished.out.startswith("[{")
