"""The bookmark: up to where a tail has printed, kept on this machine by a name.

It is written after the line was, so a tail that is killed at any moment prints again what it had
not noted, and never leaves out any. One file a name and hub; only one tail at a time has it.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import click
import msgspec

from hub.errors import Misconfigured

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# A process that is killed loses nothing; this is for machines that are.
_SYNC_EVERY_S = 1.0
_POSITION = re.compile(r"[a-z0-9]{1,32}(?:;[a-z0-9._:-]{1,128}=[0-9]{1,18})*")


class _Kept(msgspec.Struct):
    """The file; the address is for people."""

    url: str
    position: str


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where bookmarks are, whether the folder is there or not."""
    folder = environ.get("XDG_STATE_HOME") or ""
    base = Path(folder) if Path(folder).is_absolute() else Path.home() / ".local" / "state"
    return base / "hub" / "tail"


class Bookmark:
    """One name for one hub; a context manager that holds it for this process alone.

    Args:
        name: What the user calls it.
        url: The hub's address.
        folder: Where it is kept.

    Raises:
        click.UsageError: The name is none.
    """

    def __init__(self, name: str, url: str, folder: Path) -> None:
        if not NAME.fullmatch(name):
            expected = "letters, digits, dots, - and _, at most 64"
            raise click.UsageError(f"--resume: expected {expected}, got {name[:80]!r}")
        self._name = name
        self._url = url
        # Offsets of another hub mean nothing here.
        hub = hashlib.sha256(url.encode()).hexdigest()[:12]
        self._path = folder / f"{name}-{hub}.json"
        self._held: int | None = None
        self._stands: dict[str, int] = {}
        self._epoch = ""
        self._synced_s = 0.0

    def __enter__(self) -> Self:
        """Hold it.

        Raises:
            Misconfigured: Another tail does, or the file cannot be read.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._let_go()
            raise Misconfigured(
                f"--resume: expected one tail with the name {self._name!r}, another one runs"
            ) from None
        except OSError as error:
            raise Misconfigured(f"--resume: cannot use {self._path}: {error}") from None
        try:
            self._load()
        except BaseException:
            self._let_go()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let it go."""
        self._let_go()

    def position(self, channels: tuple[str, ...]) -> str | None:
        """Return up to where these channels were printed; None: none of them was.

        Those that were not followed under this name begin as if there were no bookmark.
        """
        known = [name for name in channels if name in self._stands]
        if not known:
            return None
        return ";".join([self._epoch, *(f"{name}={self._stands[name]}" for name in known)])

    def keep(self, position: str | None, channels: tuple[str, ...]) -> None:
        """Note that everything up to a position of these channels was printed.

        Raises:
            Misconfigured: It cannot be written.
        """
        if position is None:
            return
        epoch, stands = _read(position, channels)
        if epoch != self._epoch:
            # Of the log before: the other channels begin anew, too.
            self._epoch, self._stands = epoch, {}
        if stands.items() <= self._stands.items():
            return
        self._stands |= stands
        self._save()

    def _load(self) -> None:
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise Misconfigured(f"--resume: cannot read {self._path}: {error}") from None
        position = _position(text)
        if position is None:
            raise Misconfigured(
                f"--resume: expected a bookmark in {self._path}, got something else; remove it to "
                "begin anew"
            )
        self._epoch, self._stands = _read(position, ())

    def _save(self) -> None:
        position = ";".join([self._epoch, *(f"{n}={o}" for n, o in sorted(self._stands.items()))])
        beside = self._path.with_suffix(".new")
        now_s = time.monotonic()
        try:
            with beside.open("wb") as file:
                file.write(msgspec.json.encode(_Kept(self._url, position)))
                if now_s - self._synced_s >= _SYNC_EVERY_S:
                    self._synced_s = now_s
                    file.flush()
                    os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise Misconfigured(f"--resume: cannot write {self._path}: {error}") from None

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _position(text: bytes) -> str | None:
    try:
        position = msgspec.json.decode(text, type=_Kept).position
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return position if _POSITION.fullmatch(position) else None


def _read(position: str, channels: tuple[str, ...]) -> tuple[str, dict[str, int]]:
    """Return epoch and offsets of either form; the short one is that of a single channel."""
    if ";" not in position and ":" in position:
        epoch, _, offset = position.rpartition(":")
        return epoch, {channels[0]: int(offset)}
    epoch, *pairs = position.split(";")
    stands = (pair.rpartition("=") for pair in pairs)
    return epoch, {name: int(offset) for name, _, offset in stands}
