"""The README's first five minutes, typed as they stand there by somebody who has just arrived."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from support.running import HubProcess, hub_process

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
PROGRAM = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def lines_of(heading: str) -> list[str]:
    """Return the commands of a section; one may go on in the next line."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    indented = re.sub(r"\\\n +", "", PROGRAM.sub("", section))
    return [line[4:] for line in re.findall(r"^ {4}\S.*$", indented, re.MULTILINE)]


class Shell:
    """A terminal in which `. .venv/bin/activate` was typed."""

    def __init__(self, folder: Path, url: str) -> None:
        self._url = url
        self._folder = folder
        activated = folder / ".venv" / "bin"
        activated.mkdir(parents=True)
        (activated / "activate").write_text(f'PATH="{activated}:$PATH"\n')
        for name, arguments in {"hub": "-m hub ", "python": ""}.items():
            program = activated / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
            program.chmod(0o700)

    def type(self, *lines: str) -> "subprocess.Popen[str]":
        """Start lines; the last one is what a signal reaches."""
        *before, last = (line.replace(ADDRESS, self._url) for line in lines)
        return subprocess.Popen(
            ["/bin/sh", "-c", "\n".join([*before, f"exec {last}"])],
            cwd=self._folder,
            env={
                **os.environ,
                "HUB_URL": self._url,
                "PYTHONPATH": f"{ROOT}:{ROOT}/clients/python/src",
                "XDG_CONFIG_HOME": "/nonexistent/config",
                "XDG_STATE_HOME": str(self._folder),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *lines: str) -> str:
        """Return what lines print; they end well."""
        process = self.type(*lines)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
        return out


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that answers."""
    with hub_process(tmp_path_factory.mktemp("served")) as hub:
        yield hub


def heard(listener: "subprocess.Popen[str]", count: int) -> list[list[str]]:
    """Return so many lines, as words."""
    assert listener.stdout is not None
    lines = (line for line in listener.stdout if not line.startswith("●"))
    return [line.split() for line in islice(lines, count)]


def ready(listener: "subprocess.Popen[str]") -> None:
    """Wait until a tail follows."""
    assert listener.stdout is not None
    assert any(line.startswith("● following") for line in listener.stdout)


def test_the_first_five_minutes(served: HubProcess, tmp_path: Path) -> None:
    """What is posted is shown, and what a stopped listener missed is shown by the next, once."""
    activate, tail, curl = lines_of("Five minutes to a first event")
    first, second = PROGRAM.findall(README)
    (tmp_path / "post.py").write_text(first)
    (tmp_path / "listen.py").write_text(second)
    shell = Shell(tmp_path, served.url)

    listener = shell.type(activate, tail)
    ready(listener)
    shell.run(activate, curl)
    shell.run(activate, "python post.py")
    shown = heard(listener, 5)
    listener.send_signal(signal.SIGINT)
    listener.communicate(timeout=60)
    shell.run(curl)
    again = shell.type(activate, tail)
    missed = heard(again, 1)
    again.send_signal(signal.SIGINT)
    rest, _ = again.communicate(timeout=60)

    assert [words[1:4] for words in sorted(shown, key=lambda words: words[1:3])] == [
        ["contracts", "#1", "contract_update"],
        ["contracts", "#2", "contract_update"],
        ["jobs", "#1", "job_update"],
        ["jobs", "#2", "job_update"],
        ["jobs", "#3", "job_update"],
    ]
    assert missed[0][1:5] == ["contracts", "#3", "contract_update", "external-123"]
    assert rest == ""


def test_a_program_goes_on_where_it_was(served: HubProcess, tmp_path: Path) -> None:
    """By the position that it has kept in a file, which is whole however it ends."""
    *_, curl = lines_of("Five minutes to a first event")
    (tmp_path / "listen.py").write_text(PROGRAM.findall(README)[1])
    shell = Shell(tmp_path, served.url)
    posted = shell.run(curl)
    epoch, offset = re.findall(r'"(?:epoch|offset)":"?(\w+)', posted)
    (tmp_path / "position").write_text(f"{epoch}:{int(offset) - 1}")

    listener = shell.type(". .venv/bin/activate", "python -u listen.py")
    (line,) = heard(listener, 1)
    shell.run(curl)
    (next_line,) = heard(listener, 1)
    listener.kill()
    listener.communicate()

    assert (line[0], next_line[0]) == (offset, str(int(offset) + 1))
    assert re.fullmatch(rf"{epoch}:\d+", (tmp_path / "position").read_text())


def test_a_webhook_is_made_and_an_event_happens(served: HubProcess, tmp_path: Path) -> None:
    """Each line with its remark, as it is copied."""
    create, trigger, *_ = lines_of("Webhooks")
    shell = Shell(tmp_path, served.url)

    secret = shell.run(". .venv/bin/activate", create)
    happened = shell.run(". .venv/bin/activate", trigger)

    assert re.search(r"^whsec_\S+$", secret, re.MULTILINE)
    assert "job.done" in happened
