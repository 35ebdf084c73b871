"""API keys: how they are made, told apart and believed."""

import pytest
from hypothesis import given, strategies as st

from hub.auth import keys
from hub.errors import TokenExpired, Unauthenticated
from hub.model.api_key import ApiKey
from hub.model.scope import ROLES

NOW_US = 1_000
ID = keys.make_id(b"\1" * keys.ID_BYTES)
TOKEN = keys.make_token(ID, b"\2" * keys.SECRET_BYTES)
OLDER = keys.make_token(ID, b"\3" * keys.SECRET_BYTES)
KEY = ApiKey(ID, "billing", keys.hash_of(TOKEN), ("service",), None, ("jobs",), 1, "root")
ROTATED = KEY._replace(generation=2, old_hash=keys.hash_of(OLDER), old_until_us=NOW_US + 5)


@given(st.binary(min_size=9, max_size=9), st.binary(min_size=32, max_size=32))
def test_a_made_key_has_its_form_and_its_id(id_entropy: bytes, entropy: bytes) -> None:
    """Of one length, whatever the random bytes were, and without a second `_` to split at."""
    key_id = keys.make_id(id_entropy)
    token = keys.make_token(key_id, entropy)

    assert keys.id_of(token) == key_id
    assert [len(part) for part in token.split("_")] == [3, 12, 49]


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_two_secrets_are_two_keys(one: bytes, other: bytes) -> None:
    """No random bytes are thrown away."""
    assert (keys.make_token(ID, one) == keys.make_token(ID, other)) == (one == other)


@given(st.integers(4, len(TOKEN) - 1), st.sampled_from("0aZ_-"))
def test_a_typo_is_told_from_an_unknown_key(place: int, character: str) -> None:
    """One character changed anywhere is seen without a look into the database."""
    typo = TOKEN[:place] + character + TOKEN[place + 1 :]

    if typo != TOKEN:
        with pytest.raises(Unauthenticated, match="expected a"):
            keys.id_of(typo)


@pytest.mark.parametrize("text", ["hub_", "hub_x_y", TOKEN[:-1], f"{TOKEN}0", TOKEN[:20], "hub_\n"])
def test_a_part_of_a_key_is_refused(text: str) -> None:
    """What begins like a key and is none is no other credential either."""
    with pytest.raises(Unauthenticated):
        keys.id_of(text)


@pytest.mark.parametrize("text", ["", "eyJhbGciOiJIUzI1NiJ9.e30.x", "HUB_X", "secret"])
def test_another_credential_is_no_key(text: str) -> None:
    """It is left to the other sources."""
    assert keys.id_of(text) is None


def test_a_key_is_its_principal() -> None:
    """Name, roles, scopes, channels, end, and the credential that revocation names."""
    principal = keys.believe(KEY._replace(expires_us=NOW_US + 1), TOKEN, NOW_US)

    assert principal == (
        "billing", ("service",), ROLES["service"], ("jobs",), NOW_US + 1, f"key:{ID}"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("roles", "scopes", "allowed"),
    [
        pytest.param(("user",), ("events:read",), {"events:read"}, id="narrowed"),
        pytest.param(("publisher",), ("events:publish", "jobs:any"), {"events:publish"},
                     id="a role that has lost a scope takes it from its keys"),
        pytest.param((), ("jobs:any",), {"jobs:any"}, id="no role"),
        pytest.param(("user",), (), set(), id="nothing at all"),
    ],
)  # fmt: skip
def test_scopes_narrow_the_roles(
    roles: tuple[str, ...], scopes: tuple[str, ...], allowed: set[str]
) -> None:
    """A key never may more than both say."""
    principal = keys.believe(KEY._replace(roles=roles, scopes=scopes), TOKEN, NOW_US)

    assert principal.scopes == allowed


@pytest.mark.parametrize(
    ("key", "error"),
    [
        pytest.param(None, "that this hub knows", id="unknown"),
        pytest.param(KEY._replace(hash=b"x" * 32), "that this hub knows", id="another secret"),
        pytest.param(KEY._replace(revoked_at_us=5), "was revoked", id="revoked"),
        pytest.param(
            KEY._replace(hash=b"x" * 32, revoked_at_us=5), "knows", id="revoked, another secret"
        ),
        pytest.param(
            KEY._replace(hash=b"x" * 32, expires_us=5), "knows", id="expired, another secret"
        ),
    ],
)
def test_a_key_that_is_not_valid_is_refused(key: ApiKey | None, error: str) -> None:
    """Why is told only to who has the secret."""
    with pytest.raises(Unauthenticated, match=error) as refused:
        keys.believe(key, TOKEN, NOW_US)

    assert not isinstance(refused.value, TokenExpired)
    assert TOKEN[-20:] not in str(refused.value)


def test_an_expired_key_is_refused_as_such() -> None:
    """At its end, to the microsecond."""
    with pytest.raises(TokenExpired):
        keys.believe(KEY._replace(expires_us=NOW_US), TOKEN, NOW_US)


def test_both_secrets_of_a_rotated_key_work_until_the_overlap_ends() -> None:
    """The old one ends with the overlap, under a credential of its own."""
    new = keys.believe(ROTATED, TOKEN, NOW_US)
    old = keys.believe(ROTATED, OLDER, NOW_US)

    assert (new.credential, new.expires_us) == (f"key:{ID}.2", None)
    assert (old.credential, old.expires_us) == (f"key:{ID}", NOW_US + 5)
    with pytest.raises(TokenExpired, match="new secret"):
        keys.believe(ROTATED, OLDER, NOW_US + 5)
    assert keys.believe(ROTATED, TOKEN, NOW_US + 5) == new


def test_an_old_secret_does_not_outlive_its_key() -> None:
    """The overlap may be longer than the key."""
    old = keys.believe(ROTATED._replace(expires_us=NOW_US + 1), OLDER, NOW_US)

    assert old.expires_us == NOW_US + 1
