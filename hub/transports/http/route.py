"""A route: one row of the table that the hub answers by and that OpenAPI is made from."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from starlette.types import ASGIApp

from hub.errors import HubError
from hub.telemetry.requests import Kind
from hub.transports.http.call import Call

EVENT_STREAM = "text/event-stream"
# Not counted among a caller's requests. Who gets no answer to the first two takes the hub out of
# service. Streams are limited by how many are opened: told 429, EventSource never comes back.
UNCOUNTED = frozenset({"/health", "/ready", "/api/events"})
FILE = "application/octet-stream"
# Of the hub's own receiver: the only addresses that take what a hub has sent as a webhook.
RECEIVER = "/webhook/"


class Route(NamedTuple):
    """One method of one address.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        path: With its parameters in braces.
        scope: What the caller's credential must allow; PUBLIC: none is asked for. Has no default:
            a route that forgets it does not build.
        resource: Answers the call.
        summary: One line for people.
        answer: Type of the body of a success; None where it is a file.
        body: Type of the request's body; None where there is none or it is no JSON.
        query: Struct of the parameters after the `?`.
        status: Of a success.
        refusals: What it may raise besides what every route may.
        tag: The noun it belongs to.
        channel: The one that it reads or writes, where that is always the same; else the resource
            asks the policy itself.
        media: Of the answer, or of the body of a PUT, where it is no JSON.
        also: Other successes: the status of each, and the type of its body.
        name: Unique; generated clients call their function by it (OpenAPI's operationId).
        needs_body: Whether there must be one, where it has a type.
        keyed: A POST takes an Idempotency-Key. Not where its answer has a secret: answers are kept.
    """

    method: str
    path: str
    scope: str
    resource: Callable[[Call], Awaitable[ASGIApp]]
    summary: str
    answer: Any
    body: Any = None
    query: type | None = None
    status: int = 200
    refusals: Sequence[type[HubError]] = ()
    tag: str = ""
    channel: str | None = None
    media: str = "application/json"
    also: Sequence[tuple[int, Any]] = ()
    name: str = ""
    keyed: bool = True
    needs_body: bool = True

    @property
    def kind(self) -> Kind:
        """What its time is measured as: an answer of the hub, a file, or a stream."""
        if self.media == EVENT_STREAM:
            return "stream"
        return "transfer" if self.media == FILE else "answer"
