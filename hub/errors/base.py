"""What every error has: the word that clients branch on, its status, and when to come back."""

from typing import ClassVar, NamedTuple

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
        retry_after_s: How long to wait before that, when we know.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    close_code: ClassVar[int | None] = None
    retryable: ClassVar[bool] = False
    retry_after_s: ClassVar[int | None] = None

    @property
    def detail(self) -> str:
        """What was expected and what came, in one sentence."""
        return str(self)
