"""Behind: how much of the log the dispatcher still has to read, and retention must leave to it."""

from collections.abc import Mapping

from hub.model.endpoint import Registry
from hub.model.unit import Head
from hub.stores.webhooks import Webhooks


class Behind:
    """Tells retention what to leave.

    Args:
        store: Where the cursors are.
        max_behind: Events of a channel that are left at most: what is older goes all the same.

    Attributes:
        events: Of the channel that is farthest behind, when it was asked last.
    """

    def __init__(self, store: Webhooks, max_behind: int) -> None:
        self.events = 0
        self._store = store
        self._max_behind = max_behind
        self._registry: Registry | None = None

    async def needed(self, heads: Mapping[str, Head]) -> Mapping[str, int]:
        """Return by channel the offset from which on events must stay; none without endpoints."""
        self._registry = await self._store.registry(self._registry)
        if not self._registry.endpoints:
            self.events = 0
            return {}
        cursors = await self._store.cursors()
        behind = {
            name: head.offset - cursors.get(name, 0)
            for name, head in heads.items()
            if head.is_durable
        }
        self.events = max(0, *behind.values()) if behind else 0
        return {
            name: max(heads[name].offset - events, heads[name].offset - self._max_behind) + 1
            for name, events in behind.items()
        }
