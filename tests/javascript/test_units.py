"""The JavaScript client's own tests, by `node --test`, and the rules of its files."""

import subprocess
from pathlib import Path

import pytest

from support.javascript import FOLDER, node

FILES = sorted(path.name for path in (FOLDER / "test").glob("*.test.js"))
MAX_LINES = 300


def run(*command: str) -> str:
    """Return what a command says; it must go well."""
    done = subprocess.run(
        [node(), *command], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-3_000:]
    return done.stdout


@pytest.mark.parametrize("name", FILES)
def test_the_clients_own_tests_pass(name: str) -> None:
    """Each file in clients/javascript/test, and there is something in it."""
    said = run("--test", "--test-reporter=tap", f"test/{name}")

    assert "# fail 0" in said
    assert "# pass 0" not in said


@pytest.mark.parametrize("path", sorted((FOLDER / "src").glob("*.js")), ids=lambda path: path.name)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    """At most 300 lines, and the core imports nothing but its neighbours: browsers have no more."""
    text = path.read_text()
    bare = [line for line in text.splitlines() if ' from "' in line and ' from "./' not in line]

    assert text.count("\n") <= MAX_LINES
    assert bool(bare) == (path.name in {"msgpack.js", "react.js"}), bare
