"""Who asks. Every record and every event carries its `owner`: a principal's name."""

from typing import NamedTuple

from hub.model.scope import SCOPES


class Principal(NamedTuple):
    """A caller that was let in.

    Attributes:
        name: Unique; owns what it creates.
        roles: Words of `scope.ROLES`, as they may be shown.
        scopes: What it may do: what the roles allow, or less.
        channels: Patterns of the channels it may use; None: any.
        expires_us: When it must have shown a new credential; None: never.
        credential: What it has shown, as revocation names it: `key:<id>`, `jwt:<jti>`,
            `static:<…>`; empty where nothing was shown.
    """

    name: str
    roles: tuple[str, ...] = ()
    scopes: frozenset[str] = frozenset()
    channels: tuple[str, ...] | None = None
    expires_us: int | None = None
    credential: str = ""


# In open mode (AUTH=off) everybody on this machine is the same principal, and may do everything.
ANONYMOUS = Principal("anonymous", ("admin",), SCOPES)
# Whoever asks for what is public.
NOBODY = Principal("nobody")
