"""Pauses: an endpoint is sent nothing for a while, and then goes on; as functions of values."""

from typing import Literal, NamedTuple

from msgspec.structs import replace

from hub.errors import Conflict
from hub.model.endpoint import Clearing, Endpoint, Health
from hub.model.principal import ANONYMOUS, Principal
from hub.webhooks.circuit import succeeded
from hub.webhooks.settling import MADE
from hub.webhooks.unclaimed import is_unclaimed

# What becomes of what was held, once an endpoint goes on.
HeldPolicy = Literal["send", "leave", "discard"]


class Wish(NamedTuple):
    """What whoever resumes an endpoint wants.

    Attributes:
        held: What becomes of what is held; None: as it is at one that is active, else it is sent.
        newest: The `seq` of its newest delivery: up to this one is discarded.
        adopter: Becomes its owner, where nobody is; None: it is to stay whose it is.
    """

    held: HeldPolicy | None = None
    newest: int = 0
    adopter: Principal | None = None


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


def resumed(endpoint: Endpoint, health: Health, wish: Wish, now_us: int) -> tuple[Endpoint, Health]:
    """Return an endpoint that goes on, with a clean slate.

    Raises:
        Conflict: It is a callback that was made, or somebody's already.
    """
    if endpoint.callback is not None and endpoint.why == MADE:
        raise Conflict("expected a webhook that has something to get, got a callback that was made")
    if wish.adopter is not None:
        endpoint = _adopted(endpoint, wish.adopter)
    elif endpoint.state == "active" and wish.held is None:
        return endpoint, health
    clearing = Clearing(wish.newest if wish.held == "discard" else 0)
    if endpoint.state != "active":
        health = succeeded(health)
    on = replace(
        endpoint,
        state="active",
        why="",
        clearing=None if wish.held == "leave" else clearing,
        updated_at_us=now_us,
    )
    return on, health


def check_claim(principal: Principal, endpoint: Endpoint) -> None:
    """Refuse to have an endpoint go on that nobody answers for.

    Raises:
        Conflict: It was made with AUTH=off, and this principal is somebody.
    """
    if is_unclaimed(endpoint) and principal != ANONYMOUS:
        raise Conflict(
            "expected `adopt` for a webhook that was made with AUTH=off: it becomes yours, and "
            "gets what you may read"
        )


def _adopted(endpoint: Endpoint, principal: Principal) -> Endpoint:
    if not is_unclaimed(endpoint):
        raise Conflict(
            "expected a webhook of nobody, made with AUTH=off, to be adopted, got one of "
            f"{endpoint.owner[:80]}"
        )
    return replace(endpoint, reader=principal._replace(expires_us=None))
