"""Errors of the door: who may not come in, and who or what may not come in now."""

from typing import ClassVar

from hub.errors.base import HubError


class Forbidden(HubError):
    """We know what is asked, and will not do it for this caller."""

    code, status = "forbidden", 403
    close_code: ClassVar[int | None] = 4503


class ForeignHost(Forbidden):
    """Open mode answers only to this machine's own names (DNS rebinding, CWE-350)."""

    code = "foreign_host"


class ForeignOrigin(Forbidden):
    """A page of another origin asks (cross-site WebSocket hijacking, CWE-1385)."""

    code = "foreign_origin"


class ProxiedInOpenMode(Forbidden):
    """A proxy in front of an open hub would open it to the world."""

    code = "proxied_in_open_mode"


class RateLimited(HubError):
    """More comes than this hub takes at a time, and nothing of it was done; later there is room."""

    code, status = "rate_limited", 429
    close_code: ClassVar[int | None] = 4429
    retryable = True
    retry_after_s = 1


class TooManyConnections(RateLimited):
    """As many connections are open as may be, in all or from this address."""

    code, retry_after_s = "too_many_connections", 5


class ConnectionLimit(HubError):
    """The principal has as many connections open as it may; one more would be refused again."""

    code, status = "connection_limit", 429
    close_code: ClassVar[int | None] = 4508
    retry_after_s = 30


class HeadTooLarge(HubError):
    """The head of a request, its address and headers, is over the limit."""

    code, status = "head_too_large", 431
