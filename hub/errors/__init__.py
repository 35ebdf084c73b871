"""Every failure a caller can be told about.

* `HubError`
    * `InvalidRequest`            the caller sent something we cannot read
        * `MalformedBody`         not JSON, not UTF-8, a NUL, nested too deep
        * `InvalidFields`         readable, but a field is missing or has a wrong value
            * `UnknownStatus`     a status word that does not exist
        * `BodyTooLarge`
        * `RangeNotSatisfiable`   a Range that lies outside the content
        * `UnsupportedMediaType`
        * `IdempotencyKeyReused`  the key was used with another body
        * `InvalidCommand`        a WebSocket frame that is no command we know
    * `Forbidden`                 we will not do that for this caller
        * `ForeignHost`           open mode: the Host header is not this machine's
        * `ForeignOrigin`         a page of another origin asks
        * `ProxiedInOpenMode`     open mode: a proxy stands in front
        * `ReservedChannel`       built-in channels take no raw events
    * `Unauthenticated`           no credential, or one that is not valid
        * `TokenExpired`          it was, until a moment ago
        * `TokenRevoked`          somebody has taken it back
    * `RateLimited`               more comes than we take at a time
        * `TooManyConnections`    as many are open as may be
    * `HeadTooLarge`              more headers than anybody needs
    * `ConnectionLimit`           the principal has as many open as it may
    * `NotFound`
        * `JobNotFound`
        * `ArtifactNotFound`
        * `ChannelNotFound`
        * `TokenNotFound`
        * `RevocationNotFound`
        * `EventNotFound`
        * `ConnectionNotFound`
        * `WebhookNotFound`
        * `DeliveryNotFound`
        * `ReplayNotFound`
    * `MethodNotAllowed`
    * `UpgradeRequired`           plain HTTP on a WebSocket address
    * `Conflict`
        * `IllegalTransition`     the job cannot move to that status
        * `InputNotExpected`      the job does not wait for input
        * `TooManyWebhooks`       the principal, or the hub, has as many as it may
    * `LoopDetected`              a webhook of a hub came where none may go
    * `Unavailable`               retrying may help
        * `Overloaded`            more updates wait than we may hold
        * `LogUnavailable`        the log cannot be written
        * `LogWentBack`           committed events are gone from the log
        * `OutcomeUnknown`        the disk failed at the commit itself
        * `Draining`              this node is going away
        * `NodesSilent`           other nodes did not answer, so nothing is certain
    * `ConnectionEnded`           a WebSocket connection must end
        * `BadFrame`
        * `HeartbeatTimeout`
        * `SlowConsumer`
        * `Disconnected`          an operator has closed it, for good
        * `Reconnect`             an operator has closed it, and it may come back
    * `WebhookUrlRefused`         webhooks do not go there
    * `WebhookKeyRefused`         nothing can be encrypted with it, safely
    * `Misconfigured`             the hub cannot start like this (exit code 2)

Services raise these and nothing else on purpose. Each transport translates them in one place:
HTTP by `status`, WebSocket by `close_code` when the connection must end, else by an error reply.
Anything else is a bug: logged with its traceback and told to the caller as a plain `internal`.
"""

from collections.abc import Sequence

from hub.errors.base import (
    MAX_FAULTS as MAX_FAULTS,
    FieldError as FieldError,
    HubError as HubError,
)
from hub.errors.connection import (
    BadFrame as BadFrame,
    ConnectionEnded as ConnectionEnded,
    Disconnected as Disconnected,
    HeartbeatTimeout as HeartbeatTimeout,
    Reconnect as Reconnect,
    SlowConsumer as SlowConsumer,
)
from hub.errors.door import (
    ConnectionLimit as ConnectionLimit,
    Forbidden as Forbidden,
    ForeignHost as ForeignHost,
    ForeignOrigin as ForeignOrigin,
    HeadTooLarge as HeadTooLarge,
    ProxiedInOpenMode as ProxiedInOpenMode,
    RateLimited as RateLimited,
    TooManyConnections as TooManyConnections,
)
from hub.errors.identity import (
    TokenExpired as TokenExpired,
    TokenRevoked as TokenRevoked,
    Unauthenticated as Unauthenticated,
)
from hub.errors.missing import (
    ArtifactNotFound as ArtifactNotFound,
    ChannelNotFound as ChannelNotFound,
    ConnectionNotFound as ConnectionNotFound,
    DeliveryNotFound as DeliveryNotFound,
    EventNotFound as EventNotFound,
    JobNotFound as JobNotFound,
    NotFound as NotFound,
    ReplayNotFound as ReplayNotFound,
    RevocationNotFound as RevocationNotFound,
    TokenNotFound as TokenNotFound,
    WebhookNotFound as WebhookNotFound,
)
from hub.errors.webhooks import (
    WebhookKeyRefused as WebhookKeyRefused,
    WebhookUrlRefused as WebhookUrlRefused,
)


