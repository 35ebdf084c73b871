"""What an answer, or the lack of one, means."""

import contextlib
import email.utils
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from hub_client.errors import (
    SEED_ERRORS,
    AuthenticationFailed,
    HubError,
    JobNotFound,
    NetworkError,
    RequestRefused,
    SerializationError,
    TimedOut,
    WebhookFailed,
)

RETRYABLE = frozenset({408, 425, 429})
NEVER_RETRIED = frozenset({501})


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer. `headers` finds names in any case; `body` is complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def accepted(self) -> bool:
        """Whether the hub did what was asked."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110's word for success

    def value(self) -> Any:
        """Return the JSON that was sent, an empty dict for an empty body.

        Raises:
            SerializationError: The body is not JSON.
        """
        if not self.body:
            return {}
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
            raise SerializationError(
                f"expected JSON, got {self.body[:80]!r}", status=self.status
            ) from bad

    def problem(self) -> dict[str, Any]:
        """Return the RFC 9457 body; empty when it is something else, a proxy's page say."""
        with contextlib.suppress(SerializationError):
            value = self.value()
            if isinstance(value, dict):
                return value
        return {}

    def retry_after_s(self, wall: float) -> float | None:
        """Return the seconds that Retry-After asks for; `wall` is now, since 1970."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            when = email.utils.parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, when.timestamp() - wall)


def refusal(answer: Answer, *, on_job: bool, wall: float) -> HubError:
    """Return the error that an answer outside 200-299 stands for."""
    problem = answer.problem()
    code = problem.get("code")
    kind = _kind(answer.status, code, on_job=on_job)
    own = code if isinstance(code, str) and code else f"http_{answer.status}"
    return kind(
        _text(answer.status, problem),
        code=own if kind is RequestRefused else None,
        retryable=_retryable(answer.status),
        help_url=_help(problem),
        status=answer.status,
        problem=problem,
        retry_after_s=answer.retry_after_s(wall),
    )


def answer_says_no(error: HubError) -> bool:
    """Say whether nothing was done; without an answer, or after 5xx, nobody knows."""
    return error.status is not None and error.status < 500  # noqa: PLR2004


def unreachable(error: Exception) -> HubError:
    """Return the error for a try that brought no answer."""
    text = str(error) or type(error).__name__
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return TimedOut(f"no answer in time: {text}")
    if isinstance(error, httpx.DecodingError):
        return SerializationError(f"the answer could not be unpacked: {text}")
    return NetworkError(f"no connection to the hub: {text}")


def _kind(status: int, code: object, *, on_job: bool) -> type[HubError]:
    if status >= 500:  # noqa: PLR2004 - RFC 9110's server errors
        return WebhookFailed
    if isinstance(code, str) and code in SEED_ERRORS:
        return SEED_ERRORS[code]
    by_status: dict[int, type[HubError]] = {
        401: AuthenticationFailed,
        403: AuthenticationFailed,
        404: JobNotFound if on_job else RequestRefused,
        408: TimedOut,
    }
    return by_status.get(status, RequestRefused)


def _retryable(status: int) -> bool:
    return status in RETRYABLE or (status >= 500 and status not in NEVER_RETRIED)  # noqa: PLR2004


def _text(status: int, problem: Mapping[str, Any]) -> str:
    said = problem.get("detail") or problem.get("title") or "no reason given"
    return f"HTTP {status}: {said}"


def _help(problem: Mapping[str, Any]) -> str | None:
    page = problem.get("type")
    return page if isinstance(page, str) and page.startswith(("http://", "https://", "/")) else None
