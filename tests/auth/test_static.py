"""The static key of the environment."""

import pytest

from hub.auth.static import StaticKeySource
from hub.errors import Misconfigured
from hub.model.scope import ROLES

KEYS = ("first-key-of-this-hub", "second-key-of-this-hub")


@pytest.mark.parametrize("token", KEYS)
async def test_each_of_the_keys_is_the_static_principal(token: str) -> None:
    """While one is changed, both are good."""
    principal = await StaticKeySource(KEYS, ("admin",)).find(token)

    assert principal is not None
    assert principal[:5] == ("static", ("admin",), ROLES["admin"], None, None)
    assert principal.credential.startswith("static:")


async def test_its_role_can_be_less() -> None:
    """A dashboard that only shows needs no more."""
    principal = await StaticKeySource(KEYS, ("viewer",)).find(KEYS[0])

    assert principal is not None
    assert principal.scopes == ROLES["viewer"]


@pytest.mark.parametrize("token", ["", "first-key", f"{KEYS[0]}x", ",".join(KEYS), "\ud800"])
async def test_anything_else_is_left_to_other_sources(token: str) -> None:
    """It is no static key, and perhaps another credential."""
    assert await StaticKeySource(KEYS, ("admin",)).find(token) is None


@pytest.mark.parametrize("roles", [(), ("root",), ("admin", "")], ids=repr)
def test_roles_that_are_none_are_refused_at_the_start(roles: tuple[str, ...]) -> None:
    """A typo must not give a key that opens nothing, or be found when somebody stands outside."""
    with pytest.raises(Misconfigured, match="HUB_API_KEY_ROLES"):
        StaticKeySource(KEYS, roles)


async def test_without_keys_nothing_is_one() -> None:
    """An empty setting lets nobody in, with an empty token least."""
    assert await StaticKeySource((), ("admin",)).find("") is None


async def test_other_keys_count_at_once() -> None:
    """Those that are good no more are named by their credentials, to end what they hold."""
    source = StaticKeySource(KEYS[:1], ("admin",))
    first = await source.find(KEYS[0])
    assert first is not None

    added = source.adopt(KEYS, ("admin",))
    removed = source.adopt(KEYS[1:], ("admin",))
    second = await source.find(KEYS[1])
    assert second is not None
    lowered = source.adopt(KEYS[1:], ("viewer",))

    assert (added, removed, lowered) == ([], [first.credential], [second.credential])
    assert await source.find(KEYS[0]) is None


async def test_wrong_roles_change_nothing() -> None:
    """Neither the roles nor the keys."""
    source = StaticKeySource(KEYS[:1], ("admin",))

    with pytest.raises(Misconfigured):
        source.adopt(KEYS[1:], ("root",))

    assert await source.find(KEYS[0])
