"""The ring of keys of a hub: out of its settings, or in a file beside its data file.

A key that stands in the database opens what stands in the database. So it is in another file, which
is not copied with the data unawares; who restores the data needs both.
"""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from hub.errors import Misconfigured
from hub.settings import Settings
from hub.webhooks.envelope import Ring, new_line, read_ring

SUFFIX = ".keys"
MAX_BYTES = 64 * 1024
_NAME = "HUB_WEBHOOK_SECRET_KEYS"
_HEAD = "# Seals the secrets of webhooks in the database. Without it they are lost: keep a copy.\n"


def ring_of(settings: Settings) -> Ring:
    """Return the keys that seal the secrets of endpoints.

    On a data file they are made where there are none. It reads and writes a file: ask once.

    Raises:
        Misconfigured: They cannot be read or made, or, on PostgreSQL, are not set.
    """
    if settings.webhook_secret_keys is not None:
        return read_ring(settings.webhook_secret_keys.reveal())
    if settings.postgres_url is not None:
        # A key in a file of this machine would be another one on each node.
        raise Misconfigured(
            f"{_NAME}: expected keys that seal the secrets of webhooks, the same on all nodes, "
            f"got none: here is a new one, {new_line()}"
        )
    return file_ring(ring_path(settings))


def ring_path(settings: Settings) -> Path:
    """Return where the keys of a data file are."""
    return settings.data_file.with_name(settings.data_file.name + SUFFIX)


def file_ring(path: Path) -> Ring:
    """Return the keys of a file; make it, for its owner alone, where there is none.

    Raises:
        Misconfigured: It cannot be read or made, or others may read it.
    """
    try:
        if not path.exists():
            _make(path)
        return _read(path)
    except OSError as error:
        raise Misconfigured(
            f"{_NAME} is not set, and {path} cannot be used: {error.strerror or error}"
        ) from error


def _read(path: Path) -> Ring:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 the descriptor is what is looked at
        mode = os.fstat(file.fileno()).st_mode
        data = file.read(MAX_BYTES)
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise Misconfigured(f"{path}: expected a file that others cannot read: chmod 600 {path}")
    lines = data.decode("ascii", "replace").splitlines()
    return read_ring("\n".join(line for line in lines if not line.startswith("#")), str(path))


def _make(path: Path) -> None:
    """Make the file whole or not at all; of several processes that try, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w") as file:  # noqa: PTH123 it was opened with its mode
            file.write(f"{_HEAD}{new_line()}\n")
            file.flush()
            os.fsync(file.fileno())
        # A link takes no other's place; a rename would.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Have the name on the disk, too: what is sealed from now on is lost without it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
