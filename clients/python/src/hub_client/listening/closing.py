"""What the end of a connection means: come back, or not.

4000-4499 come back, 4500-4999 do not; of the RFC's codes those that blame the
client's frames (1002, 1003, 1007-1010) do not. A refused upgrade comes back
after 408, 425, 429 and 5xx.
"""

from typing import Any

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hub_client.calls.answer import Answer, refusal
from hub_client.errors import AuthenticationFailed, HubError, RequestRefused
from hub_client.listening.frames import Refusal

ABNORMAL = 1006
NAMES = {
    1000: "closed",
    1001: "going_away",
    1002: "protocol_error",
    1003: "unsupported_data",
    1006: "network_error",
    1007: "invalid_data",
    1008: "policy_violation",
    1009: "message_too_big",
    1011: "internal_error",
    1012: "service_restart",
    1013: "try_again_later",
    4401: "token_expired",
    4408: "slow_consumer",
    4410: "heartbeat_timeout",
    4412: "draining",
    4414: "reconnect",
    4429: "rate_limited",
    4500: "bad_frame",
    4501: "unauthenticated",
    4503: "forbidden",
    4508: "connection_limit",
    4509: "disconnected",
}
FINAL_RFC = frozenset({1002, 1003, 1007, 1008, 1009, 1010})
FINAL_HUB = range(4500, 5000)
UNAUTHORIZED = frozenset({4501, 4503})
UNAUTHORIZED_WORDS = frozenset({"unauthenticated", "forbidden"})


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no connection.

    Attributes:
        error: What to raise, if it is final.
        final: Do not come back.
        retry_after_s: Seconds the hub asked to wait; None: back off.
    """

    code: int | None
    reason: str
    error: HubError
    final: bool = False
    retry_after_s: float | None = None


def closed(code: int, text: str) -> Loss:
    """Return what a close frame means; `text` may be JSON with `retry_after_ms`."""
    said = _reason(text)
    word = said.get("code") or said.get("reason") or NAMES.get(code) or text or f"close_{code}"
    reason = word if isinstance(word, str) else NAMES.get(code, f"close_{code}")
    kind = AuthenticationFailed if code in UNAUTHORIZED else RequestRefused
    final = code in FINAL_RFC or code in FINAL_HUB
    text = reason if said else text or reason
    error = kind(
        f"closed with {code}: {said.get('message') or text}",
        code=reason if kind is RequestRefused else None,
        retryable=not final,
        help_url=_page(said, reason),
        status=code,
        problem=said,
    )
    return Loss(
        code=code,
        reason=reason,
        error=error,
        final=final,
        retry_after_s=_seconds(said.get("retry_after_ms")),
    )


def _page(said: dict[str, Any], reason: str) -> str:
    """Return the page that helps: the hub's word for it, or all of them where it has none."""
    page = said.get("help")
    if isinstance(page, str):
        return page
    known = said.get("code") == reason or reason in NAMES.values()
    return f"docs/errors/{reason}" if known else "docs/errors"


def lost(error: Exception, wall: float) -> Loss:
    """Return what an exception of `websockets` means, while connecting or later."""
    if isinstance(error, ConnectionClosed):
        return _closed_by(error)
    if isinstance(error, InvalidStatus):
        response = error.response
        answer = Answer(response.status_code, response.headers, bytes(response.body or b""))
        return _refused(answer, wall)
    return broken("timeout" if isinstance(error, TimeoutError) else "network_error", str(error))


def command_refused(reply: Refusal) -> Loss:
    """Return what a refused subscribe means: final, unless the hub says when to come back."""
    details = reply.details
    wait_s = _seconds(details.retry_after_ms)
    kind = AuthenticationFailed if details.code in UNAUTHORIZED_WORDS else RequestRefused
    error = kind(
        details.message or reply.error,
        code=details.code if kind is RequestRefused else None,
        retryable=wait_s is not None,
        help_url=details.help,
    )
    final = wait_s is None
    return Loss(code=None, reason=details.code, error=error, final=final, retry_after_s=wait_s)


def broken(reason: str, text: str = "") -> Loss:
    """Return a loss that no close frame explains."""
    error = RequestRefused(f"{reason}: {text}" if text else reason, code=reason, retryable=True)
    return Loss(code=ABNORMAL, reason=reason, error=error)


def _closed_by(error: ConnectionClosed) -> Loss:
    if error.rcvd is not None:
        return closed(error.rcvd.code, error.rcvd.reason)
    if error.sent is not None and error.sent.code in FINAL_RFC:
        # We closed it, over a frame that would only come again.
        return closed(error.sent.code, error.sent.reason)
    return broken("network_error", str(error))


def _refused(answer: Answer, wall: float) -> Loss:
    error = refusal(answer, on_job=False, wall=wall)
    word = error.problem.get("code")
    return Loss(
        code=answer.status,
        reason=word if isinstance(word, str) else f"http_{answer.status}",
        error=error,
        final=not error.retryable and answer.status < 500,  # noqa: PLR2004 - a server error passes
        retry_after_s=error.retry_after_s,
    )


def _reason(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}


def _seconds(milliseconds: object) -> float | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    return max(0.0, milliseconds / 1000)
