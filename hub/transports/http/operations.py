"""Resources for those who run the hub."""

from typing import Literal

import msgspec
from starlette.types import ASGIApp

from hub import __version__
from hub.services.status import Status
from hub.transports.http.answer import json
from hub.transports.http.call import Call


class Health(msgspec.Struct):
    """Answer of `GET /health`: the process runs and answers. Restart it only when it does not."""

    status: Literal["healthy"]
    version: str


class Ready(msgspec.Struct):
    """Answer of `GET /ready`: the log can be written, so traffic may come."""

    status: Literal["ready"]


class OperationsResource:
    """How the hub is."""

    def __init__(self, status: Status) -> None:
        self._status = status

    async def health(self, _call: Call) -> ASGIApp:
        """Say that the process answers."""
        return json(Health("healthy", __version__))

    async def ready(self, _call: Call) -> ASGIApp:
        """Say that the log can be written; 503 when it cannot."""
        await self._status.ready()
        return json(Ready("ready"))

    async def websocket(self, _call: Call) -> ASGIApp:
        """Return connections, subscriptions and queued bytes."""
        return json(self._status.websocket())
