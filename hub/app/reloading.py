"""Reloading: what of the settings a running node takes over, without losing a client.

Whoever goes by a setting says so with `add`. Either all take the new settings over, or all keep
those that were.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from hub.errors import Misconfigured
from hub.services.auditor import Auditor
from hub.settings import Settings, names

# Takes settings over, or looks whether they can be; raises Misconfigured before it has changed
# anything.
Take = Callable[[Settings], None]


class Change(NamedTuple):
    """What a reload came to, as names of settings.

    Attributes:
        taken: They differ, and count from now on.
        waiting: They differ, and would count after a restart.
    """

    taken: Sequence[str]
    waiting: Sequence[str]


def recording(auditor: Auditor) -> Callable[[Change], None]:
    """Return what brings a change into the audit log: the names of settings, not their values."""

    def record(change: Change) -> None:
        details = {"changed": [*change.taken], "need_restart": [*change.waiting]}
        auditor.note("settings.reload", details=details)

    return record


class Reloading:
    """The settings of a running node, and who goes by them.

    Attributes:
        settings: Those that count now.
        taken: Called with what a reload came to, once all have taken it over.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.taken: list[Callable[[Change], None]] = []
        self._takers: list[Take] = []
        self._checks: list[Take] = []
        self._fields: set[str] = set()

    def add(self, take: Take, *fields: str, check: Take | None = None) -> None:
        """Call this with the settings of each reload; it goes by these fields of them.

        What cannot be taken back, the end of a key's sockets say, needs a `check`: all of those
        are asked before anybody takes anything over.
        """
        self._takers.append(take)
        self._fields |= set(fields)
        if check is not None:
            self._checks.append(check)

    def take(self, new: Settings) -> Change:
        """Take over what can be taken over; files that settings name may have changed, too.

        Raises:
            Misconfigured: Nothing was taken over.
        """
        old = self.settings
        if new.auth_required != old.auth_required:
            # Half of it would leave the hub open where somebody believes otherwise.
            raise Misconfigured("whether credentials are required changes: restart the hub for it")
        differ = [name for name in names() if getattr(old, name.field) != getattr(new, name.field)]
        values = {field: getattr(new, field) for field in self._fields}
        self._hand_round(old, msgspec.structs.replace(old, **values))
        change = Change(
            [name.env for name in differ if name.field in self._fields],
            [name.env for name in differ if name.field not in self._fields],
        )
        for tell in self.taken:
            tell(change)
        return change

    def _hand_round(self, old: Settings, new: Settings) -> None:
        for check in self._checks:
            check(new)
        for count, take in enumerate(self._takers):
            try:
                take(new)
            except Misconfigured:
                for earlier in self._takers[:count]:
                    earlier(old)
                raise
        self.settings = new
