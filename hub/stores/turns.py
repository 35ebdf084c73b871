"""Turns: how several processes share one data file.

SQLite's own waiting (`busy_timeout`) is a race of sleepers, which some lose for seconds. A lock of
the kernel wakes who waits. It dies with its process, so a killed hub blocks nobody.
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from hub.errors import Misconfigured


class Turns:
    """The right to write, one process at a time: a context manager.

    Two locks make it fair. Who wants to write stands at the door first, and leaves it only when it
    is inside; so who has just written queues behind who waited.

    Args:
        path: The data file; the locks are files beside it.
        needed: False where this process is alone with the file: then nothing is locked.
    """

    def __init__(self, path: Path, *, needed: bool) -> None:
        self._door, self._room = (
            (_open(path.with_name(f"{path.name}.{name}")) for name in ("door", "turn"))
            if needed
            else (-1, -1)
        )
        self._needed = needed

    def __enter__(self) -> None:
        if self._needed:
            fcntl.flock(self._door, fcntl.LOCK_EX)
            fcntl.flock(self._room, fcntl.LOCK_EX)
            fcntl.flock(self._door, fcntl.LOCK_UN)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._needed:
            fcntl.flock(self._room, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let the lock files go."""
        if self._needed:
            os.close(self._door)
            os.close(self._room)


def take_lock(path: Path, *, shared: bool) -> int:
    """Hold a data file for the life of this process; return the handle to close.

    Raises:
        Misconfigured: Another hub holds it, or its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _open(path.with_name(f"{path.name}.lock"))
    except OSError as error:
        raise Misconfigured(
            f"cannot write to the folder {path.parent}: {error.strerror}; "
            "make it writable, or set DATABASE_URL to another file"
        ) from error
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise Misconfigured(
            f"another hub holds the data file {path}: stop it, set DATABASE_URL to another file, "
            "or give both the same REDIS_URL, and they are one hub"
        ) from error
    return handle


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
