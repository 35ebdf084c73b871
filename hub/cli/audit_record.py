"""The record of what a command has done to the data, in its audit log."""

import getpass
from collections.abc import Mapping
from typing import Any

from hub.clock import Clock
from hub.model.audit import DONE, Note, kept
from hub.stores.audit import AuditLog


async def record(
    audit: AuditLog,
    clock: Clock,
    action: str,
    *,
    target: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Record a deed of whoever sits at this machine; a hub that runs later seals it.

    Raises:
        LogUnavailable, OutcomeUnknown: See `AuditLog.append`.
    """
    note = Note(clock.now_us(), f"os:{_user()}", "", action, target, DONE, "", "cli")
    await audit.append([kept(note, details)])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a container whose user has no name
