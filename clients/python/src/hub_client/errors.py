"""Every failure the hub or the way to it can report.

* `HubError`
    * `JobNotFound`           E_JOB_NOT_FOUND: no such job
    * `WebhookFailed`         E_WEBHOOK_FAILED: the hub answered 5xx; retryable, except 501
    * `InvalidStatus`         E_INVALID_STATUS: the job cannot move to that status
    * `NetworkError`          E_NETWORK_ERROR: no connection, or it was lost; retryable
    * `TimedOut`              E_TIMEOUT: no answer in time; retryable
    * `AuthenticationFailed`  E_AUTHENTICATION_FAILED: not known, or not allowed; never retried
    * `SerializationError`    E_SERIALIZATION_ERROR: could not be written as JSON, or read
    * `RequestRefused`        any other refusal, under the hub's own code
    * `HistoryGap`            history_gap: events after the stored position are gone
    * `WebhookVerificationFailed`  webhook_not_verified: what came is not from the hub

A retryable error is raised only when the tries or the deadline are used up.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin


class HubError(Exception):
    """Base of every error this package raises on purpose.

    Attributes:
        code: The word to branch on; a `code` given here wins over the class's.
        retryable: Whether the same request may succeed later.
        status: The HTTP status or the WebSocket close code, if there was one.
        problem: The hub's RFC 9457 answer, empty if there was none.
        retry_after_s: Seconds the hub asked to wait, if it did.
        base: Address of the hub, where relative help is looked up.
    """

    code: str = "internal"
    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        help_url: str | None = None,
        status: int | None = None,
        problem: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable
        self.status = status
        self.problem = dict(problem or {})
        self.retry_after_s = retry_after_s
        self.base = ""
        self._help_url = help_url

    @property
    def help(self) -> str:
        """Address of the page that says what to do about it."""
        return urljoin(f"{self.base}/", self._help_url or f"docs/errors/{self.code}")


class JobNotFound(HubError):
    """The hub has no job with that id."""

    code = "E_JOB_NOT_FOUND"


class WebhookFailed(HubError):
    """The hub, or what stands in front of it, answered 5xx on every try."""

    code = "E_WEBHOOK_FAILED"
    retryable = True


class InvalidStatus(HubError):
    """The status is no word of the hub, or the job cannot move to it.

    `problem["legal_next"]` names the statuses it can move to.
    """

    code = "E_INVALID_STATUS"


class NetworkError(HubError):
    """The hub could not be reached, or the connection broke."""

    code = "E_NETWORK_ERROR"
    retryable = True


class TimedOut(HubError):
    """No answer came within the timeout, or within the deadline."""

    code = "E_TIMEOUT"
    retryable = True


class AuthenticationFailed(HubError):
    """The token is missing, wrong or expired, or does not allow this."""

    code = "E_AUTHENTICATION_FAILED"


class SerializationError(HubError):
    """A value could not be written as JSON, or an answer could not be read."""

    code = "E_SERIALIZATION_ERROR"


class RequestRefused(HubError):
    """The hub refused for a reason of its own; `code` is the hub's word for it."""

    code = "request_refused"


class HistoryGap(HubError):
    """Events after the position that was last seen are gone for good.

    Attributes:
        channel: Where.
        from_offset: The last offset that was seen.
        to_offset: The offset from which listening can go on (exclusive).
        reason: The hub's word: expired, epoch_changed, or missing.
        position: Give it to `listen(since=…)` to go on behind the gap.
    """

    code = "history_gap"

    def __init__(
        self,
        message: str,
        *,
        channel: str = "",
        from_offset: int = 0,
        to_offset: int = 0,
        reason: str = "missing",
        position: str = "",
    ) -> None:
        super().__init__(message)
        self.channel = channel
        self.from_offset = from_offset
        self.to_offset = to_offset
        self.reason = reason
        self.position = position


class WebhookVerificationFailed(HubError):
    """A webhook that came is not from the hub, not of now, or cannot be read: answer 400 or 401.

    Attributes:
        reason: missing_headers, bad_headers, too_old, too_new, no_match, malformed_body,
            encrypted or undecryptable.
    """

    code = "webhook_not_verified"

    def __init__(self, message: str, *, reason: str = "no_match") -> None:
        super().__init__(message)
        self.reason = reason


SEED_ERRORS: dict[str, type[HubError]] = {
    kind.code: kind
    for kind in (
        JobNotFound,
        WebhookFailed,
        InvalidStatus,
        NetworkError,
        TimedOut,
        AuthenticationFailed,
        SerializationError,
    )
}
