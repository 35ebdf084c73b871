"""Contexts: hubs by a name, each with its address and a token, in one file of the user's own.

The file is TOML, `$XDG_CONFIG_HOME/hub/config.toml`, and nobody but its owner can read it: it is
written whole beside the old one, with mode 600, and then takes its place.
"""

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from hub.errors import Misconfigured

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HEAD = "# Written by `hub context`. It may hold tokens: keep it to yourself.\n"


class Context(NamedTuple):
    """One hub.

    Attributes:
        url: Its address.
        token: What to show there; empty: nothing.
    """

    url: str
    token: str = ""


class Contexts(NamedTuple):
    """What the file holds.

    Attributes:
        current: Name of the one that counts where nothing else is said; empty: none does.
        known: By name.
    """

    current: str = ""
    known: Mapping[str, Context] = {}


def config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the file is, whether it is there or not."""
    folder = environ.get("XDG_CONFIG_HOME") or ""
    # The specification: a path that is not absolute is to be passed over.
    base = Path(folder) if Path(folder).is_absolute() else Path.home() / ".config"
    return base / "hub" / "config.toml"


def load(path: Path) -> Contexts:
    """Read the file; none is an empty one.

    Raises:
        Misconfigured: It cannot be read, or is not what `save` writes. No token is shown.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Contexts()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path}: expected TOML: {error}") from None
    known = said.get("contexts", {})
    if not isinstance(known, dict) or not isinstance(said.get("current", ""), str):
        raise Misconfigured(f"{path}: expected a name as `current` and tables [contexts.NAME]")
    return Contexts(
        said.get("current", ""), {name: _read(path, name, known[name]) for name in known}
    )


def save(path: Path, contexts: Contexts) -> None:
    """Write the file, readable for its owner alone.

    Raises:
        Misconfigured: It cannot be written.
    """
    # A link to a file that is kept elsewhere stays one.
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        # O_EXCL: never through a link that somebody has put there.
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(_text(contexts))
            file.flush()
            os.fsync(fd)
        beside.replace(target)
    except OSError as error:
        raise Misconfigured(f"cannot write {path}: {error}") from None


def others_can_read(path: Path) -> bool:
    """Say whether the file is there and its mode lets others read it."""
    try:
        return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    except OSError:
        return False


def find(contexts: Contexts, name: str, path: Path) -> Context:
    """Return a context by its name.

    Raises:
        Misconfigured: There is none.
    """
    if name not in contexts.known:
        there = ", ".join(sorted(contexts.known)) or "none yet"
        raise Misconfigured(f"expected a context of {path} ({there}), got {name[:80]!r}")
    return contexts.known[name]


def chosen(environ: Mapping[str, str]) -> Context | None:
    """Return the context that counts: that of HUB_CONTEXT, else the current one; None: none does.

    Raises:
        Misconfigured: See `load` and `find`.
    """
    path = config_file(environ)
    contexts = load(path)
    name = environ.get("HUB_CONTEXT") or contexts.current
    return find(contexts, name, path) if name else None


def _read(path: Path, name: str, table: Any) -> Context:
    expected = f"{path}: expected a `url` and perhaps a `token` in [contexts.{name}]"
    if not isinstance(table, dict) or not {*table} <= {"url", "token"}:
        raise Misconfigured(expected)
    url, token = table.get("url"), table.get("token", "")
    if not (isinstance(url, str) and url and isinstance(token, str)):
        raise Misconfigured(expected)
    return Context(url, token)


def _text(contexts: Contexts) -> str:
    lines = [_HEAD]
    if contexts.current:
        lines.append(f"current = {_quoted(contexts.current)}\n")
    for name, context in sorted(contexts.known.items()):
        lines.append(f"\n[contexts.{_quoted(name)}]\nurl = {_quoted(context.url)}\n")
        if context.token:
            lines.append(f"token = {_quoted(context.token)}\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    """Return a basic string of TOML: JSON's escapes are TOML's, too, but for DEL."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007F")
