"""What came to the hub's own receiver of webhooks, and what every store of it promises."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class ReceivedRequest(NamedTuple):
    """What came to the hub's own receiver.

    Attributes:
        headers: As JSON, without credentials.
        verdict: Whether its signature was good, one line.
    """

    id: str
    client_id: str
    at_us: int
    headers: str
    body: bytes
    verdict: str


class Received(Protocol):
    """What came to the hub's own receiver; bounded a client, and in clients."""

    async def keep(self, request: ReceivedRequest, most: int, most_clients: int) -> bool:
        """Keep one, and of its client the newest `most`; False: there are too many clients."""
        ...

    async def received(self, client_id: str, limit: int) -> Sequence[ReceivedRequest]:
        """Return what came for a client, newest first."""
        ...

    async def forget_received(self, before_us: int) -> int:
        """Forget what is older than a time; return how many."""
        ...
