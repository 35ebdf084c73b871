"""Files that hold settings: HUB_ENV_FILE, and NAME_FILE for what should not be in the environment.

The environment of a process never changes; these files are read again at SIGHUP.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hub.errors import Misconfigured

ENV_FILE = "HUB_ENV_FILE"
# Docker's and systemd's way to hand a secret over.
SUFFIX = "_FILE"
MAX_BYTES = 64 * 1024

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)", re.DOTALL)


def with_files(environ: Mapping[str, str], secret: Iterable[str]) -> dict[str, str]:
    """Return the environment, completed by what files say.

    Args:
        environ: Wins over HUB_ENV_FILE.
        secret: Names whose value may be in the file that NAME_FILE names.

    Raises:
        Misconfigured: A file cannot be read, a line is no setting, or a secret is given twice.
    """
    path = environ.get(ENV_FILE, "").strip()
    found = {**_lines(path), **environ} if path else dict(environ)
    for name in secret:
        file = found.get(name + SUFFIX, "").strip()
        if not file:
            continue
        if found.get(name, "").strip():
            raise Misconfigured(f"expected {name} or {name}{SUFFIX}, got both: unset one of them")
        found[name] = _read(name + SUFFIX, file).strip()
        if not found[name]:
            # Else the hub would start without the credential that somebody believes in.
            raise Misconfigured(f"{name}{SUFFIX}: expected a file with a value, got an empty one")
    return found


def _lines(path: str) -> dict[str, str]:
    found = {}
    for number, line in enumerate(_read(ENV_FILE, path).splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        parts = _LINE.fullmatch(text)
        if parts is None:
            # Without the line: it may hold half a secret.
            raise Misconfigured(f"{ENV_FILE}: expected NAME=value in line {number}, got neither")
        found[parts[1]] = _unquoted(parts[2].strip())
    return found


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _read(name: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Misconfigured(f"{name}: expected at most {MAX_BYTES} bytes in {path}, got more")
        return data.decode()
    except OSError as error:
        raise Misconfigured(f"{name}: cannot read {path}: {error.strerror}") from error
    except ValueError:
        # Not the cause: it holds the bytes.
        raise Misconfigured(
            f"{name}: expected a text in UTF-8 in {path}, got other bytes"
        ) from None


def file_names(secret: Iterable[str]) -> Iterator[str]:
    """Yield the names of the settings that name a file."""
    yield from (name + SUFFIX for name in secret)
