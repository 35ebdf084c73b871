"""Identity: what a key that has gone does to those who came in by it."""

import time
from pathlib import Path
from secrets import token_urlsafe

import msgspec
import pytest
from joserfc import jwt

from hub.app import Node
from hub.app.identity import build_identity
from hub.auth.guesses import Guesses
from hub.auth.jwt_keys import Key, secret_key
from hub.errors import TokenExpired
from hub.model.api_key import ANY_JWT, concerns
from hub.model.principal import Principal
from hub.settings import Secret, load
from support.clocks import FakeClock
from support.running import running_hub

FIRST, SECOND = secret_key("a" * 32), secret_key("b" * 32)


async def test_sockets_end_with_a_key_of_the_key_server(tmp_path: Path) -> None:
    """A key more ends none of them; a key less ends all that came in by a JWT."""
    async with running_hub(tmp_path) as hub:
        settings, _ = load(
            {"JWKS_URL": "http://127.0.0.1:9/keys", "JWT_ISSUER": "us", "JWT_AUDIENCE": "hub"}
        )
        guesses = Guesses(FakeClock(0))
        identity = build_identity(settings, hub.node._log, FakeClock(0), guesses)
        told: list[str] = []
        identity.revocations.on_expired.append(told.append)
        assert identity.served is not None

        def change(had: list[Key], has: list[Key]) -> int:
            assert identity.served is not None
            identity.served.changed(had, has)
            return len(told)

        after = [change([FIRST], [FIRST, SECOND]), change([FIRST, SECOND], [SECOND])]

    assert after == [0, 1]
    assert told == [ANY_JWT]


@pytest.mark.parametrize("way", ["API_KEY", "JWT_SECRET"])
async def test_a_ticket_ends_with_the_key_of_who_got_it(tmp_path: Path, way: str) -> None:
    """Also one that nobody revoked: it was taken out of the settings. Who has the new one may."""
    old, new = token_urlsafe(48), token_urlsafe(48)
    async with running_hub(tmp_path, **{way.lower(): Secret(old)}) as hub:
        node = hub.node
        before = await ticket(node, way, old)

        node.reloading.take(msgspec.structs.replace(node._settings, **{way.lower(): Secret(new)}))

        after = await ticket(node, way, new)
        with pytest.raises(TokenExpired):
            await node.identity.tickets.redeem(before, None)
        assert (await node.identity.tickets.redeem(after, None)).name in {"static", "anna"}


async def ticket(node: Node, way: str, secret: str) -> str:
    """Return a ticket of who shows a key, or a JWT that it signs."""
    token = secret if way == "API_KEY" else token_of(secret)
    principal = await node.identity.authentication.find(token)
    return (await node.identity.tickets.issue(principal, None)).ticket


def token_of(secret: str) -> str:
    """Return a JWT of anna."""
    claims = {"sub": "anna", "roles": ["user"], "exp": int(time.time()) + 600}
    return jwt.encode({"alg": "HS256"}, claims, secret_key(secret).key)


def test_any_jwt_is_of_jwts_alone() -> None:
    """With an id or without one; API keys and static ones stay."""
    shown = ["jwt:1", "sub:anna", "key:1", "static:1", ""]

    ended = [one for one in shown if concerns(ANY_JWT, Principal("anna", credential=one))]

    assert ended == ["jwt:1", "sub:anna"]
