"""API keys: made, shown once, rotated, revoked; by whom."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.auth.keys import KeySource
from hub.auth.revocation import Revoked
from hub.errors import Conflict, Forbidden, HubError, InvalidFields, TokenExpired, TokenNotFound
from hub.model.principal import Principal
from hub.model.scope import SCOPES, TOKENS_MANAGE
from hub.model.timestamp import to_rfc3339
from hub.services.revocations import Revocations
from hub.services.token_forms import NewKey, Rotation
from hub.services.tokens import Page, Tokens
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.clocks import FakeClock
from support.written import written_in

ADMIN = Principal("root", ("admin",), SCOPES)
LITTLE = Principal("anna", ("user",), frozenset({TOKENS_MANAGE}))
DAY_S = 24 * 3600


class Scene:
    """The keys of one store, how they are believed, and what was told of as revoked."""

    def __init__(self, log: SqliteLog, clock: FakeClock) -> None:
        self.log = log
        self.clock = clock
        self.revoked = Revoked(clock)
        self.revocations = Revocations(log.credentials, self.revoked, clock)
        self.told: list[str] = []
        self.expired: list[str] = []
        self.revocations.on_revoked.append(self.told.append)
        self.revocations.on_expired.append(self.expired.append)
        self.tokens = Tokens(log.credentials, clock, self.revocations.look)
        self.source = KeySource(log.credentials, clock)

    async def make(self, name: str = "billing", **fields: Any) -> tuple[str, str]:
        """Return the token and the id of a new key."""
        made = await self.tokens.create(ADMIN, NewKey(name=name, **{"roles": ["user"], **fields}))
        return made.token, made.key.id

    async def is_let_in(self, token: str) -> bool:
        """Say whether a key is believed."""
        try:
            return await self.source.find(token) is not None
        except HubError:
            return False


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Nobody has a key."""
    clock = FakeClock()
    log = SqliteLog(DataFile(tmp_path / "hub.db"), clock)
    log.migrate()
    yield Scene(log, clock)
    await log.close()


async def test_a_new_key_lets_its_principal_in(scene: Scene) -> None:
    """With what it was made with, and by whom."""
    made = await scene.tokens.create(
        ADMIN, NewKey(name="billing", roles=["user"], scopes=["events:read"], channels=["jobs"])
    )

    principal = await scene.source.find(made.token)

    assert principal is not None
    assert (principal.name, principal.roles) == ("billing", ("user",))
    assert principal.scopes == {"events:read"}
    assert principal.channels == ("jobs",)
    assert (made.key.created_by, made.key.state) == ("root", "active")
    assert made.key.scopes == ["events:read"]


