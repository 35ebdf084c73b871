"""Errors of the door: who may not come in, and who may not come in now."""

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
