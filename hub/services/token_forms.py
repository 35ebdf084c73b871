"""What is asked and told of API keys, as it stands in bodies."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from hub.auth.claims import is_reserved
from hub.clock import SECOND_US
from hub.errors import FieldError, InvalidFields
from hub.model.api_key import ApiKey
from hub.model.contract import shown
from hub.model.scope import ROLES, SCOPES, scopes_of
from hub.model.timestamp import from_iso8601, to_rfc3339

MAX_NAME = 128
MAX_PATTERNS = 32
# A pattern is matched against every channel: with many stars that takes ever longer (CWE-1333).
MAX_STARS = 3
DAY_S = 24 * 3600
LAST_YEAR_US = 4_102_444_800 * SECOND_US  # 2100: no calendar of a client ends before

_PATTERN = re.compile(r"[a-z0-9*][a-z0-9._:*-]{0,127}")

Word = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME)]
Words = Annotated[list[Word], msgspec.Meta(max_length=MAX_PATTERNS)]


class NewKey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST /api/tokens`. Without `roles` the key has its `scopes` alone.

    `scopes` narrow what the roles allow, `channels` name the channels it may use (`*` stands for
    any characters), `expires_at` ends it; null: not.
    """

    name: Word
    roles: Words = []
    scopes: Words | None = None
    channels: Words | None = None
    expires_at: str | None = None


class Rotation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST /api/tokens/{token_id}/rotate`: how long the old secret works, in seconds.

    `expires_at` gives the key another end, null none; left out, it stays as it is.
    """

    overlap_s: Annotated[int, msgspec.Meta(ge=0, le=90 * DAY_S)] = DAY_S
    expires_at: str | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def keeps_expiry(self) -> bool:
        """Whether the key ends when it would have ended."""
        return self.expires_at is msgspec.UNSET


class KeyView(msgspec.Struct, kw_only=True):
    """An API key, as it may be shown. `scopes` are those that it has in the end.

    `old_secret_until` is when the secret before the last rotation ends, or null where it has.
    """

    id: str
    name: str
    state: Literal["active", "expired", "revoked"]
    roles: list[str]
    scopes: list[str]
    channels: list[str] | None
    created_at: str
    created_by: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    old_secret_until: str | None


class KeyCreated(msgspec.Struct):
    """Answer with a new secret: `token` is shown this once, and kept nowhere."""

    token: str
    key: KeyView


class KeysView(msgspec.Struct):
    """Answer of `GET /api/tokens`; `next` is the `before` of the next page, null at the end."""

    tokens: list[KeyView]
    next: str | None


def key_details(key: KeyView) -> dict[str, Any]:
    """Return what the audit log keeps of a key: what it may do, and for how long."""
    return {
        "name": key.name,
        "roles": key.roles,
        "scopes": key.scopes,
        "channels": key.channels,
        "expires_at": key.expires_at,
        "old_secret_until": key.old_secret_until,
    }


def read_key(new: NewKey, now_us: int) -> ApiKey:
    """Return the key that is asked for, without id and hash.

    Raises:
        InvalidFields: Names every field that cannot be so.
    """
    faults = [*_faults(new)]
    if faults:
        raise InvalidFields(faults)
    return ApiKey(
        id="",
        name=new.name,
        hash=b"",
        roles=tuple(dict.fromkeys(new.roles)),
        scopes=None if new.scopes is None else tuple(sorted({*new.scopes})),
        channels=None if new.channels is None else tuple(dict.fromkeys(new.channels)),
        created_at_us=now_us,
        created_by="",
        expires_us=read_expiry(new.expires_at, now_us),
    )


def read_expiry(text: "str | msgspec.UnsetType | None", now_us: int) -> int | None:
    """Return when a key ends.

    Raises:
        InvalidFields: It is no time, or over.
    """
    if not isinstance(text, str):
        return None
    return read_future("$.expires_at", text, now_us)


def read_future(field: str, text: str, now_us: int) -> int:
    """Return a time to come.

    Raises:
        InvalidFields: It is no time, or over.
    """
    try:
        at_us = from_iso8601(text)
    except ValueError:
        at_us = 0
    if not now_us < at_us < LAST_YEAR_US:
        expected = "a time to come before 2100, ISO 8601 with a time of day"
        raise InvalidFields([FieldError(field, expected, shown(text))])
    return at_us


def view_of(key: ApiKey, now_us: int) -> KeyView:
    """Return a key as it may be shown."""
    old = key.old_until_us
    allowed = scopes_of(key.roles)
    scopes = allowed if key.scopes is None else {*key.scopes} & (allowed if key.roles else SCOPES)
    return KeyView(
        id=key.id,
        name=key.name,
        state=_state(key, now_us),
        roles=[*key.roles],
        scopes=sorted(scopes),
        channels=None if key.channels is None else [*key.channels],
        created_at=to_rfc3339(key.created_at_us),
        created_by=key.created_by,
        expires_at=_time(key.expires_us),
        last_used_at=_time(key.last_used_us),
        revoked_at=_time(key.revoked_at_us),
        old_secret_until=_time(old if old is not None and old > now_us else None),
    )


def _faults(new: NewKey) -> list[FieldError]:
    faults = []
    if not new.name.isprintable() or new.name != new.name.strip():
        faults.append(FieldError("$.name", "printable characters", shown(new.name)))
    if is_reserved(new.name):
        faults.append(FieldError("$.name", "no name of the hub's own", shown(new.name)))
    if not new.roles and not new.scopes:
        faults.append(FieldError("$.roles", "a role, or a scope in $.scopes", "neither"))
    roles = f"some of {', '.join(ROLES)}"
    faults += [FieldError("$.roles", roles, shown(role)) for role in new.roles if role not in ROLES]
    return [*faults, *_wrong_scopes(new), *_wrong_patterns(new.channels or ())]


def _wrong_scopes(new: NewKey) -> list[FieldError]:
    allowed = scopes_of(new.roles) if new.roles else SCOPES
    expected = f"some of {', '.join(sorted(allowed))}"
    wrong = [scope for scope in new.scopes or () if scope not in allowed]
    return [FieldError("$.scopes", expected, shown(scope)) for scope in wrong]


def _wrong_patterns(patterns: Sequence[str]) -> list[FieldError]:
    expected = f"names of channels, with at most {MAX_STARS} * for any characters"
    return [
        FieldError("$.channels", expected, shown(pattern))
        for pattern in patterns
        if not _PATTERN.fullmatch(pattern) or pattern.count("*") > MAX_STARS
    ]


def _state(key: ApiKey, now_us: int) -> Literal["active", "expired", "revoked"]:
    if key.revoked_at_us is not None:
        return "revoked"
    return "expired" if key.expires_us is not None and now_us >= key.expires_us else "active"


def _time(at_us: int | None) -> str | None:
    return None if at_us is None else to_rfc3339(at_us)
