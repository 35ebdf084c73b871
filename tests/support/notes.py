"""Notes of deeds, for tests of the audit log."""

from collections.abc import Sequence
from typing import Any

from hub.clock import SystemClock
from hub.errors import HubError
from hub.model.audit import DONE, Note, Record, Seal, closed
from hub.services.auditor import Auditor
from hub.stores.audit import Make
from support.clocks import START_US

KEY = b"k" * 32


def a_note(target: str = "t", *, at_us: int = START_US, **fields: Any) -> Note:
    """Return a note; `fields` are its own."""
    note = Note(at_us, "anna", "key:1", "channel.define", target, DONE, "10.0.0.1", "n1")
    return note._replace(**fields)


def sealing(at_us: int = START_US, key: bytes | None = KEY, node: str = "n1") -> Make:
    """Return what makes a seal of a batch."""

    def make(previous: Seal | None, records: Sequence[Record]) -> Seal:
        return closed(previous, records, at_us=at_us, node=node, key=key)

    return make


class MemoryAudit:
    """A log of records in memory that can fail."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.groups: list[int] = []
        self.failure: HubError | None = None

    async def append(self, notes: Sequence[Note]) -> int:
        """Keep them, or fail."""
        if self.failure is not None:
            raise self.failure
        self.notes += notes
        self.groups.append(len(notes))
        return len(self.notes)


def an_auditor() -> Auditor:
    """Return an auditor whose records nobody reads."""
    return Auditor(MemoryAudit(), SystemClock(), "n1")  # type: ignore[arg-type]
