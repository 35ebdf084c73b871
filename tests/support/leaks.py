"""Leaks: every secret that the tests make is looked for in everything that hubs log meanwhile.

Secrets are noted where they are made: API keys, tickets and JWTs by whoever makes them, settings
where a hub or a command is given them. Looked through at the end of each test, in every process
of pytest-xdist by itself: what hubs in this process log, whatever stream it goes to, what the
test's process writes to its own streams (not under `pytest -s`), what hubs write that are
processes, and what commands say on stderr. What a command is asked to print is no log.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import joserfc.jwt
import pytest

from hub.auth import keys
from hub.services import tickets
from hub.settings.secret import Secret
from hub.telemetry.logging import Lines

# Shorter ones are words that stand in any log.
LEAST = 12
LEAST_PASSWORD = 6
_ORDINARY = re.compile(rf"[^\s\"'\\<>,;|(){{}}\[\]]{{{LEAST_PASSWORD},}}")
_SECRET_NAMES = re.compile(r"(SECRET|KEY|TOKEN|PASSWORD)(_PREVIOUS)?$")


class Leak(NamedTuple):
    """A secret in a log: who made it, and the word of the log that holds it."""

    maker: str
    word: str


class Leaks:
    """What is secret, and what has been logged since the last look."""

    def __init__(self) -> None:
        self._makers: dict[str, str] = {}
        # By their first characters, so that a log is read once, however many secrets there are.
        self._by_beginning: defaultdict[str, list[str]] = defaultdict(list)
        self._heard: list[str] = []
        self._read: dict[Path, int] = {}

    def note(self, secret: str, least: int = LEAST) -> None:
        """Remember a secret; what is shorter than a secret can be is passed over."""
        for word in _ORDINARY.findall(secret):
            if len(word) >= least and word not in self._makers:
                self._makers[word] = os.environ.get("PYTEST_CURRENT_TEST", "the session")
                self._by_beginning[word[:LEAST_PASSWORD]].append(word)

    def note_settings(self, environ: Mapping[str, str]) -> None:
        """Remember what of an environment is secret: keys, and passwords in addresses."""
        for name, value in environ.items():
            if _SECRET_NAMES.search(name):
                self.note(value)
            elif name.endswith(("_URL", "_URI")) and "@" in value:
                self.note(unquote(urlsplit(value).password or ""), LEAST_PASSWORD)

    def hear(self, text: str) -> None:
        """Have a text looked through: it was logged."""
        self._heard.append(text)

    def read(self, file: Path) -> None:
        """Have what is written to a file from now on looked through."""
        self._read.setdefault(file, file.stat().st_size if file.exists() else 0)

    def look(self) -> list[Leak]:
        """Return which secrets are in what was logged since the last look."""
        heard, self._heard = self._heard, []  # a hub in a thread may be logging
        text = "\n".join((*heard, *map(self._news, self._read)))
        return [
            Leak(self._makers[secret], word)
            for word in {*_ORDINARY.findall(text)}
            for secret in self._in(word)
        ]

    def _in(self, word: str) -> set[str]:
        beginnings = self._by_beginning
        return {
            secret
            for at in range(len(word) - LEAST_PASSWORD + 1)
            for secret in beginnings.get(word[at : at + LEAST_PASSWORD], ())
            if word.startswith(secret, at)
        }

    def _news(self, file: Path) -> str:
        seen = self._read[file]
        # Its folder may be gone already.
        if not file.exists() or (size := file.stat().st_size) <= seen:
            return ""
        self._read[file] = size
        with file.open("rb") as opened:
            opened.seek(seen)
            return opened.read(size - seen).decode(errors="replace")


LEAKS = Leaks()


def install() -> None:
    """Note secrets where they are made in this process, and hear what it logs; call it once."""
    _follow(keys, "make_token", lambda token: LEAKS.note(token.rpartition("_")[2]))
    _follow(tickets, "token_urlsafe", LEAKS.note)
    # Who has the rest of a token has nothing.
    _follow(joserfc.jwt, "encode", lambda token: LEAKS.note(token.rpartition(".")[2]))
    make, flush = Secret.__init__, Lines.flush

    def made(self: Secret, text: str) -> None:
        make(self, text)
        LEAKS.note(text)

    def flushed(self: Lines) -> None:
        LEAKS.hear("\n".join(self._waiting))
        flush(self)

    Secret.__init__ = made  # type: ignore[method-assign]
    Lines.flush = flushed  # type: ignore[method-assign]


def _follow(module: Any, name: str, note: Callable[[str], None]) -> None:
    make = getattr(module, name)

    @wraps(make)
    def made(*args: Any, **kwargs: Any) -> str:
        secret: str = make(*args, **kwargs)
        note(secret)
        return secret

    setattr(module, name, made)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:  # noqa: ARG001 pytest's names
    """Fail the end of a test in which a secret was logged."""
    report: pytest.TestReport = yield
    if report.when == "teardown":
        for _, text in report.sections:
            LEAKS.hear(text)
        if leaks := LEAKS.look():
            report.outcome = "failed"
            told = "\n".join(f"  made in {maker}\n  logged as {word}" for maker, word in leaks)
            report.longrepr = f"expected no secret in any log, found during {item.nodeid}\n{told}"
    return report
