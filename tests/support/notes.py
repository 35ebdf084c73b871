"""Notes of deeds, for tests of the audit log."""

from collections.abc import Sequence
from typing import Any

from hub.model.audit import DONE, Note, Record, Seal, closed
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
