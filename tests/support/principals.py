"""Principals for tests, and tokens that name them."""

from hub.errors import Unauthenticated
from hub.model.principal import Principal
from hub.model.scope import scopes_of


def principal(
    name: str,
    *roles: str,
    channels: tuple[str, ...] | None = None,
    expires_us: int | None = None,
    credential: str = "",
) -> Principal:
    """Return somebody with these roles."""
    return Principal(name, roles, scopes_of(roles), channels, expires_us, credential)


class Tokens:
    """A fake source of credentials: whatever token is in `known` is somebody's.

    Attributes:
        asked: Tokens that were looked up, in order.
    """

    def __init__(self, **known: Principal) -> None:
        self.known = dict(known)
        self.asked: list[str] = []

    async def find(self, token: str) -> Principal | None:
        """Return who shows it; a token that begins with `bad` is of this kind and nobody's."""
        self.asked.append(token)
        if token.startswith("bad"):
            raise Unauthenticated("expected another token")
        return self.known.get(token)
