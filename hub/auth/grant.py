"""Grants: whoever makes a credential gives away nothing that it has not got itself."""

import re
from collections.abc import Sequence

from hub.errors import Forbidden
from hub.model.principal import Principal
from hub.model.scope import JOBS_ANY

ADMIN = "admin"


def check_grant(giver: Principal, given: Principal) -> None:
    """Refuse a credential that could do more than who makes it.

    Raises:
        Forbidden: More scopes, roles or channels; or the name of somebody whose jobs the giver
            may not see.
    """
    if given.name != giver.name and JOBS_ANY not in giver.scopes:
        raise Forbidden(
            f"expected a key for your own name, {giver.name}, because you lack the scope "
            f"{JOBS_ANY}, got one for {given.name[:80]}"
        )
    more = sorted(given.scopes - giver.scopes)
    if more:
        raise Forbidden(f"expected scopes that you have yourself, got also {', '.join(more)}")
    # Channels may be for readers of a role: a role is a right by itself.
    roles = () if ADMIN in giver.roles else sorted({*given.roles} - {*giver.roles})
    if roles:
        raise Forbidden(f"expected roles that you have yourself, got also {', '.join(roles)}")
    if not _within(giver.channels, given.channels):
        own = ", ".join(giver.channels or ())
        raise Forbidden(f"expected channels within your own, {own}; got others")


def _within(own: Sequence[str] | None, given: Sequence[str] | None) -> bool:
    """Say whether every channel of these patterns is one of ours; by one pattern for each."""
    if own is None:
        return True
    if given is None:
        return False
    return all(any(_covers(mine, pattern) for mine in own) for pattern in given)


def _covers(wide: str, narrow: str) -> bool:
    """Say whether one pattern has all channels of another.

    A `*` of the narrow one is a character that nothing but a `*` of the wide one can stand for.
    """
    return re.fullmatch(".*".join(map(re.escape, wide.split("*"))), narrow) is not None
