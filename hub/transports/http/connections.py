"""Resources of connections: who is here, and sending somebody away."""

import re
from typing import Annotated

import msgspec
from starlette.types import ASGIApp

from hub.auth.policy import Deed, Readers, Verdict, demand, judge
from hub.errors import FieldError, InvalidFields
from hub.model.contract import shown
from hub.model.event import Position
from hub.model.principal import Principal
from hub.model.roster import MAX_PAGE, Entry, Followed, Mode, Place, Protocol, Query
from hub.model.scope import AUDIT_READ, CONNECTIONS_READ, PUBLIC
from hub.model.timestamp import to_rfc3339
from hub.services.auditor import Auditor
from hub.services.clients import Clients, Listed
from hub.transports.http.answer import json
from hub.transports.http.call import Call

_BEFORE = re.compile(r"([0-9]{1,18})\.([0-9A-Za-z-]{1,64})")

Text = Annotated[str, msgspec.Meta(max_length=256)]


class ConnectionsParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/connections`; `before` is the last page's `next`.

    `search` is part of a principal's name, of a `client_id` or of what a program calls itself;
    `principal` is a whole name; `behind` asks for those that are at least so many events behind.
    """

    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)] = 50
    before: str | None = None
    search: Text = ""
    principal: Text = ""
    channel: Annotated[str, msgspec.Meta(max_length=128)] = ""
    behind: Annotated[int, msgspec.Meta(ge=0)] = 0


class CloseParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `DELETE /api/connections/{client_id}`: whether the client is to come back."""

    reconnect: bool = False


class ConflateView(msgspec.Struct):
    """How a client has its events thinned."""

    key: str
    max_hz: float


class FollowedView(msgspec.Struct):
    """One channel that a client follows.

    `position` is up to where it has everything; null in a volatile channel, which has none.
    `mode` is `live`; `replay` while it gets what it asked for; `lossless` or `conflated` since its
    socket was full; `latest` while it misses events of a volatile channel.
    """

    channel: str
    position: str | None
    behind: int
    mode: Mode
    where: dict[str, list[str | int | float | bool | None]] | None
    conflate: ConflateView | None


class ConnectionView(msgspec.Struct):
    """One connection; `principal` is null while the client has not said who it is.

    `client` is what the program calls itself. `channels` counts what it follows;
    `subscriptions` are those that the caller may read, 64 at most. `address` is there for who may
    read the audit log.
    """

    client_id: str
    node: str
    principal: str | None
    connected_at: str
    client: str
    protocol: Protocol
    queued_bytes: int
    frames_out: int
    channels: int
    subscriptions: list[FollowedView]
    address: str | msgspec.UnsetType = msgspec.UNSET


class ConnectionsView(msgspec.Struct):
    """A page of connections, newest first; `next` is `before` of the next page.

    `matching` counts all that were asked for. `incomplete` names the nodes that did not answer
    within a second, and has a `?` while the broker is away; of their clients nothing is told.
    """

    connections: list[ConnectionView]
    matching: int
    next: str | None
    nodes: list[str]
    incomplete: list[str]


class ConnectionClosed(msgspec.Struct):
    """A connection that was closed, with which code and word."""

    client_id: str
    node: str
    principal: str | None
    close_code: int
    code: str


class ConnectionsResource:
    """What operators may do with connections.

    Args:
        clients: Those of all nodes.
        readers: Tells the roles that alone may read a channel.
        epoch: Of the log.
        auditor: Is told of who was sent away.
    """

    def __init__(self, clients: Clients, readers: Readers, epoch: str, auditor: Auditor) -> None:
        self._clients = clients
        self._readers = readers
        self._epoch = epoch
        self._auditor = auditor

    async def list(self, call: Call) -> ASGIApp:
        """Return a page of them."""
        params = call.query(ConnectionsParams)
        if params.channel:
            # How many follow it is told to who may read it.
            deed = Deed(CONNECTIONS_READ, params.channel, self._readers(params.channel))
            demand(call.principal, deed)
        query = Query(
            params.limit,
            _place(params.before),
            params.search.lower(),
            params.principal,
            params.channel,
            params.behind,
        )
        return json(self._view(call.principal, await self._clients.list(query)))

    async def close(self, call: Call) -> ASGIApp:
        """Close one; the client is told whether to come back."""
        params = call.query(CloseParams)
        closed = await self._clients.close(call.params["client_id"], comes_back=params.reconnect)
        entry, failure = closed.entry, closed.failure
        await self._auditor.record(
            "connection.close",
            call.principal,
            target=entry.client_id,
            address=call.address,
            details={
                "principal": entry.principal,
                "node": closed.node,
                "reconnect": params.reconnect,
            },
        )
        who, code = entry.principal or None, failure.close_code or 0
        return json(ConnectionClosed(entry.client_id, closed.node, who, code, failure.code))

    def _view(self, who: Principal, listed: Listed) -> ConnectionsView:
        page = listed.page
        return ConnectionsView(
            connections=[self._connection(who, node, entry) for node, entry in page.entries],
            matching=page.matching,
            next=None if page.next is None else f"{page.next[0]}.{page.next[1]}",
            nodes=[*listed.nodes],
            incomplete=[*listed.silent],
        )

    def _connection(self, who: Principal, node: str, entry: Entry) -> ConnectionView:
        return ConnectionView(
            client_id=entry.client_id,
            node=node,
            principal=entry.principal or None,
            connected_at=to_rfc3339(entry.opened_us),
            client=entry.client,
            protocol=entry.protocol,
            queued_bytes=entry.queued_bytes,
            frames_out=entry.written,
            channels=entry.channels,
            subscriptions=[
                self._followed(one) for one in entry.followed if self._may_read(who, one.channel)
            ],
            # It tells where somebody lives: for those who read it in the audit log, too.
            address=entry.address if AUDIT_READ in who.scopes else msgspec.UNSET,
        )

    def _may_read(self, who: Principal, channel: str) -> bool:
        return judge(who, Deed(PUBLIC, channel, self._readers(channel))) is Verdict.ALLOWED

    def _followed(self, one: Followed) -> FollowedView:
        return FollowedView(
            channel=one.channel,
            position=None if one.offset is None else str(Position(self._epoch, one.offset)),
            behind=one.behind,
            mode=one.mode,
            where=None if one.where is None else {k: [*v] for k, v in one.where.items()},
            conflate=ConflateView(one.key, one.max_hz) if one.key else None,
        )


def _place(before: str | None) -> Place | None:
    if before is None:
        return None
    found = _BEFORE.fullmatch(before)
    if found is None:
        expected = "the `next` of a page of connections"
        raise InvalidFields([FieldError("before", expected, shown(before))])
    return int(found[1]), found[2]
