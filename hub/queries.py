"""Queries: what sessions ask of their node, answered by the services."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.clock import Clock, Timers
from hub.model.unit import Head
from hub.realtime.fanout import Fanout
from hub.realtime.heartbeat import Heartbeats
from hub.realtime.ladder import Ladder
from hub.realtime.node import FindPrincipal, NoteRefusal, Page
from hub.realtime.pages import Spawn
from hub.services.history import History, HistoryQuery
from hub.services.snapshots import EncodedSnapshot
from hub.services.status import Status
from hub.stores.base import Log


class NodeRealtime(NamedTuple):
    """What sessions need of this node; see `realtime.session.Realtime`."""

    fanout: Fanout
    queries: "NodeQueries"
    clock: Clock
    timers: Timers
    ladder: Ladder
    spawn: Spawn
    heartbeats: Heartbeats
    find: FindPrincipal
    refused: NoteRefusal


class NodeQueries:
    """What clients may ask over a socket; see `realtime.session.Queries`."""

    def __init__(self, log: Log, history: History, status: Status) -> None:
        self._log = log
        self._history = history
        self._status = status

    async def history(
        self,
        channel: str,
        *,
        limit: int,
        since: int | None,
        before: int | None,
        owner: str | None = None,
    ) -> Page:
        """Return a page of encoded events, oldest first."""
        query = HistoryQuery(channel, limit, since=since, before=before, owner=owner)
        page = await self._history.page(query)
        return Page(page.head, page.events, page.reason)

    async def head(self, channel: str) -> Head | None:
        """Return what the log holds of a channel."""
        return (await self._log.state()).heads.get(channel)

    async def snapshot(self, channel: str, owner: str | None = None) -> EncodedSnapshot:
        """Open the state of a channel, or of what in it belongs to one principal."""
        return EncodedSnapshot(await self._log.snapshot(channel, owner))

    async def status(self) -> Mapping[str, Any]:
        """Return how the hub is."""
        return await self._status.hub()
