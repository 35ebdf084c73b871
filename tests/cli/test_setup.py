"""What `make` does before anything of ours is installed."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("script", "phrase"),
    [
        pytest.param(
            "[ $1 = --version ] && echo Python 3.10.1; exit 1",
            "Python 3.11 or newer, found",
            id="too old",
        ),
        pytest.param(
            'case "$2" in *ensurepip*) exit 1;; esac', "apt-get install python3-venv", id="no venv"
        ),
    ],
)
def test_python_that_will_not_do_is_told_of(tmp_path: Path, script: str, phrase: str) -> None:
    """A Python that is too old, or cannot make environments, is one line and code 2."""
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)

    finished = subprocess.run(
        ["/bin/sh", ROOT / ".ci" / "venv", python],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (finished.returncode, finished.stdout) == (2, "")
    assert phrase in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_ci_runs_what_everybody_runs() -> None:
    """`.ci/run` is `make test`, nothing more and nothing less."""
    last = (ROOT / ".ci" / "run").read_text().splitlines()[-1]

    assert last == "exec make test"
