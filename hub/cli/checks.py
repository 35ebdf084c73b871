"""The checks of `hub check`, each one question with its answer and, if bad, its remedy."""

import asyncio
import fcntl
import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

from hub.cli.check_identity import identity_findings
from hub.cli.check_webhooks import webhook_findings
from hub.cli.finding import Finding
from hub.cli.listening import listen
from hub.cli.migrate import schema
from hub.cli.reading import reading
from hub.clock import SECOND_US, SystemClock
from hub.database_url import without_secrets
from hub.errors import Misconfigured
from hub.model.timestamp import to_rfc3339
from hub.settings import Settings
from hub.stores import migrations

# A socket a client, and room for files and the pages that browsers keep open.
FEW_OPEN_FILES = 4096
LITTLE_SPACE = 256 * 1024**2
# This code was written in 2026; a host without a battery-backed clock wakes up in 1970.
EARLIEST_US = 1_767_225_600 * SECOND_US


def findings(settings: Settings) -> list[Finding]:
    """Ask everything, in the order in which a start would fail."""
    if settings.postgres_url is not None:
        return [
            Finding("settings", "ok", "every value can be used"),
            _database(settings),
            *_broker(settings),
            *identity_findings(settings),
            *webhook_findings(settings),
            _open_files(),
            _port(settings, held=False),
        ]
    held = is_held(settings.data_file)
    return [
        Finding("settings", "ok", "every value can be used"),
        _data_file(settings.data_file, held=held),
        _space(settings.data_file),
        _migrations(settings),
        *_broker(settings),
        *identity_findings(settings),
        *webhook_findings(settings),
        _clock(settings.data_file),
        _open_files(),
        _port(settings, held=held),
    ]


def _database(settings: Settings) -> Finding:
    name, place = "database", settings.data_place
    try:
        known, applied = schema(settings)
    except Misconfigured as error:
        found, _, remedy = str(error).removeprefix("DATABASE_URL: ").partition("; ")
        return Finding(name, "failed", f"{place}: {found}", remedy or "see `hub migrate status`")
    missing = len(known) - len(applied)
    if missing and not settings.migrate_on_start:
        return Finding(name, "failed", f"{place}: {missing} pending", "run `hub migrate`")
    return Finding(
        name, "ok", f"{place}: answers, {len(applied)} of {len(known)} migrations applied"
    )


def _broker(settings: Settings) -> Iterator[Finding]:
    """Ask Redis, where there is to be one."""
    if settings.redis_url is None:
        return
    from hub.brokers.redis import silence_of

    name, place = "broker", without_secrets(settings.redis_url)
    try:
        silence = asyncio.run(silence_of(settings.redis_url))
    except Misconfigured as error:
        found = str(error).removeprefix("REDIS_URL: ")
        yield Finding(name, "failed", f"{place}: {found}", "correct REDIS_URL")
        return
    if silence:
        remedy = (
            "start it: the hub would start degraded, and events cross through the log, 400 ms late"
        )
        yield Finding(name, "warning", f"{place}: does not answer: {silence}", remedy)
        return
    yield Finding(name, "ok", f"{place}: answers")


def is_held(data_file: Path) -> bool:
    """Say whether a hub runs on the data file."""
    try:
        handle = os.open(data_file.with_name(f"{data_file.name}.lock"), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _data_file(path: Path, *, held: bool) -> Finding:
    name, shown = "data file", path.absolute()
    folder = next(parent for parent in shown.parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        remedy = "make the folder writable, or set DATABASE_URL to another file"
        return Finding(name, "failed", f"{shown}: cannot write to {folder}", remedy)
    if not path.exists():
        return Finding(name, "ok", f"{shown}: will be made at the first start")
    if not os.access(path, os.R_OK | os.W_OK):
        return Finding(name, "failed", f"{shown}: not writable", "give this user the right to")
    return Finding(name, "ok", f"{shown}: {'a hub runs on it' if held else 'writable'}")


def _space(path: Path) -> Finding:
    folder = next(parent for parent in path.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:.1f} GiB free in {folder}"
    if free < LITTLE_SPACE:
        return Finding("disk", "warning", found, "make room: a full disk stops every update")
    return Finding("disk", "ok", found)


def _migrations(settings: Settings) -> Finding:
    known, name = migrations.known(), "migrations"
    if not settings.data_file.exists():
        return Finding(name, "ok", f"{len(known)} to apply at the first start")
    try:
        with reading(settings.data_file) as connection:
            pending = migrations.pending(connection, known)
    except Misconfigured as error:
        return Finding(name, "failed", str(error), "see `hub migrate status`")
    if not pending:
        return Finding(name, "ok", f"all {len(known)} applied")
    names = ", ".join(migration.name for migration in pending)
    if settings.migrate_on_start:
        return Finding(name, "ok", f"pending, applied at the next start: {names}")
    return Finding(name, "failed", f"pending: {names}", "run `hub migrate`")


def _clock(path: Path) -> Finding:
    now_us = SystemClock().now_us()
    newest_us = max(_newest(path), default=0)
    found = to_rfc3339(now_us)
    if now_us < EARLIEST_US:
        return Finding("clock", "failed", found, "set the host's clock: use NTP")
    if newest_us > now_us + SECOND_US:
        ahead = (newest_us - now_us) / SECOND_US
        text = f"{found}, but the log's newest event is {ahead:.0f} s ahead of it"
        return Finding("clock", "warning", text, "set the host's clock: use NTP")
    return Finding("clock", "ok", found)


def _newest(path: Path) -> Iterator[int]:
    try:
        with reading(path) as connection:
            yield from (at for (at,) in connection.execute("SELECT at_us FROM channels"))
    except Misconfigured:
        return


def _open_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = f"{hard} at most (now {soft}, raised at the start)"
    if hard < FEW_OPEN_FILES:
        remedy = "raise it, each client takes one: ulimit -Hn, or LimitNOFILE= in systemd"
        return Finding("open files", "warning", found, remedy)
    return Finding("open files", "ok", found)


def _port(settings: Settings, *, held: bool) -> Finding:
    place = f"{settings.host}:{settings.port}"
    if settings.port == 0:
        return Finding("port", "ok", f"{place}: a free one is taken at the start")
    try:
        listen(settings.host, settings.port).close()
    except Misconfigured as error:
        if held:
            return Finding("port", "ok", f"{place}: taken, and a hub runs on the data file")
        found, _, remedy = str(error).partition(": ")
        return Finding("port", "failed", found, remedy)
    return Finding("port", "ok", f"{place}: free")
