"""Rewrapping: every secret of every endpoint, sealed by the newest key."""

from collections.abc import AsyncIterator
from typing import NamedTuple

from hub.model.endpoint import Endpoint, Health
from hub.stores.webhooks import Endpoints
from hub.webhooks.envelope import CannotOpen, Ring

PAGE = 100


class Found(NamedTuple):
    """What there was, and what was done about it; `lost` are ids."""

    endpoints: int
    rewrapped: int
    lost: list[str]


async def rewrap_all(store: Endpoints, ring: Ring) -> Found:
    """Seal by the ring's newest key what another one has sealed; one endpoint a transaction.

    Raises:
        LogUnavailable, OutcomeUnknown: What was rewrapped until then stays so.
    """

    def decide(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
        return ring.rewrap_endpoint(endpoint), health

    seen, rewrapped, lost = 0, 0, list[str]()
    async for endpoint in _all(store):
        seen += 1
        try:
            if ring.rewrap_endpoint(endpoint) is endpoint:
                continue
            # What stands there now is decided of, not what was read: somebody may rotate meanwhile.
            await store.change_endpoint(endpoint.id, decide)
            rewrapped += 1
        except CannotOpen:
            lost.append(endpoint.id)
    return Found(seen, rewrapped, lost)


async def _all(store: Endpoints) -> AsyncIterator[Endpoint]:
    """Yield every endpoint, and every callback that may still fire."""
    before = None
    while page := await store.endpoints(PAGE, before):
        for endpoint, _ in page:
            yield endpoint
        before = (page[-1][0].created_at_us, page[-1][0].id)
    for endpoint in (await store.registry()).endpoints:
        if endpoint.callback is not None:
            yield endpoint
