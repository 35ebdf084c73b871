"""Resources of endpoints, and of the keys that sign what goes to them."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from starlette.types import ASGIApp

from hub.errors import FieldError, InvalidFields
from hub.model.contract import shown
from hub.services.auditor import Auditor
from hub.transports.http.answer import Answer, json
from hub.transports.http.call import Call, json_decoder
from hub.webhooks.endpoint_forms import (
    EndpointChange,
    EndpointRemoved,
    NewEndpoint,
    Pause,
    Resuming,
    SecretRotation,
)
from hub.webhooks.endpoint_telling import bare, summary
from hub.webhooks.endpoints import MAX_PAGE, EndpointRegister, Page
from hub.webhooks.published import PublishedKeys
from hub.webhooks.trials import Trials

_BEFORE = re.compile(r"([0-9]{1,18})\.([0-9A-Za-z_]{1,64})")
_KEYS_HEADERS = ((b"content-type", b"application/json"), (b"cache-control", b"max-age=60"))


class EndpointsParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/webhooks`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = MAX_PAGE
    before: str | None = None


class KeySet(msgspec.Struct):
    """The public keys of all endpoints with Ed25519, as a JWK Set (RFC 7517, RFC 8037).

    Each endpoint has its own: take the one whose `kid` you were shown, and no other.
    """

    keys: list[dict[str, str]]


_new = json_decoder(NewEndpoint)
_change = json_decoder(EndpointChange)
_rotation = json_decoder(SecretRotation)
_pause = json_decoder(Pause)
_resuming = json_decoder(Resuming)


class WebhooksResource:
    """What can be done with endpoints."""

    def __init__(
        self,
        endpoints: EndpointRegister,
        trials: Trials,
        published: PublishedKeys,
        auditor: Auditor,
    ) -> None:
        self._endpoints = endpoints
        self._trials = trials
        self._published = published
        self._auditor = auditor

    async def create(self, call: Call) -> ASGIApp:
        """Make an endpoint."""
        new = await call.json(_new)
        refuse_key(call)
        made = await self._endpoints.create(call.principal, new)
        await self._record(call, "webhook.create", made.webhook_id, summary(made))
        return json(made, 201)

    async def list(self, call: Call) -> ASGIApp:
        """Return a page of endpoints."""
        params = call.query(EndpointsParams)
        page = Page(params.limit, _before(params.before))
        return json(await self._endpoints.list(call.principal, page))

    async def get(self, call: Call) -> ASGIApp:
        """Return one."""
        return json(await self._endpoints.get(call.principal, call.params["webhook_id"]))

    async def change(self, call: Call) -> ASGIApp:
        """Change one."""
        change = await call.json(_change)
        webhook_id = call.params["webhook_id"]
        view = await self._endpoints.change(call.principal, webhook_id, change)
        names = [n for n in change.__struct_fields__ if getattr(change, n) is not msgspec.UNSET]
        await self._record(call, "webhook.change", webhook_id, {**summary(view), "fields": names})
        return json(view)

    async def remove(self, call: Call) -> ASGIApp:
        """Remove one."""
        webhook_id = call.params["webhook_id"]
        gone = await self._endpoints.remove(call.principal, webhook_id)
        details = {"url": bare(gone.url), "owner": gone.owner}
        await self._record(call, "webhook.remove", webhook_id, details)
        return json(EndpointRemoved(webhook_id=webhook_id, url=gone.url))

    async def rotate(self, call: Call) -> ASGIApp:
        """Give one a new key."""
        rotation = await call.json(_rotation)
        refuse_key(call)
        webhook_id = call.params["webhook_id"]
        made = await self._endpoints.rotate(call.principal, webhook_id, rotation)
        details = {**summary(made), "overlap_s": rotation.overlap_s}
        await self._record(call, "webhook.rotate", webhook_id, details)
        return json(made)

    async def pause(self, call: Call) -> ASGIApp:
        """Send one nothing."""
        pause = await call.json(_pause) if call.body.is_open else Pause()
        webhook_id = call.params["webhook_id"]
        view = await self._endpoints.pause(call.principal, webhook_id, pause.reason)
        await self._record(call, "webhook.pause", webhook_id, {"why": view.why})
        return json(view)

    async def resume(self, call: Call) -> ASGIApp:
        """Have one go on."""
        resuming = await call.json(_resuming) if call.body.is_open else Resuming()
        webhook_id = call.params["webhook_id"]
        view = await self._endpoints.resume(call.principal, webhook_id, resuming)
        details = {
            "held": view.waiting.get("held", 0),
            "then": resuming.held or "send",
            "adopted": resuming.adopt,
        }
        await self._record(call, "webhook.resume", webhook_id, details)
        return json(view)

    async def test(self, call: Call) -> ASGIApp:
        """Send one a test event."""
        webhook_id = call.params["webhook_id"]
        outcome = await self._trials.test(call.principal, webhook_id)
        details = {"id": outcome.id, "status": outcome.status, "failure": outcome.failure}
        await self._record(call, "webhook.test", webhook_id, details)
        return json(outcome)

    async def keys(self, _call: Call) -> ASGIApp:
        """Return the public keys of all."""
        return Answer(await self._published.document(), 200, _KEYS_HEADERS)

    async def _record(
        self, call: Call, action: str, target: str, details: Mapping[str, Any]
    ) -> None:
        """Record it before it is answered: a secret that nobody knows of is shown to nobody."""
        await self._auditor.record(
            action, call.principal, target=target, address=call.address, details=details
        )


def refuse_key(call: Call) -> None:
    """Refuse an Idempotency-Key: what answers it would have to be kept, and it is a secret."""
    key = call.header(b"idempotency-key")
    if key is not None:
        expected = "none: the answer has a secret, and is kept nowhere"
        raise InvalidFields([FieldError("Idempotency-Key", expected, shown(key))])


def _before(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    found = _BEFORE.fullmatch(text)
    if found is None:
        raise InvalidFields([FieldError("before", "`next` of the last page", shown(text))])
    return int(found[1]), found[2]
