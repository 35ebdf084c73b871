"""Resources of API keys, revocations and tickets for sockets."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from starlette.types import ASGIApp

from hub.errors import FieldError, InvalidFields
from hub.model.api_key import Revocation
from hub.model.contract import shown
from hub.model.timestamp import to_rfc3339
from hub.services.auditor import Auditor
from hub.services.revocations import Revocations
from hub.services.tickets import SocketTickets
from hub.services.token_forms import NewKey, Rotation, key_details
from hub.services.tokens import MAX_PAGE, Page, Tokens
from hub.transports.http.answer import json
from hub.transports.http.call import Call, json_decoder

_BEFORE = re.compile(r"([0-9]{1,18})\.([0-9A-Za-z]{1,64})")


class TokensParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/tokens`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 100
    before: str | None = None


class NewRevocation(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /api/revocations`: `jwt:<jti>`, or `sub:<name>` for all that a principal shows.

    `until` is when it ends: of a JWT, when that would have expired anyway.
    """

    credential: Annotated[str, msgspec.Meta(max_length=300)]
    until: str


class LiftParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `DELETE /api/revocations`; not in the path: names may have a `/`."""

    credential: Annotated[str, msgspec.Meta(max_length=300)]


class RevocationView(msgspec.Struct):
    """A credential that is refused."""

    credential: str
    at: str
    until: str


class RevocationsView(msgspec.Struct):
    """Those that are refused now. API keys that were revoked are not among them."""

    revocations: list[RevocationView]


_new_key = json_decoder(NewKey)
_rotation = json_decoder(Rotation)
_revocation = json_decoder(NewRevocation)


class TokensResource:
    """What can be done with credentials."""

    def __init__(
        self, tokens: Tokens, revocations: Revocations, tickets: SocketTickets, auditor: Auditor
    ) -> None:
        self._tokens = tokens
        self._revocations = revocations
        self._tickets = tickets
        self._auditor = auditor

    async def create(self, call: Call) -> ASGIApp:
        """Make a key."""
        new = await call.json(_new_key)
        _refuse_key(call)
        made = await self._tokens.create(call.principal, new)
        await self._record(call, "key.create", f"key:{made.key.id}", key_details(made.key))
        return json(made, 201)

    async def list(self, call: Call) -> ASGIApp:
        """Return a page of keys."""
        params = call.query(TokensParams)
        return json(await self._tokens.list(Page(params.limit, _before(params.before))))

    async def get(self, call: Call) -> ASGIApp:
        """Return one key."""
        return json(await self._tokens.get(call.params["token_id"]))

    async def rotate(self, call: Call) -> ASGIApp:
        """Give a key a new secret."""
        rotation = await call.json(_rotation)
        _refuse_key(call)
        made = await self._tokens.rotate(call.principal, call.params["token_id"], rotation)
        await self._record(call, "key.rotate", f"key:{made.key.id}", key_details(made.key))
        return json(made)

    async def revoke(self, call: Call) -> ASGIApp:
        """Refuse a key for good."""
        key = await self._tokens.revoke(call.params["token_id"])
        await self._record(call, "key.revoke", f"key:{key.id}")
        return json(key)

    async def revocations(self, _call: Call) -> ASGIApp:
        """Return what else is refused."""
        return json(await self._refused())

    async def refuse(self, call: Call) -> ASGIApp:
        """Refuse a JWT or a principal."""
        new = await call.json(_revocation)
        view = _view(await self._revocations.revoke(new.credential, new.until))
        await self._record(call, "credential.revoke", view.credential, {"until": view.until})
        return json(view, 201)

    async def lift(self, call: Call) -> ASGIApp:
        """Refuse it no longer; return what still is."""
        credential = call.query(LiftParams).credential
        await self._revocations.lift(credential)
        await self._record(call, "credential.lift", credential)
        return json(await self._refused())

    async def ticket(self, call: Call) -> ASGIApp:
        """Give a ticket; each try gets another, so no Idempotency-Key is needed nor looked at."""
        origin = call.header(b"origin")
        return json(await self._tickets.issue(call.principal, origin), 201)

    async def _record(
        self, call: Call, action: str, target: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Record it before it is answered: a secret that nobody knows of is shown to nobody."""
        await self._auditor.record(
            action, call.principal, target=target, address=call.address, details=details
        )

    async def _refused(self) -> RevocationsView:
        return RevocationsView([_view(one) for one in await self._revocations.all()])


def _view(one: Revocation) -> RevocationView:
    return RevocationView(one.credential, to_rfc3339(one.at_us), to_rfc3339(one.until_us))


def _before(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    found = _BEFORE.fullmatch(text)
    if found is None:
        raise InvalidFields([FieldError("before", "`next` of the last page", shown(text))])
    return int(found[1]), found[2]


def _refuse_key(call: Call) -> None:
    """Refuse an Idempotency-Key: what answers it would have to be kept, and it is a secret.

    Passed over, it would promise that a second try makes no second key.
    """
    key = call.header(b"idempotency-key")
    if key is not None:
        expected = "none: the answer has a secret, and is kept nowhere"
        raise InvalidFields([FieldError("Idempotency-Key", expected, shown(key))])
