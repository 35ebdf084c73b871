"""The outbox: what waits to be announced, bounded in bytes.

Announcing never delays who commits: what does not fit is dropped and counted, and the other nodes
find it in the log. Beside the queue stand words of which only the newest counts, one a speaker:
they take no room in it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

MAX_BYTES = 8 * 1024 * 1024
# Messages that go in one write.
_AT_ONCE = 128

Message = tuple[str, bytes]


class Outbox:
    """A queue of messages, each with the name of its channel.

    Attributes:
        dropped: News that were given and never said, since the start.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.dropped = 0
        self._max_bytes = max_bytes
        self._waiting: deque[Message] = deque()
        self._bytes = 0
        self._newest: dict[tuple[str, str], bytes] = {}
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._filled = asyncio.Event()

    def put(self, channel: str, message: bytes) -> None:
        """Let a message wait, or drop it where too much waits already."""
        if self._bytes + len(message) > self._max_bytes:
            self.dropped += 1
            return
        self._waiting.append((channel, message))
        self._bytes += len(message)
        self._fill()

    def renew(self, channel: str, speaker: str, message: bytes) -> None:
        """Let a speaker's message wait in the place of its last one, if that still does."""
        self._newest[channel, speaker] = message
        self._fill()

    async def take(self) -> Sequence[Message]:
        """Wait for messages and return the next ones, in order.

        Who takes again has said what it took before.
        """
        if not self._filled.is_set():
            self._emptied.set()
        await self._filled.wait()
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
        self._bytes -= sum(len(message) for _, message in taken)
        taken += [(channel, message) for (channel, _), message in self._newest.items()]
        self._newest.clear()
        if not self._waiting:
            self._filled.clear()
        return taken

    async def emptied(self) -> None:
        """Wait until everything was taken and said."""
        await self._emptied.wait()

    def _fill(self) -> None:
        self._filled.set()
        self._emptied.clear()
