"""The edge: what happens around every HTTP request.

Checks at the door, the one translation of errors, one wide log line. A fault of ours is logged
with its traceback and told as `internal`, without details.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.auth.admission import Rules, check, read_door
from hub.auth.authentication import Authentication, bearer
from hub.auth.policy import Deed, demand
from hub.errors import (
    HubError,
    InvalidRequest,
    LoopDetected,
    MethodNotAllowed,
    OutcomeUnknown,
    UpgradeRequired,
)
from hub.limits.gate import Gate, Quota
from hub.model.principal import NOBODY, Principal
from hub.model.scope import PUBLIC, PUBLISHES
from hub.realtime.drain import Drain
from hub.services.auditor import Auditor
from hub.telemetry.logging import Logger
from hub.telemetry.redaction import shown_path
from hub.telemetry.requests import OTHER, Requests
from hub.telemetry.traceparent import INCOMING, TraceParent
from hub.transports.http.addresses import Addresses
from hub.transports.http.answer import refusal
from hub.transports.http.body import Body, lingering
from hub.transports.http.call import Call, address_of
from hub.transports.http.corked import CAME_LATE
from hub.transports.http.route import RECEIVER, UNCOUNTED, Route

HOP = "Hub-Hop"
_OURS = HTTPStatus.INTERNAL_SERVER_ERROR
_UPGRADES = frozenset({"/ws", "/api/ws"})
_LAST = (b"connection", b"close")
# The process answers to its end: who is told otherwise would kill it in the middle of a commit.
# A stream says itself that the hub goes away: EventSource never comes back after a 503.
_TO_THE_END = frozenset({"/health", "/api/events"})


class Edge:
    """The ASGI application of everything but WebSockets.

    Args:
        routes: The table.
        rules: From where one may come in.
        authentication: Who comes in.
        gate: How often.
        drain: Tells when the node goes away.
        log: Gets one line a request.
        auditor: Is told of those who are refused.
        max_body: Largest JSON body in bytes.
        pages: Answers addresses that are not in the table: the dashboard and the documents.
        requests: Counts them.
    """

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        rules: Rules,
        authentication: Authentication,
        gate: Gate,
        drain: Drain,
        log: Logger,
        auditor: Auditor,
        max_body: int,
        pages: ASGIApp,
        requests: Requests,
    ) -> None:
        self._requests = requests
        self._rules = rules
        self._gate = gate
        self._drain = drain
        self._log = log.bind()
        self._auditor = auditor
        self._addresses = Addresses(_endpoints(routes, authentication, max_body))
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        line: dict[str, Any] = {"method": scope["method"], "path": shown_path(scope["path"])}
        scope["hub.line"] = line

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                line["status"] = message["status"]
                quota: Quota | None = scope.get("hub.quota")
                if quota is not None and quota.limit is not None:
                    message = {**message, "headers": [*message["headers"], *quota.headers()]}
                if self._drain.begun:
                    # The next request must not come here (RFC 9112, 9.6).
                    message = {**message, "headers": [*message["headers"], _LAST]}
            await send(message)

        body = Body(scope["headers"], receive)
        try:
            await self._answer_in_time(scope, body, watched)
        except Exception as failure:
            line["code"] = failure.code if isinstance(failure, HubError) else HubError.code
            if "status" in line:
                raise  # too late for an answer: the server logs it and ends the connection
            if not isinstance(failure, HubError):
                self._log.exception("request failed", path=line["path"], method=line["method"])
                failure = HubError("the hub failed; its log says why")
            self._tell(failure, scope)
            await refusal(failure)(scope, body, self._patient(failure, body, watched))
        finally:
            self._note(scope, line, time.perf_counter() - started)

    def _note(self, scope: Scope, line: dict[str, Any], took_s: float) -> None:
        line["ms"] = round(took_s * 1000, 3)
        status = line.get("status", 0)
        self._requests.note(scope.get("hub.route", OTHER), status, took_s)
        # Our own failures stand out; a refusal is business as usual, also of what came round.
        ours = status >= _OURS and status != LoopDetected.status
        write = self._log.error if ours else self._log.info
        write("request", **line)

    def _tell(self, failure: HubError, scope: Scope) -> None:
        """Tell the auditor, who knows what is worth a record."""
        line, principal = scope["hub.line"], scope.get("hub.principal", NOBODY)
        target = f"{line['method'][:20]} {line['path']}"
        self._auditor.refused(failure, principal, target=target, address=address_of(scope))

    def _patient(self, failure: HubError, body: Body, send: Send) -> Send:
        """Wait for the rest of the body, unless the hub's own time is over."""
        over = self._drain.begun and isinstance(failure, OutcomeUnknown)
        return send if over else lingering(body, send)

    async def _answer_in_time(self, scope: Scope, body: Body, send: Send) -> None:
        try:
            await self._answer(scope, body, send)
        except asyncio.CancelledError:
            # uvicorn ends what still runs when the time of a stop is over, and would say 500.
            if "status" in scope["hub.line"] or not self._drain.begun:
                raise
            raise OutcomeUnknown("expected an end before that of the hub, got none") from None

    async def _answer(self, scope: Scope, body: Body, send: Send) -> None:
        self._rules.proxies.unwrap(scope)
        door = read_door(scope["headers"])
        check(door, self._rules)
        path = scope["path"]
        if scope.get(CAME_LATE) and path not in _TO_THE_END:
            raise self._drain.refusal()
        if "\0" in path:
            raise InvalidRequest("expected an address without NUL characters, got one")
        if path in _UPGRADES:
            raise UpgradeRequired("expected a WebSocket upgrade on this address, got plain HTTP")
        scope["hub.door"] = door
        if door.hop and not path.startswith(RECEIVER):
            raise LoopDetected(
                f"expected no webhook of a hub on this address, got the header {HOP}"
            )
        if path not in UNCOUNTED:
            quota = scope["hub.quota"] = self._gate.quota()
            quota.knock(address_of(scope))
        await self._resource(scope)(scope, body, send)

    def _resource(self, scope: Scope) -> ASGIApp:
        """Return what the path leads to.

        Raises:
            MethodNotAllowed: Something, but not by this method.
        """
        allowed: Sequence[str] = ()
        for endpoint, params in self._addresses.find(scope["path"]):
            if scope["method"] in endpoint.methods:
                scope["path_params"] = params
                return endpoint
            allowed = allowed or endpoint.methods
        if allowed:
            raise MethodNotAllowed(
                f"expected {', '.join(allowed)} on this address, got {scope['method'][:20]}",
                allowed=allowed,
            )
        return self._pages