class InvalidRequest(HubError):
    """The caller sent something we cannot read."""

    code, status = "invalid_request", 400


class MalformedBody(InvalidRequest):
    """The body is not one JSON value in UTF-8 of sane depth."""

    code = "malformed_body"


class InvalidFields(InvalidRequest):
    """The body is JSON, but not of the documented shape."""

    code, status = "validation_failed", 422

    def __init__(self, fields: Sequence[FieldError]) -> None:
        self.fields = tuple(fields[:MAX_FAULTS])
        told = [f"{f.field}: expected {f.expected}, got {f.got}" for f in self.fields]
        more = ["and more"] if len(fields) > MAX_FAULTS else []
        super().__init__("; ".join(told + more))


class UnknownStatus(InvalidFields):
    """A status word that does not exist (seed 0)."""

    code = "E_INVALID_STATUS"


class BodyTooLarge(InvalidRequest):
    """The body is over the limit."""

    code, status = "body_too_large", 413


class RangeNotSatisfiable(InvalidRequest):
    """The Range header asks for bytes that the content, `size` long, does not have."""

    code, status = "range_not_satisfiable", 416

    def __init__(self, message: str, *, size: int) -> None:
        self.size = size
        super().__init__(message)


class UnsupportedMediaType(InvalidRequest):
    """A JSON route was sent something else."""

    code, status = "unsupported_media_type", 415


class IdempotencyKeyReused(InvalidRequest):
    """The Idempotency-Key was already used with another body."""

    code, status = "idempotency_key_reused", 422


class InvalidCommand(InvalidRequest):
    """A WebSocket frame that is no command we know."""

    code = "invalid_command"


class ReservedChannel(Forbidden):
    """Built-in channels are written by their own routes only."""

    code = "reserved_channel"
    close_code = None


class MethodNotAllowed(HubError):
    """The address exists, but not for this method; `allowed` names those it has."""

    code, status = "method_not_allowed", 405

    def __init__(self, message: str, *, allowed: Sequence[str] = ()) -> None:
        self.allowed = tuple(allowed)
        super().__init__(message)


class UpgradeRequired(HubError):
    """A plain HTTP request came to a WebSocket address."""

    code, status = "upgrade_required", 426


class Conflict(HubError):
    """The request is fine, the state of the resource is not."""

    code, status = "conflict", 409


class IllegalTransition(Conflict):
    """The job cannot move to that status; `legal_next` says where it can."""

    code = "E_INVALID_STATUS"

    def __init__(self, message: str, *, legal_next: Sequence[str]) -> None:
        self.legal_next = tuple(legal_next)
        super().__init__(message)


class InputNotExpected(Conflict):
    """The job does not wait for input."""

    code = "input_not_expected"


class TooManyWebhooks(Conflict):
    """As many endpoints or callbacks are there as may be."""

    code = "too_many_webhooks"


class LoopDetected(HubError):
    """A hub has sent this: answered, it might come back as an event, and again, for ever."""

    code, status = "loop_detected", 508


class Unavailable(HubError):
    """Not now; retrying may help."""

    code, status = "unavailable", 503
    retryable, retry_after_s = True, 1


class Overloaded(Unavailable):
    """More updates wait for the disk than we may hold."""

    code = "overloaded"


class LogUnavailable(Unavailable):
    """The log cannot be written; nothing of the request was kept."""

    code, retry_after_s = "log_unavailable", 2


class LogWentBack(Unavailable):
    """The log is older than what this node has seen of it: its clients would miss events."""

    code, retry_after_s = "log_went_back", 60


class OutcomeUnknown(Unavailable):
    """The disk failed at the commit itself; a retry with the same Idempotency-Key settles it."""

    code, retry_after_s = "outcome_unknown", 2


class Draining(Unavailable):
    """This node is going away; another one, or its next start, will answer."""

    code, close_code = "draining", 4412


class NodesSilent(Unavailable):
    """Other nodes of the hub did not answer in time, and what is asked may be theirs to know."""

    code = "nodes_silent"


class Misconfigured(HubError):
    """The hub cannot start like this; the text names cause and remedy in one line."""

    code = "misconfigured"
