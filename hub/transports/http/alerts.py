"""What is the matter with the hub, and what was lately."""

import msgspec
from starlette.types import ASGIApp

from hub.model.alert import Alert
from hub.services.alerts import Alerts
from hub.transports.http.answer import json
from hub.transports.http.call import Call


class AlertsView(msgspec.Struct):
    """Answer of `GET /api/alerts`.

    `alerts` are those that are raised now on any node, the oldest first; `recent` is what was
    raised and cleared lately, the newest first.
    """

    alerts: list[Alert]
    recent: list[Alert]


class AlertsResource:
    """The alerts of the hub."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts

    async def list(self, _call: Call) -> ASGIApp:
        """Return what is raised, and what was lately; also while the log cannot be read."""
        await self._alerts.refresh()
        raised = sorted(self._alerts.raised().values(), key=lambda one: (one.since, one.key))
        return json(AlertsView(raised, list(self._alerts.recent())))
