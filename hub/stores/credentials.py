"""What every store of credentials promises; `tests/contracts/test_credentials.py` holds them to it.

Secrets never come here: keys and tickets are known by their hashes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from hub.model.api_key import ApiKey, Revocation
from hub.model.principal import Principal

# Revocations of one page.
PAGE = 1_000


class KeyChange(NamedTuple):
    """What becomes of a key, and what has to be refused from then on."""

    key: ApiKey
    revocations: Sequence[Revocation] = ()


class Ticket(NamedTuple):
    """What a ticket for one socket stands for; `origin` None: it may come from anywhere."""

    principal: Principal
    origin: str | None
    expires_us: int


Change = Callable[[ApiKey], KeyChange]


class Credentials(Protocol):
    """API keys and revocations.

    Raises:
        LogUnavailable: All of them, where the database cannot be read or written.
    """

    async def add_key(self, key: ApiKey) -> None:
        """Keep a key; on return it is on disk. The id is new."""
        ...

    async def key(self, key_id: str) -> ApiKey | None:
        """Return a key, also one that is revoked or expired; None: there is none."""
        ...

    async def keys(self, limit: int, before: tuple[int, str] | None) -> Sequence[ApiKey]:
        """Return a page, newest first; `before` is the last page's `(created_at_us, id)`."""
        ...

    async def change_key(self, key_id: str, decide: Change) -> ApiKey | None:
        """Change a key as `decide` says, with its revocations, in one transaction.

        `decide` sees the key as it is then, and nobody else changes it meanwhile. It may be asked
        twice, the second time with its own change done. Everything is kept but `last_used_us`.
        None: there is no such key.

        Raises:
            Exception: What `decide` raises; nothing was changed.
        """
        ...

    async def revoke(self, revocation: Revocation) -> None:
        """Keep a revocation in place of every earlier one of the same credential."""
        ...

    async def revocations(self, after: int) -> Sequence[Revocation]:
        """Return those with a `seq` above `after`, in its order, at most `PAGE`.

        None is ever missed: what is committed later has a higher `seq`. Where the newest is below
        `after`, some were pruned or the database went back: then all are returned, from the first.
        """
        ...

    async def note_used(self, used: Mapping[str, int]) -> None:
        """Note when keys, by id, were last used; never back, and no harm where there is none."""
        ...

    async def forget_revocations(self, before_us: int) -> int:
        """Forget those that were said, and were over, before a time; return how many."""
        ...


class Tickets(Protocol):
    """Tickets, each for one socket, by the hash of what is shown."""

    async def add(self, digest: bytes, ticket: Ticket) -> None:
        """Keep a ticket; on return every node can take it."""
        ...

    async def take(self, digest: bytes) -> Ticket | None:
        """Return a ticket and forget it, as one step: of many who ask, one gets it."""
        ...

    async def forget(self, before_us: int) -> int:
        """Forget those that expired before a time; return how many."""
        ...


_to_principal = msgspec.json.Decoder(Principal).decode
_to_words = msgspec.json.Decoder(tuple[str, ...] | None).decode


def row_of(key: ApiKey) -> tuple[object, ...]:
    """Return a key as the row of `COLUMNS`."""
    words = (_json(key.roles), _json(key.scopes), _json(key.channels))
    return (*key[:3], *words, *key[6:])


def key_of(row: Sequence[object]) -> ApiKey:
    """Return the key of a row."""
    fields = list(row)
    fields[3:6] = [_to_words(str(text)) for text in fields[3:6]]
    return ApiKey(*fields)  # type: ignore[arg-type]


def principal_text(principal: Principal) -> str:
    """Return a principal as JSON."""
    return _json(principal)


def principal_of(text: str) -> Principal:
    """Return the principal of such a text."""
    return _to_principal(text)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
