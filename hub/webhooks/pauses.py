"""Pauses: an endpoint is sent nothing for a while, and then goes on; as functions of values."""

from typing import Literal

from msgspec.structs import replace

from hub.errors import Conflict
from hub.model.endpoint import Clearing, Endpoint, Health
from hub.model.principal import Principal
from hub.webhooks.circuit import succeeded
from hub.webhooks.settling import MADE

# What becomes of what was held, once an endpoint goes on.
HeldPolicy = Literal["send", "leave", "discard"]


def paused(endpoint: Endpoint, principal: Principal, reason: str, now_us: int) -> Endpoint:
    """Return an endpoint that is sent nothing.

    Raises:
        Conflict: It is disabled, and holds already.
    """
    if endpoint.state == "disabled":
        why = endpoint.why or "nobody knows why"
        raise Conflict(f"expected a webhook that is sent to, got a disabled one: {why}")
    if endpoint.state == "paused" and not reason:
        return endpoint
    why = reason or f"paused by {principal.name[:80]}"
    return replace(endpoint, state="paused", why=why, updated_at_us=now_us)


def resumed(
    endpoint: Endpoint, health: Health, held: HeldPolicy | None, newest: int, now_us: int
) -> tuple[Endpoint, Health]:
    """Return an endpoint that goes on, with a clean slate.

    Args:
        endpoint: Which one.
        health: Its health.
        held: What becomes of what is held; None: as it is at one that is active, else it is sent.
        newest: The `seq` of its newest delivery: what is discarded.
        now_us: Now.

    Raises:
        Conflict: It is a callback that was made.
    """
    if endpoint.callback is not None and endpoint.why == MADE:
        raise Conflict("expected a webhook that has something to get, got a callback that was made")
    if endpoint.state == "active" and held is None:
        return endpoint, health
    clearing = None if held == "leave" else Clearing(newest if held == "discard" else 0)
    if endpoint.state != "active":
        health = succeeded(health)
    on = replace(endpoint, state="active", why="", clearing=clearing, updated_at_us=now_us)
    return on, health
