"""Resources of deliveries, attempts, receipts and replays."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from starlette.types import ASGIApp

from hub.errors import FieldError, InvalidFields
from hub.model.contract import shown
from hub.model.delivery import STATES
from hub.model.timestamp import from_iso8601
from hub.services.auditor import Auditor
from hub.transports.http.answer import json
from hub.transports.http.call import Call, json_decoder
from hub.webhooks.deliveries import Deliveries, DeliveryPage
from hub.webhooks.delivery_forms import MAX_PAGE, NewReplay
from hub.webhooks.endpoint_reading import wrong_types
from hub.webhooks.replays import Replays

Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class DeliveriesParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/webhooks/{webhook_id}/deliveries`.

    `state` is one, or several by comma; `event_type` may have a `*` for any characters; `since` is
    ISO 8601. `before` is `next` of the last page.
    """

    limit: Limit = 100
    before: Number | None = None
    state: str | None = None
    event_type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    since: str | None = None


class AttemptsParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of a page of attempts or receipts: `before` is `next` of the last page."""

    limit: Limit = 50
    before: Number | None = None


class ReplaysParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/replays`."""

    limit: Limit = 100


_replay = json_decoder(NewReplay)


class DeliveriesResource:
    """What can be seen and done of deliveries."""

    def __init__(self, deliveries: Deliveries, replays: Replays, auditor: Auditor) -> None:
        self._deliveries = deliveries
        self._replays = replays
        self._auditor = auditor

    async def list(self, call: Call) -> ASGIApp:
        """Return a page of an endpoint's deliveries."""
        page = _page(call.query(DeliveriesParams))
        return json(await self._deliveries.list(call.principal, call.params["webhook_id"], page))

    async def attempts(self, call: Call) -> ASGIApp:
        """Return a page of an endpoint's attempts."""
        params, webhook_id = call.query(AttemptsParams), call.params["webhook_id"]
        return json(
            await self._deliveries.attempts(call.principal, webhook_id, params.limit, params.before)
        )

    async def receipts(self, call: Call) -> ASGIApp:
        """Return a page of an endpoint's chain of receipts."""
        params, webhook_id = call.query(AttemptsParams), call.params["webhook_id"]
        return json(
            await self._deliveries.receipts(call.principal, webhook_id, params.limit, params.before)
        )

    async def get(self, call: Call) -> ASGIApp:
        """Return one delivery with its attempts."""
        return json(await self._deliveries.get(call.principal, call.params["delivery_id"]))

    async def again(self, call: Call) -> ASGIApp:
        """Send one again."""
        delivery_id = call.params["delivery_id"]
        view = await self._deliveries.replay(call.principal, delivery_id)
        details = {"webhook": view.webhook_id, "event": view.event.event_id, "round": view.round}
        await self._record(call, "delivery.replay", delivery_id, details)
        return json(view)

    async def cancel(self, call: Call) -> ASGIApp:
        """Let one be."""
        delivery_id = call.params["delivery_id"]
        view = await self._deliveries.cancel(call.principal, delivery_id)
        details = {"webhook": view.webhook_id, "event": view.event.event_id}
        await self._record(call, "delivery.cancel", delivery_id, details)
        return json(view)

    async def replay(self, call: Call) -> ASGIApp:
        """Send many again, in the background."""
        new = await call.json(_replay) if call.body.is_open else NewReplay()
        webhook_id = call.params["webhook_id"]
        view = await self._replays.begin(call.principal, webhook_id, new)
        details = {"replay": view.replay_id, **msgspec.to_builtins(new)}
        await self._record(call, "webhook.replay", webhook_id, details)
        return json(view, 202)

    async def replays(self, call: Call) -> ASGIApp:
        """Return the newest replays."""
        return json(await self._replays.list(call.principal, call.query(ReplaysParams).limit))

    async def one_replay(self, call: Call) -> ASGIApp:
        """Return one replay."""
        return json(await self._replays.get(call.principal, call.params["replay_id"]))

    async def end_replay(self, call: Call) -> ASGIApp:
        """End one replay."""
        replay_id = call.params["replay_id"]
        view = await self._replays.cancel(call.principal, replay_id)
        details = {"webhook": view.webhook_id, "again": view.again, "state": view.state}
        await self._record(call, "replay.cancel", replay_id, details)
        return json(view)

    async def _record(
        self, call: Call, action: str, target: str, details: Mapping[str, Any]
    ) -> None:
        await self._auditor.record(
            action, call.principal, target=target, address=call.address, details=details
        )


def _page(params: DeliveriesParams) -> DeliveryPage:
    faults = [fault._replace(field="event_type") for fault in wrong_types(_some(params.event_type))]
    states = tuple(dict.fromkeys((params.state or "").split(","))) if params.state else ()
    expected = f"some of {', '.join(STATES)}, by comma"
    faults += [FieldError("state", expected, shown(one)) for one in states if one not in STATES]
    since_us = None
    if params.since is not None:
        try:
            since_us = from_iso8601(params.since)
        except (ValueError, OverflowError):
            faults.append(FieldError("since", "an ISO 8601 time", shown(params.since)))
    if faults:
        raise InvalidFields(faults)
    return DeliveryPage(params.limit, params.before, states, params.event_type or "", since_us)


def _some(text: str | None) -> list[str]:
    return [] if text is None else [text]
