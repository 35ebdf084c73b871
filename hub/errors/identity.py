"""Errors of identity: who does not say who it is, or says it with what is not valid any more."""

from typing import ClassVar

from hub.errors.base import HubError


class Unauthenticated(HubError):
    """No credential came, or one that nobody may come in with (seed 0's word)."""

    code, status = "E_AUTHENTICATION_FAILED", 401
    close_code: ClassVar[int | None] = 4501


class TokenRevoked(Unauthenticated):
    """Somebody has taken the credential back."""

    code = "token_revoked"


class TokenExpired(Unauthenticated):
    """The credential was good until a moment ago; with a new one the client may come back."""

    code = "token_expired"
    close_code: ClassVar[int | None] = 4401
    retryable = True
