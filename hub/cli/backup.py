"""`hub backup`: a copy of the data file, consistent although the hub writes meanwhile."""

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

import click
import msgspec
from rich.text import Text

from hub.cli.command import Command
from hub.cli.configuration import load_settings
from hub.cli.output import Output
from hub.errors import Misconfigured
from hub.settings import Settings


class Backup(msgspec.Struct):
    """What was copied."""

    file: str
    bytes: int
    epoch: str
    heads: dict[str, int]


@click.command(
    cls=Command,
    examples=(
        'hub backup "hub-$(date +%F).db"',
        "hub backup --force var/backup.db -o json",
    ),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE.")
def backup(output: Output, file: Path, *, force: bool) -> None:
    """Copy the data file to FILE, also while the hub runs.

    The copy is one consistent moment of the log, in a single file that needs nothing beside it.
    To restore: stop the hub, put the copy in the data file's place (and remove its -wal and -shm),
    run `hub log new-epoch`, start the hub.
    """
    settings = load_settings(output)
    if settings.postgres_url is not None:
        raise Misconfigured(
            f"{settings.data_place} is PostgreSQL's to copy: use pg_dump, and `hub log new-epoch` "
            "after a restore"
        )
    _keep_off(settings.data_file, file)
    if file.exists() and not force:
        raise click.UsageError(f"expected a new file, {file} exists: say --force to overwrite it")
    if not file.parent.is_dir():
        raise click.UsageError(f"expected a file in an existing folder, there is no {file.parent}")
    made = copy(settings.data_file, file)
    output.show(made, lambda: _done(made))
    _hints(settings, output)


def _keep_off(data_file: Path, file: Path) -> None:
    """Refuse the hub's own files as a target: a running hub would go on in the replaced one."""
    own = {Path(f"{data_file}{end}").resolve() for end in ("", "-wal", "-shm", ".lock", ".keys")}
    if file.resolve() in own:
        raise click.UsageError(f"expected a file beside the hub's own, {file} is one of them")


def copy(source: Path, target: Path) -> Backup:
    """Copy the database; `target` appears complete and on disk, or not at all.

    Raises:
        Misconfigured: The source cannot be read.
        click.ClickException: The target cannot be written.
    """
    from hub.cli.reading import reading

    with reading(source) as connection:
        partial = _empty_file(target)
        try:
            epoch, heads = _copy(connection, partial)
            _sync(partial)
            partial.replace(target)
            _sync(target.parent)
        except (sqlite3.Error, OSError) as error:
            raise click.ClickException(f"cannot write {target}: {error}") from error
        finally:
            partial.unlink(missing_ok=True)
    return Backup(str(target.absolute()), target.stat().st_size, epoch, heads)


def _copy(source: sqlite3.Connection, partial: Path) -> tuple[str, dict[str, int]]:
    with contextlib.closing(sqlite3.connect(partial)) as target:
        # In one step: it reads one snapshot of the WAL, and no commit makes it begin again.
        source.backup(target, pages=-1)
        # The copy carries the mark of a WAL file; without it, it is one file by itself.
        target.execute("PRAGMA journal_mode = DELETE").fetchall()
        (epoch,) = target.execute("SELECT epoch FROM log").fetchone()
        heads = target.execute("SELECT name, head FROM channels WHERE head > 0").fetchall()
        return epoch, dict(heads)


def _empty_file(target: Path) -> Path:
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".hub-backup-")
    except OSError as error:
        raise click.ClickException(f"cannot write {target}: {error}") from error
    os.close(handle)
    return Path(name)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _done(made: Backup) -> Text:
    heads = "  ".join(f"{channel} #{head}" for channel, head in sorted(made.heads.items()))
    size = f"{made.bytes / 1024**2:.1f} MiB"
    return Text.assemble(("saved ", "green"), made.file, f"  {size}  ", (heads or "empty", "dim"))


def _hints(settings: Settings, output: Output) -> None:
    output.note("After a restore run `hub log new-epoch` before the hub starts again.")
    folder = settings.artifacts_folder
    if folder.is_dir() and any(folder.iterdir()):
        output.note(f"Uploaded artifacts are not in it: copy the folder {folder} too.")
    keys = settings.data_file.with_name(f"{settings.data_file.name}.keys")
    if keys.exists():
        # Together with the data they would open what they seal.
        output.note(f"The keys of webhooks' secrets are not in it: keep {keys}, in another place.")
