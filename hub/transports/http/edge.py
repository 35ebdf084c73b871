"""The edge: what happens around every HTTP request.

Checks at the door, the one translation of errors, one wide log line. A fault of ours is logged
with its traceback and told as `internal`, without details.
"""

import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import Route as StarletteRoute, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.auth.admission import Door, Rules, check, read_door
from hub.errors import HubError, InvalidRequest, MethodNotAllowed, NotFound, UpgradeRequired
from hub.model.principal import ANONYMOUS
from hub.telemetry.logging import Logger
from hub.transports.http.answer import refusal
from hub.transports.http.call import Call
from hub.transports.http.route import Route

_UPGRADES = frozenset({"/ws", "/api/ws"})


class Edge:
    """The ASGI application of everything but WebSockets.

    Args:
        routes: The table.
        rules: Who may come in.
        log: Gets one line a request.
        max_body: Largest JSON body in bytes.
        pages: Answers addresses that are not in the table: the dashboard and the documents.
    """

    def __init__(
        self, routes: Sequence[Route], *, rules: Rules, log: Logger, max_body: int, pages: ASGIApp
    ) -> None:
        self._rules = rules
        self._log = log
        self._router = Router(
            [_mount(route, max_body) for route in routes], redirect_slashes=False, default=pages
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        line: dict[str, Any] = {"method": scope["method"], "path": scope["path"][:200]}

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                line["status"] = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, watched)
        except HubError as failure:
            line["code"] = failure.code
            await refusal(failure)(scope, receive, watched)
        except Exception:
            line["code"] = HubError.code
            self._log.exception("request failed", path=line["path"], method=line["method"])
            if "status" in line:
                raise
            internal = HubError("the hub failed; its log says why")
            await refusal(internal)(scope, receive, watched)
        finally:
            line["ms"] = round((time.perf_counter() - started) * 1000, 3)
            self._log.info("request", **line)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = read_door(scope["headers"])
        check(door, self._rules)
        if "\0" in scope["path"]:
            raise InvalidRequest("expected an address without NUL characters, got one")
        if scope["path"] in _UPGRADES:
            raise UpgradeRequired("expected a WebSocket upgrade on this address, got plain HTTP")
        scope["hub.door"] = door
        # The router raises instead of answering in its own words when it sees an application.
        scope["app"] = self
        try:
            await self._router(scope, receive, send)
        except HTTPException as error:
            raise _translate(error, scope) from error


class _Endpoint:
    """A resource as the ASGI application that the router wants."""

    def __init__(self, route: Route, max_body: int) -> None:
        self._resource = route.resource
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door: Door = scope["hub.door"]
        call = Call(scope, receive, principal=ANONYMOUS, door=door, max_body=self._max_body)
        response = await self._resource(call)
        await response(scope, receive, send)


def _mount(route: Route, max_body: int) -> StarletteRoute:
    return StarletteRoute(route.path, _Endpoint(route, max_body), methods=[route.method])


def _translate(error: HTTPException, scope: Scope) -> HubError:
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        return MethodNotAllowed(f"expected {allowed} on this address, got {scope['method']}")
    return NotFound(f"expected an address of the hub, got {scope['path'][:80]!r}; see /docs")
