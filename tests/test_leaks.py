"""The search of all logs for secrets: it finds them, says where, and fails that test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.leaks import Leaks

SECRET = "kD8s-3mQv_Zr7xWb2yLf"  # noqa: S105 made for tests
ROOT = Path(__file__).parents[1]
CONFTEST = """
from support.leaks import install, pytest_runtest_makereport
install()
"""
TESTS = """
import io, logging
import structlog
from hub.auth.keys import make_id, make_token
from hub.auth.jwt_keys import secret_key
from hub.settings.secret import Secret
from hub.telemetry.logging import logger
from joserfc import jwt
from support.leaks import LEAKS
from support.log_lines import logging_to

KEY = "kD8s-3mQv_Zr7xWb2yLfTn5hGc9aEj4uXo6iPq1w"

def test_quiet():
    Secret(KEY)
    structlog.get_logger().info("said", id=make_id(b"1" * 9), key=str(Secret(KEY)))

def test_stream():
    with logging_to(io.StringIO()):
        logger("hub").info("said", path="/api?key=" + make_token(make_id(b"1" * 9), b"2" * 32))

def test_stdout():
    token = jwt.encode({"alg": "HS256"}, {"sub": "a"}, secret_key(KEY).key)
    structlog.get_logger().info("said", token=token)

def test_library():
    logging.getLogger("library").warning("got %s", Secret(KEY).reveal())

def test_process(tmp_path):
    LEAKS.note_settings({"REDIS_URL": "redis://:geheim@127.0.0.1/0"})
    LEAKS.read(tmp_path / "log")
    (tmp_path / "log").write_text("no redis at redis://:geheim@127.0.0.1/0")

def test_behind():
    pass
"""


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "with others"])
def test_a_secret_in_a_log_fails_the_test(tmp_path: Path, processes: tuple[str, ...]) -> None:
    """Wherever it was logged; what comes behind it in the same process does not fail for it."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS)
    places = (str(ROOT), str(ROOT / "clients/python/src"), str(ROOT / "tests"))

    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-rE", "-p", "no:cacheprovider", *processes),
            *("--rootdir", str(tmp_path), str(tmp_path)),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    lines = [line for line in run.stdout.splitlines() if line.startswith("ERROR test")]
    failed = {line.partition("::")[2].partition(" ")[0] for line in lines}
    assert failed == {"test_stream", "test_stdout", "test_library", "test_process"}, run.stdout
    assert "found during test_it.py::test_stream" in run.stdout
    assert run.returncode == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SECRET, id="alone"),
        pytest.param(f'{{"path":"/ws?ticket={SECRET}&x=1"}}', id="in an address"),
        pytest.param(f"Bearer%20{SECRET}…", id="among other signs"),
        pytest.param(f"x{SECRET[:8]}{SECRET}", id="behind its own beginning"),
    ],
)
def test_a_secret_is_found_in_a_word(text: str) -> None:
    """Whatever stands around it, once."""
    leaks = Leaks()
    leaks.note(SECRET)

    leaks.hear(text)

    assert [leak.word in text for leak in leaks.look()] == [True]
    assert leaks.look() == []


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"API_KEY": f"{SECRET},{SECRET[::-1]}"}, SECRET[::-1]),
        ({"JWT_SECRET_PREVIOUS": SECRET}, SECRET),
        ({"DATABASE_URL": "postgresql://hub:ge%68eim@db/hub"}, "geheim"),
        ({"REDIS_URL": f"redis://:{SECRET}@redis:6379/0"}, SECRET),
    ],
    ids=["one of two keys", "the key before", "a password", "a password without a user"],
)
def test_what_of_the_settings_is_secret_is_noted(environ: dict[str, str], text: str) -> None:
    """Keys, and passwords in addresses."""
    leaks = Leaks()
    leaks.note_settings(environ)

    leaks.hear(text)

    assert len(leaks.look()) == 1


def test_what_is_no_secret_may_be_logged() -> None:
    """A part of one, a name, a word that is too short, and where a file lies."""
    leaks = Leaks()
    leaks.note(SECRET)
    leaks.note_settings({"JWT_SECRET_FILE": "/run/secrets/jwt_secret", "HUB_AUDIT_KEY": "short"})

    leaks.hear(f"{SECRET[:-1]} /run/secrets/jwt_secret short")

    assert leaks.look() == []
