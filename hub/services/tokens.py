"""Tokens: API keys are made, shown once, rotated and revoked."""

from collections.abc import Awaitable, Callable, Sequence
from secrets import token_bytes
from typing import NamedTuple

from hub.auth import keys
from hub.auth.grant import check_grant
from hub.clock import SECOND_US, Clock
from hub.errors import Conflict, TokenNotFound
from hub.model.api_key import ApiKey, Revocation, credential_of, generations
from hub.model.principal import Principal
from hub.services.token_forms import (
    KeyCreated,
    KeysView,
    KeyView,
    NewKey,
    Rotation,
    read_expiry,
    read_key,
    view_of,
)
from hub.stores.credentials import Credentials, KeyChange

# A node remembers a principal no longer than this after its key was revoked: it looks twice a
# second, and where it cannot, for as long as the revocation is kept.
REFUSED_US = 3600 * SECOND_US
MAX_PAGE = 1_000

Look = Callable[[], Awaitable[None]]


class Page(NamedTuple):
    """Which keys are asked for: at most `limit`, after the `next` of the last page."""

    limit: int
    before: tuple[int, str] | None = None


async def _look_later() -> None:
    """Leave it to the nodes, which look by themselves."""


class Tokens:
    """The API keys.

    Args:
        credentials: Where they are kept.
        clock: The wall time.
        look: Has this node learn at once of what was revoked.
    """

    def __init__(self, credentials: Credentials, clock: Clock, look: Look = _look_later) -> None:
        self._credentials = credentials
        self._clock = clock
        self._look = look

    async def create(self, giver: Principal, new: NewKey) -> KeyCreated:
        """Make a key; the answer alone has its secret.

        Raises:
            InvalidFields: See `token_forms.read_key`.
            Forbidden: It could do more than who makes it.
        """
        now_us = self._clock.now_us()
        key_id = keys.make_id(token_bytes(keys.ID_BYTES))
        token = keys.make_token(key_id, token_bytes(keys.SECRET_BYTES))
        key = read_key(new, now_us)._replace(
            id=key_id, hash=keys.hash_of(token), created_by=giver.name
        )
        check_grant(giver, _shown_by(key))
        await self._credentials.add_key(key)
        return KeyCreated(token, view_of(key, now_us))

    async def list(self, page: Page) -> KeysView:
        """Return a page of keys, newest first, also those that are over."""
        now_us = self._clock.now_us()
        found = await self._credentials.keys(page.limit, page.before)
        last = found[-1] if len(found) == page.limit else None
        after = None if last is None else f"{last.created_at_us}.{last.id}"
        return KeysView([view_of(key, now_us) for key in found], after)

    async def get(self, key_id: str) -> KeyView:
        """Return one key.

        Raises:
            TokenNotFound: There is none with this id.
        """
        return view_of(_there(await self._credentials.key(key_id), key_id), self._clock.now_us())

    async def rotate(self, giver: Principal, key_id: str, rotation: Rotation) -> KeyCreated:
        """Give a key a new secret; the one before works until the overlap ends.

        Raises:
            TokenNotFound: There is none with this id.
            InvalidFields: The expiry is none.
            Forbidden: The key could do more than who would get its secret.
            Conflict: It was revoked; or it has two secrets already, and the older is to stay.
        """
        now_us = self._clock.now_us()
        token = keys.make_token(key_id, token_bytes(keys.SECRET_BYTES))
        digest = keys.hash_of(token)
        expires_us = read_expiry(rotation.expires_at, now_us)

        def decide(key: ApiKey) -> KeyChange:
            if key.hash == digest:
                return KeyChange(key)  # asked twice
            check_grant(giver, _shown_by(key))
            _check_rotation(key, rotation, now_us)
            ends_us = now_us + int(rotation.overlap_s * SECOND_US)
            changed = key._replace(
                hash=digest,
                generation=key.generation + 1,
                old_hash=key.hash,
                old_until_us=ends_us,
                expires_us=key.expires_us if rotation.keeps_expiry else expires_us,
            )
            return KeyChange(changed, _ends_of_older(key, now_us, ends_us))

        key = _there(await self._credentials.change_key(key_id, decide), key_id)
        await self._look()
        return KeyCreated(token, view_of(key, now_us))

    async def revoke(self, key_id: str) -> KeyView:
        """Refuse a key for good; on return this node does, the others do within two seconds.

        Raises:
            TokenNotFound: There is none with this id.
        """
        now_us = self._clock.now_us()

        def decide(key: ApiKey) -> KeyChange:
            changed = key._replace(revoked_at_us=key.revoked_at_us or now_us)
            return KeyChange(changed, _revocations(key, generations(key), now_us, 0))

        key = _there(await self._credentials.change_key(key_id, decide), key_id)
        await self._look()
        return view_of(key, now_us)


def _there(key: ApiKey | None, key_id: str) -> ApiKey:
    if key is None:
        raise TokenNotFound(f"expected the id of an API key, got {_safe(key_id)}")
    return key


def _safe(key_id: str) -> str:
    """Return an id to show; a whole key that is sent in its place must not stand in an answer."""
    return repr(key_id) if len(key_id) <= keys.ID_LENGTH else "another text"


def _shown_by(key: ApiKey) -> Principal:
    return keys.principal_of(key, key.generation, key.expires_us)


def _check_rotation(key: ApiKey, rotation: Rotation, now_us: int) -> None:
    if key.revoked_at_us is not None:
        raise Conflict("expected a key that is in use, got one that was revoked: make a new one")
    if rotation.overlap_s and key.old_until_us is not None and now_us < key.old_until_us:
        raise Conflict(
            "expected a key with one secret, got one whose last rotation still overlaps: wait for "
            "its end, or rotate with overlap_s 0, which ends both secrets at once"
        )


def _ends_of_older(key: ApiKey, now_us: int, ends_us: int) -> Sequence[Revocation]:
    """Return what ends with a rotation: its own secret with the overlap, an older one at once."""
    older = [one for one in generations(key) if one != key.generation]
    from_us = ends_us if ends_us > now_us else 0
    return [
        *_revocations(key, older, now_us, 0),
        *_revocations(key, [key.generation], now_us, from_us),
    ]


def _revocations(
    key: ApiKey, which: Sequence[int], now_us: int, from_us: int
) -> Sequence[Revocation]:
    until_us = max(now_us, from_us) + REFUSED_US
    return [
        Revocation(credential_of(key.id, generation), now_us, from_us, until_us)
        for generation in which
    ]
