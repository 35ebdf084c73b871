"""The example's own tests, by `node --test`, and the rules of its files."""

import json
import subprocess
from pathlib import Path

import pytest

from scene3d.conftest import FOLDER, run

TESTS = sorted(path.name for path in (FOLDER / "test").glob("*.test.js"))
MODULES = sorted((FOLDER / "src").glob("*.js"))
SHELL = {"stage.js": "three", "main.js": "hub-client"}


@pytest.mark.parametrize("name", TESTS)
def test_the_examples_own_tests_pass(name: str) -> None:
    """Each file in examples/scene3d/test, and there is something in it."""
    said = run("node", "--test", "--test-reporter=tap", f"test/{name}")

    assert "# fail 0" in said
    assert "# pass 0" not in said


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_only_the_shell_knows_of_packages(path: Path) -> None:
    """Of three.js and the hub's client each is imported in one module; modules are short."""
    text = path.read_text()
    imported = {line.split(" from ")[1] for line in text.splitlines() if ' from "' in line}
    packages = {name.strip('";') for name in imported if not name.startswith('"./')}

    assert packages == ({SHELL[path.name]} if path.name in SHELL else set())
    assert text.count("\n") <= 250


def test_what_is_installed_is_written_down_and_names_no_registry() -> None:
    """Exact versions with their hashes, from whichever registry npm is told."""
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    ours = {"", "../../clients/javascript", "node_modules/hub-client"}
    others = {name: one for name, one in lock["packages"].items() if name not in ours}
    theirs = {name: one for name, one in others.items() if not name.startswith("../..")}

    assert all("integrity" in one and "resolved" not in one for one in theirs.values())
    assert "node_modules/three" in theirs


def test_make_builds_and_serves_it() -> None:
    """What the README says to type: packages first, then the build, then the server."""
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", "scene3d"],  # noqa: S607 as people run it
        cwd=FOLDER.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    steps = ["sh .ci/packages examples/scene3d", "run --silent build", "run --silent serve"]

    places = [done.stdout.find(step) for step in steps]

    assert -1 not in places
    assert places == sorted(places)
