"""The credentials in a database, beside a hub that runs on it or without one."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import msgspec

from hub import app
from hub.app.identity import build_identity
from hub.auth.guesses import Guesses
from hub.auth.revocation import Revoked
from hub.cli.audit_record import record
from hub.clock import Clock, SystemClock
from hub.errors import Unauthenticated
from hub.model.principal import Principal
from hub.model.scope import SCOPES
from hub.model.timestamp import to_rfc3339
from hub.services.revocations import Revocations
from hub.services.token_forms import KeyCreated, KeyView, NewKey, Rotation, key_details
from hub.services.tokens import MAX_PAGE, Page, Tokens
from hub.settings import Settings
from hub.stores.base import Store
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile

# Who may write the database may do everything.
OPERATOR = Principal("hub token", ("admin",), SCOPES)


class Access(NamedTuple):
    """What can be done to them; see `token_ways`."""

    settings: Settings
    store: Store
    clock: Clock
    tokens: Tokens
    revocations: Revocations
    operator: Principal = OPERATOR

    async def all_keys(self) -> list[dict[str, Any]]:
        """Return every key, newest first."""
        found: list[dict[str, Any]] = []
        page = Page(MAX_PAGE)
        while True:
            view = await self.tokens.list(page)
            found += msgspec.to_builtins(view.tokens)
            if view.next is None:
                return found
            at, _, key_id = view.next.partition(".")
            page = Page(MAX_PAGE, (int(at), key_id))

    async def create(self, new: NewKey) -> KeyCreated:
        """Make a key."""
        made = await self.tokens.create(self.operator, new)
        await self._record("key.create", f"key:{made.key.id}", key_details(made.key))
        return made

    async def rotate(self, key_id: str, rotation: Rotation) -> KeyCreated:
        """Give a key a new secret."""
        made = await self.tokens.rotate(self.operator, key_id, rotation)
        await self._record("key.rotate", f"key:{made.key.id}", key_details(made.key))
        return made

    async def revoke(self, key_id: str) -> KeyView:
        """Refuse a key for good."""
        key = await self.tokens.revoke(key_id)
        await self._record("key.revoke", f"key:{key.id}")
        return key

    async def lift(self, credential: str) -> None:
        """Refuse a JWT or a principal no longer."""
        await self.revocations.lift(credential)
        await self._record("credential.lift", credential)

    async def refuse(self, credential: str, until: str) -> dict[str, str]:
        """Refuse a JWT or a principal until a time."""
        said = await self.revocations.revoke(credential, until)
        until = to_rfc3339(said.until_us)
        await self._record("credential.revoke", said.credential, {"until": until})
        return {
            "credential": said.credential,
            "at": to_rfc3339(said.at_us),
            "until": until,
        }

    async def judge(self, token: str) -> str | None:
        """Return why a token is refused; None: it is not."""
        guesses = Guesses(self.clock)
        identity = build_identity(self.settings, self.store, self.clock, guesses)
        authentication, revocations, *_ = identity
        # Also where these settings would let everybody in: that is not what was asked.
        authentication.required = True
        await revocations.look()
        try:
            await authentication.find(token)
        except Unauthenticated as refusal:
            return str(refusal)
        return None

    async def _record(
        self, action: str, target: str, details: dict[str, Any] | None = None
    ) -> None:
        await record(self.store.audit, self.clock, action, target=target, details=details)


@contextlib.asynccontextmanager
async def accessing(settings: Settings) -> AsyncIterator[Access]:
    """Open the database.

    Raises:
        Misconfigured: It cannot be opened, or its schema is of another hub.
    """
    clock = SystemClock()
    store = _open(settings, clock)
    try:
        await store.open()
        revocations = Revocations(store.credentials, Revoked(clock), clock)
        yield Access(settings, store, clock, Tokens(store.credentials, clock), revocations)
    finally:
        await store.close()


def _open(settings: Settings, clock: Clock) -> Store:
    file = settings.data_file
    if settings.postgres_url is None and file.is_file():
        visited = SqliteLog(DataFile(file, visiting=True), clock)
        if not visited.pending():
            return visited
    # There is none yet, or it is older than this program: no hub may run on it meanwhile.
    return app.open_log(msgspec.structs.replace(settings, redis_url=None), clock)
