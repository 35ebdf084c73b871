"""The public keys of endpoints, for whoever wants to know that a webhook is the hub's."""

import msgspec

from hub.clock import SECOND_US, Clock
from hub.stores.webhooks import Endpoints
from hub.webhooks.signing import key_document

# Anybody may ask: ten thousand endpoints are not gone through each time.
REST_US = 1 * SECOND_US


class PublishedKeys:
    """Tells the Ed25519 keys that sign now.

    Args:
        store: Where endpoints are.
        clock: The wall time.
    """

    def __init__(self, store: Endpoints, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._document = b""
        self._at_us = 0

    async def document(self) -> bytes:
        """Return a JWK Set, at most a second old."""
        now_us = self._clock.now_us()
        if not self._document or not 0 <= now_us - self._at_us < REST_US:
            # Before it is read: those who ask meanwhile get what there is.
            self._at_us = now_us
            registry = await self._store.registry()
            keys = (key for endpoint in registry.endpoints for key in endpoint.keys)
            self._document = msgspec.json.encode(key_document(keys, now_us))
        return self._document
