"""Policy: who may do what, as one function of values.

A deed names the scope that it needs and, where it touches them, a channel, who may read that
channel, and the owner of the resource. Of a foreign resource nobody learns that it is there.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, TypeVar

from hub.errors import Forbidden
from hub.model.alert import ALERTS
from hub.model.event import JOBS
from hub.model.pattern import is_like
from hub.model.principal import Principal
from hub.model.scope import ALERTS_READ, JOBS_ANY, PUBLIC

# Channels whose events belong to somebody: the scope that shows the events of others.
OWNED = {JOBS: JOBS_ANY}
# Channels that tell more than events do: the scope that they need besides.
GUARDED = {ALERTS: ALERTS_READ}
ADMIN = "admin"
# No channel has a longer name (model.event); what is asked for may be of any length.
_LONGEST = 128
# Returns the roles that alone may read a channel; None: whoever may read events.
Readers = Callable[[str], Sequence[str] | None]
Told = TypeVar("Told")


class Deed(NamedTuple):
    """What somebody wants to do.

    Attributes:
        scope: What it needs.
        channel: The channel that it reads or writes; None: it is about none.
        readers: Roles that may read that channel; None: whoever has the scope.
        owner: Of the resource that it touches; None: it is about no resource that is there.
    """

    scope: str
    channel: str | None = None
    readers: Sequence[str] | None = None
    owner: str | None = None


class Verdict(Enum):
    """What the policy says."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    HIDDEN = "hidden"


def judge(principal: Principal, deed: Deed) -> Verdict:
    """Say whether a principal may do a deed; HIDDEN: to it, the resource is not there."""
    if deed.scope != PUBLIC and deed.scope not in principal.scopes:
        return Verdict.FORBIDDEN
    if deed.channel is not None:
        if not (_may_use(principal, deed.channel) and _has_guard(principal, deed.channel)):
            return Verdict.FORBIDDEN
        if not _may_read(principal, deed.readers):
            return Verdict.FORBIDDEN
        if deed.owner is not None and owner_shown(principal, deed.channel) not in {
            None,
            deed.owner,
        }:
            return Verdict.HIDDEN
    return Verdict.ALLOWED


def owner_shown(principal: Principal, channel: str) -> str | None:
    """Return whose events and resources of a channel alone a principal is shown; None: all."""
    needed = OWNED.get(channel)
    return None if needed is None or needed in principal.scopes else principal.name


def visible(principal: Principal, told: Mapping[str, Told], readers: Readers) -> dict[str, Told]:
    """Return what is told of channels, of those alone that a principal may read."""
    return {
        channel: one
        for channel, one in told.items()
        if judge(principal, Deed(PUBLIC, channel, readers(channel))) is Verdict.ALLOWED
    }


def demand(principal: Principal, deed: Deed) -> bool:
    """Return whether the resource is there, for this principal.

    Raises:
        Forbidden: It may not do this, to no resource.
    """
    verdict = judge(principal, deed)
    if verdict is Verdict.FORBIDDEN:
        raise Forbidden(_reason(principal, deed))
    return verdict is Verdict.ALLOWED


def _reason(principal: Principal, deed: Deed) -> str:
    roles = " and ".join(principal.roles) or "no role"
    if deed.scope != PUBLIC and deed.scope not in principal.scopes:
        return f"expected a credential with the scope {deed.scope}, got one with {roles}"
    return f"expected a credential for the channel {deed.channel!r}, got one with {roles}"


def _has_guard(principal: Principal, channel: str) -> bool:
    needed = GUARDED.get(channel)
    return needed is None or needed in principal.scopes


def _may_read(principal: Principal, readers: Sequence[str] | None) -> bool:
    if readers is None or ADMIN in principal.roles:
        return True
    return not frozenset(readers).isdisjoint(principal.roles)


def _may_use(principal: Principal, channel: str) -> bool:
    patterns = principal.channels
    # Cut, for it is remembered: 4,096 names of 64 KiB would be a quarter of a gigabyte.
    return patterns is None or _matches(patterns, channel[: _LONGEST + 1])


@lru_cache(4096)
def _matches(patterns: Sequence[str], channel: str) -> bool:
    """Say whether a channel is one of these; `*` stands for any characters, also none."""
    return any(is_like(channel, pattern) for pattern in patterns)
