"""What every error has: the word that clients branch on, its status, and when to come back."""

from typing import ClassVar, NamedTuple

import msgspec

MAX_FAULTS = 20  # a refusal must not grow with the body that it refuses


class FieldError(NamedTuple):
    """One wrong field: where it is (`$.progress.percentage`), what was expected, what came."""

    field: str
    expected: str
    got: str


class HubError(Exception):
    """Base of every error that we report to a caller.

    Attributes:
        code: The word that clients branch on; it has a page under `/docs/errors/`.
        status: HTTP status.
        close_code: WebSocket close code when the connection must end, else None.
        retryable: Whether the same request may succeed later.
        retry_after_s: How long to wait before that, in whole seconds, when we know.
        retry_after_ms: The same, finer, where each client is told its own.

    Args:
        message: What was expected and what came.
        retry_after_ms: For this caller; else what is said to all.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    close_code: ClassVar[int | None] = None
    retryable: ClassVar[bool] = False
    retry_after_s: int | None = None
    retry_after_ms: int | None = None

    def __init__(self, message: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        if retry_after_ms is not None:
            self.retry_after_ms = retry_after_ms
            self.retry_after_s = -(-retry_after_ms // 1000)

    @property
    def detail(self) -> str:
        """What was expected and what came, in one sentence."""
        return str(self)

    @property
    def reason(self) -> str:
        """The text of a close frame: JSON, at most 123 bytes (RFC 6455, 5.5)."""
        said: dict[str, str | int] = {"code": self.code}
        if self.retry_after_ms is not None:
            said["retry_after_ms"] = self.retry_after_ms
        return msgspec.json.encode(said).decode()