async def test_a_secret_is_kept_nowhere(scene: Scene, tmp_path: Path) -> None:
    """Not in the database, nor in its WAL, nor in any later answer."""
    token, key_id = await scene.make()
    new = (await scene.tokens.rotate(ADMIN, key_id, Rotation())).token
    answers = [await scene.tokens.get(key_id), await scene.tokens.list(Page(9))]

    written = written_in(tmp_path)
    for secret in (token, new):
        assert secret.rpartition("_")[2].encode() not in written
        assert secret.rpartition("_")[2] not in repr(answers)
    assert key_id.encode() in written


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        pytest.param({"roles": ["root"]}, "$.roles", id="no such role"),
        pytest.param({"roles": []}, "$.roles", id="nothing at all"),
        pytest.param({"roles": ["user"], "scopes": ["jobs:any"]}, "$.scopes", id="over its role"),
        pytest.param({"roles": [], "scopes": ["all"]}, "$.scopes", id="no such scope"),
        pytest.param({"channels": ["Orders"]}, "$.channels", id="no channel is called so"),
        pytest.param({"channels": ["a*b*c*d*e"]}, "$.channels", id="stars without end"),
        pytest.param({"name": " x"}, "$.name", id="a space in front"),
        pytest.param({"name": "a\nb"}, "$.name", id="two lines"),
        pytest.param({"name": "Anonymous"}, "$.name", id="a name of the hub's own"),
        pytest.param({"name": "key:1"}, "$.name", id="a name that looks like a credential"),
        pytest.param({"expires_at": "tomorrow"}, "$.expires_at", id="no time"),
        pytest.param({"expires_at": "2020-01-01T00:00:00Z"}, "$.expires_at", id="a time gone by"),
        pytest.param({"expires_at": "9000-01-01T00:00:00Z"}, "$.expires_at", id="never, almost"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(
    scene: Scene, fields: dict[str, Any], wrong: str
) -> None:
    """With the field that is wrong."""
    with pytest.raises(InvalidFields) as refused:
        await scene.make(**fields)

    assert [field.field for field in refused.value.fields] == [wrong]


async def test_nobody_makes_a_key_that_can_do_more(scene: Scene) -> None:
    """Nor rotates one: its new secret would be a way to more rights."""
    _, key_id = await scene.make("anna")

    with pytest.raises(Forbidden):
        await scene.tokens.create(LITTLE, NewKey(name="anna", roles=["user"]))
    with pytest.raises(Forbidden):
        await scene.tokens.rotate(LITTLE, key_id, Rotation())

    assert [key.id for key in (await scene.tokens.list(Page(9))).tokens] == [key_id]


async def test_keys_are_listed_page_by_page(scene: Scene) -> None:
    """`next` leads to the next one, until there is none."""
    ids = []
    for _ in range(3):
        ids.append((await scene.make())[1])
        scene.clock.advance(1)

    first = await scene.tokens.list(Page(2))
    at, _, last = (first.next or "").partition(".")
    second = await scene.tokens.list(Page(2, (int(at), last)))

    assert [key.id for key in [*first.tokens, *second.tokens]] == ids[::-1]
    assert second.next is None


async def test_a_rotated_key_has_two_secrets_until_the_overlap_ends(scene: Scene) -> None:
    """Who holds the old one is told of its end at its end, and not before."""
    old, key_id = await scene.make()

    new = await scene.tokens.rotate(ADMIN, key_id, Rotation())

    assert new.key.old_secret_until == to_rfc3339(scene.clock.now + DAY_S * 1_000_000)
    assert await scene.is_let_in(old)
    assert await scene.is_let_in(new.token)
    scene.clock.advance(DAY_S)
    await scene.revocations.look()
    assert (scene.told, scene.expired) == ([], [f"key:{key_id}"])
    assert not await scene.is_let_in(old)
    assert await scene.is_let_in(new.token)
    assert (await scene.tokens.get(key_id)).old_secret_until is None


async def test_a_rotation_without_overlap_ends_every_older_secret_at_once(scene: Scene) -> None:
    """Also one that was to last: that is what one does when a secret has leaked."""
    oldest, key_id = await scene.make()
    old = (await scene.tokens.rotate(ADMIN, key_id, Rotation())).token

    new = (await scene.tokens.rotate(ADMIN, key_id, Rotation(overlap_s=0))).token

    assert sorted(scene.told) == [f"key:{key_id}", f"key:{key_id}.2"]
    believed = [await scene.is_let_in(token) for token in (oldest, old, new)]
    assert believed == [False, False, True]
    with pytest.raises(TokenExpired, match="new secret"):
        await scene.source.find(old)


async def test_a_second_rotation_does_not_end_a_secret_that_was_to_last(scene: Scene) -> None:
    """A retry of a rotation whose answer was lost would lock out every client."""
    old, key_id = await scene.make()
    await scene.tokens.rotate(ADMIN, key_id, Rotation())

    with pytest.raises(Conflict, match="overlap_s 0"):
        await scene.tokens.rotate(ADMIN, key_id, Rotation())

    assert await scene.is_let_in(old)


async def test_a_rotation_may_give_the_key_another_end(scene: Scene) -> None:
    """Left out it stays, null takes it away."""
    until = to_rfc3339(scene.clock.now + 2_000_000)
    later = to_rfc3339(scene.clock.now + 9_000_000)
    _, key_id = await scene.make(expires_at=until)

    ends = [
        (await scene.tokens.rotate(ADMIN, key_id, rotation)).key.expires_at
        for rotation in (
            Rotation(overlap_s=0),
            Rotation(overlap_s=0, expires_at=later),
            Rotation(overlap_s=0, expires_at=None),
        )
    ]

    assert ends == [until, later, None]


async def test_a_revoked_key_stays_revoked(scene: Scene) -> None:
    """Both of its secrets, and nothing brings it back."""
    old, key_id = await scene.make()
    new = (await scene.tokens.rotate(ADMIN, key_id, Rotation())).token

    first = await scene.tokens.revoke(key_id)
    scene.clock.advance(1)
    second = await scene.tokens.revoke(key_id)

    assert {*scene.told} == {f"key:{key_id}", f"key:{key_id}.2"}
    assert (first.state, second.revoked_at) == ("revoked", first.revoked_at)
    assert not await scene.is_let_in(old)
    assert not await scene.is_let_in(new)
    with pytest.raises(Conflict, match="make a new one"):
        await scene.tokens.rotate(ADMIN, key_id, Rotation())


async def test_an_unknown_id_is_told_and_a_whole_key_is_not_repeated(scene: Scene) -> None:
    """Who pastes the key in place of its id must not find it in an answer or a log."""
    token, _ = await scene.make()

    with pytest.raises(TokenNotFound, match="'nobody'"):
        await scene.tokens.get("nobody")
    with pytest.raises(TokenNotFound) as refused:
        await scene.tokens.revoke(token)

    assert token.rpartition("_")[2] not in str(refused.value)
