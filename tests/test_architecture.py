"""The house rules that a machine can hold."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("hub", "clients/python/src")
MAX_LINES = 300
GRAB_BAGS = {"utils", "helpers", "common", "misc", "core", "manager", "util", "helper"}


def sources() -> Iterator[Path]:
    """Yield every module of the two distributions."""
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    """Return a path as people know it."""
    return str(path.relative_to(ROOT))


def written_tests() -> Iterator[Path]:
    """Yield every module of tests."""
    yield from sorted((ROOT / "tests").rglob("test_*.py"))


def test_imports_only_go_down() -> None:
    """The floors in pyproject.toml hold, every module stands on one, none is left out."""
    paths = [str(ROOT), str(ROOT / "clients/python/src"), os.environ.get("PYTHONPATH", "")]
    lint = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [lint, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]


@pytest.mark.parametrize("path", list(sources()), ids=named)
def test_a_module_can_be_read_in_one_sitting(path: Path) -> None:
    """At most 300 lines, with a docstring that says what it is for."""
    text = path.read_text()

    assert text.count("\n") <= MAX_LINES
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", list(sources()), ids=named)
def test_a_module_hides_no_imports(path: Path) -> None:
    """TYPE_CHECKING blocks hide the graph from readers and from the floors."""
    assert "TYPE_CHECKING" not in path.read_text()


def test_a_file_is_a_noun() -> None:
    """No grab bags: what is used by one stands beside it, what is used by many has a name."""
    bags = [named(path) for path in sources() if path.stem in GRAB_BAGS]

    assert bags == []


def test_no_class_is_named_after_the_whole() -> None:
    """Nobody knows what a class called Hub, Manager or Handler would be."""
    wrong = [
        f"{named(path)}: {node.name}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and (node.name == "Hub" or node.name.endswith(("Manager", "Handler", "Helper", "Util")))
    ]

    assert wrong == []


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the distributions that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return frozenset(found)


@pytest.mark.parametrize(
    ("library", "places"),
    [
        pytest.param(
            "starlette", ("hub/transports", "hub/app", "hub/bench/rivals"), id="starlette"
        ),
        pytest.param("uvicorn", ("hub/transports", "hub/cli"), id="uvicorn"),
        pytest.param("sqlite3", ("hub/stores", "hub/cli"), id="sqlite3"),
        pytest.param("websockets", ("hub/transports", "clients"), id="websockets"),
        pytest.param("httpx", ("hub/cli", "hub/key_server.py", "clients"), id="httpx"),
        pytest.param(
            "joserfc", ("hub/auth", "hub/webhooks/encryption.py", "clients"), id="joserfc"
        ),
        pytest.param("cryptography", ("hub/cli", "hub/webhooks", "clients"), id="cryptography"),
        pytest.param("httptools", ("hub/webhooks/wire.py",), id="httptools"),
        pytest.param("prometheus_client", ("hub/telemetry/metrics.py",), id="prometheus_client"),
        pytest.param("opentelemetry", ("hub/telemetry/otel.py",), id="opentelemetry"),
        pytest.param("click", ("hub/cli", "hub/__main__.py"), id="click"),
        pytest.param("rich", ("hub/cli",), id="rich"),
        pytest.param("redis", ("hub/brokers",), id="redis"),
        pytest.param("jsonschema_rs", ("hub/model/answer_schema.py",), id="jsonschema_rs"),
    ],
)
def test_a_library_is_used_where_it_belongs(library: str, places: tuple[str, ...]) -> None:
    """A library that is everywhere can never be changed."""
    strays = [
        named(path)
        for path in sources()
        if library in imports(path) and not named(path).startswith(places)
    ]

    assert strays == []


@pytest.mark.parametrize("folder", ["model", "auth", "limits"])
def test_the_pure_core_does_nothing(folder: str) -> None:
    """No I/O, no clock, no await: values in, values out."""
    impure = {"asyncio", "time", "socket", "os", "pathlib", "threading", "logging", "structlog"}
    strays = [
        f"{named(path)}: {sorted(found)}"
        for path in (ROOT / "hub" / folder).rglob("*.py")
        if (found := imports(path) & impure)
    ]

    assert strays == []


@pytest.mark.parametrize("path", list(written_tests()), ids=named)
def test_every_test_states_its_rule(path: Path) -> None:
    """One sentence that would be false if the test failed."""
    without = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]

    assert without == []
