"""Identity: what a key that has gone does to those who came in by it."""

from pathlib import Path

from hub.app.identity import build_identity
from hub.auth.guesses import Guesses
from hub.auth.jwt_keys import Key, secret_key
from hub.model.api_key import ANY_JWT, concerns
from hub.model.principal import Principal
from hub.settings import load
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


def test_any_jwt_is_of_jwts_alone() -> None:
    """With an id or without one; API keys and static ones stay."""
    shown = ["jwt:1", "sub:anna", "key:1", "static:1", ""]

    ended = [one for one in shown if concerns(ANY_JWT, Principal("anna", credential=one))]

    assert ended == ["jwt:1", "sub:anna"]
