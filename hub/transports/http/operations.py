"""Resources for those who run the hub."""

from typing import Literal

import msgspec
from starlette.types import ASGIApp

from hub import __version__
from hub.auth.policy import Readers, visible
from hub.realtime.drain import Drain
from hub.services.alerts import Alerts
from hub.services.status import Status
from hub.telemetry.metrics import MEDIA_TYPE, Exposition
from hub.transports.http.answer import Answer, json
from hub.transports.http.call import Call


class Health(msgspec.Struct):
    """Answer of `GET /health`: the process runs and answers. Restart it only when it does not."""

    status: Literal["healthy"]
    version: str


class Ready(msgspec.Struct):
    """Answer of `GET /ready`: the log can be written, so traffic may come.

    Degraded, with 503: news do not travel through the broker and come back. The hub goes on, and
    events reach the clients of other nodes through the log. `degraded=ok` makes that a 200.
    `alerts` names what this node has raised of itself, if there is anything.
    """

    status: Literal["ready", "degraded"]
    alerts: list[str] | msgspec.UnsetType = msgspec.UNSET


class ReadyParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /ready`."""

    degraded: Literal["ok", "fails"] = "fails"


class OperationsResource:
    """How the hub is."""

    def __init__(
        self,
        status: Status,
        drain: Drain,
        exposition: Exposition,
        alerts: Alerts,
        *,
        readers: Readers,
    ) -> None:
        self._readers = readers
        self._alerts = alerts
        self._status = status
        self._drain = drain
        self._exposition = exposition

    async def health(self, _call: Call) -> ASGIApp:
        """Say that the process answers."""
        return json(Health("healthy", __version__))

    async def ready(self, call: Call) -> ASGIApp:
        """Say that the log can be written and news travel; 503 when they do not, or at the end."""
        params = call.query(ReadyParams)
        if self._drain.begun:
            raise self._drain.refusal()
        raised = list(self._alerts.mine) or msgspec.UNSET
        if await self._status.ready():
            return json(Ready("ready", raised))
        return json(Ready("degraded", raised), 200 if params.degraded == "ok" else 503)

    async def metrics(self, _call: Call) -> ASGIApp:
        """Return this node's metrics, in Prometheus' text format."""
        return Answer(
            await self._exposition.text(), headers=((b"content-type", MEDIA_TYPE.encode()),)
        )

    async def websocket(self, call: Call) -> ASGIApp:
        """Return connections, queued bytes, and subscriptions to what the caller may read."""
        told = self._status.websocket()
        for one in (told, *told.nodes.values()):
            one.subscriptions = visible(call.principal, one.subscriptions, self._readers)
        return json(told)