class _Endpoint:
    """The resources of one address as the ASGI application that the router wants."""

    def __init__(
        self, routes: Sequence[Route], authentication: Authentication, max_body: int
    ) -> None:
        self._resources = {
            route.method: (
                route.resource,
                Deed(route.scope, route.channel),
                (route.name, route.kind),
            )
            for route in routes
        }
        self._authentication = authentication
        self._max_body = max_body
        self.methods = sorted({*self._resources, *(["HEAD"] if "GET" in self._resources else [])})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _note_trace(scope)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        resource, deed, scope["hub.route"] = self._resources[method]
        principal = await self._principal(scope, deed)
        changes = self._authentication.changes
        scope["hub.line"]["principal"] = principal.name
        scope["hub.principal"] = principal
        quota: Quota | None = scope.get("hub.quota")
        if quota is not None and principal is not NOBODY:
            quota.ask(principal.name, publishes=deed.scope in PUBLISHES)
        demand(principal, deed)
        body = cast("Body", receive)  # the edge's own
        if principal is not NOBODY:
            body.on_whole = partial(self._confirm, scope, principal, changes)
        call = Call(scope, body, principal, scope["hub.door"], self._max_body)
        response = await resource(call)
        await response(scope, receive, send)

    async def _principal(self, scope: Scope, deed: Deed) -> Principal:
        if deed.scope == PUBLIC:
            return NOBODY
        token = bearer(scope["hub.door"].authorization) if self._authentication.required else None
        known = self._authentication.remembered(token)
        # Not awaited when it is known: that is the hot path.
        if known is not None:
            return known
        return await self._authentication.find(token, address_of(scope))

    async def _confirm(self, scope: Scope, principal: Principal, changes: int) -> None:
        """Refuse who was revoked, or has expired, while the body came.

        It takes as long as its caller likes: heads that wait for their bodies would be a stock
        of deeds that no revocation ends, and one of them may be the making of a key.
        """
        authentication = self._authentication
        if authentication.changes != changes or authentication.is_over(principal):
            token = bearer(scope["hub.door"].authorization)
            await authentication.confirm(principal, token, address_of(scope))


def _endpoints(
    routes: Sequence[Route], authentication: Authentication, max_body: int
) -> dict[str, _Endpoint]:
    """Return one endpoint an address, so that a 405 names all its methods."""
    addresses: dict[str, list[Route]] = {}
    for route in routes:
        addresses.setdefault(route.path, []).append(route)
    return {path: _Endpoint(rows, authentication, max_body) for path, rows in addresses.items()}


def _note_trace(scope: Scope) -> None:
    """Let the events of this request carry its trace, and its line in the log name it."""
    told = scope["hub.door"].traceparent
    trace = None if told is None else TraceParent.parse(told)
    if trace is not None:
        scope["hub.line"]["trace"] = trace.trace_id
        INCOMING.set(str(trace))
    elif INCOMING.get():
        # A task inherits the context of the one that began it: of the request before this one on
        # its connection, where the client pipelines.
        INCOMING.set("")
