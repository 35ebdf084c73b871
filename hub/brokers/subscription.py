"""The subscription: one node's ear on the nodes of one log, through Redis pub/sub.

Pub/sub says nothing when it has stopped to work: after a failover a connection may live on and
never bring a message again. So the node says a word to itself, on the way that its news take, and
a subscription on which that word does not come back is made anew.
"""

import asyncio
import random
import secrets
from typing import Any

from hub.brokers import wire
from hub.brokers.base import Listener
from hub.brokers.link import Link
from hub.brokers.outbox import Outbox
from hub.telemetry.logging import logger

PROBE_S = 0.5
# Without a probe for so long the way is taken for broken.
SILENCE_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


def news_channel(log_id: str) -> str:
    """Return the name under which the nodes of a log tell of commits."""
    return f"hub:{{{log_id}}}:news"


def presence_channel(log_id: str) -> str:
    """Return the name under which the nodes of a log tell of themselves."""
    return f"hub:{{{log_id}}}:presence"


class Subscription:
    """Hears for a listener, for ever.

    Args:
        link: To Redis.
        outbox: Where the probes go, behind the news.
        log_id: Whose news and nodes.
        listener: Gets them.

    Attributes:
        reaches: A probe came back lately.
        ready: Set by the first probe that comes back.
    """

    def __init__(self, link: Link, outbox: Outbox, log_id: str, listener: Listener) -> None:
        self.reaches = False
        self.ready = asyncio.Event()
        self._log = logger("broker")
        self._link = link
        self._outbox = outbox
        self._listener = listener
        self._news = news_channel(log_id)
        self._presence = presence_channel(log_id)
        self._own = f"hub:{{{log_id}}}:probe:{secrets.token_hex(8)}"

    async def run(self) -> None:
        """Subscribe, hear, and begin anew when the way breaks."""
        prober = asyncio.create_task(self._probe(), name="broker-probe")
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                failure = await self._hear()
                pause_s = _FIRST_PAUSE_S if self.reaches else min(2 * pause_s, _LONGEST_PAUSE_S)
                self._lost(failure)
                # Spread: all nodes lose Redis in the same moment.
                await asyncio.sleep(random.uniform(0.5, 1) * pause_s)  # noqa: S311 no secret
        finally:
            prober.cancel()

    async def _hear(self) -> Exception:
        """Hear until the way breaks; return why it did."""
        try:
            async with asyncio.timeout(SILENCE_S) as patience:
                async with self._link.listen(self._news, self._presence, self._own) as pubsub:
                    async for message in pubsub.listen():
                        self._take(message, patience)
        except TimeoutError:
            return TimeoutError(f"no probe came back for {SILENCE_S:.0f} s")
        # redis-py also lets a TypeError or AttributeError out when the peer closes (its #4287).
        except Exception as failure:  # noqa: BLE001 logged by `_lost`
            return failure
        return ConnectionError("the subscription ended")

    def _take(self, message: dict[str, Any], patience: asyncio.Timeout) -> None:
        channel, data = message["channel"].decode(), message["data"]
        if channel == self._own:
            patience.reschedule(asyncio.get_running_loop().time() + SILENCE_S)
            self._found()
        elif channel == self._presence:
            self._meet(data)
        else:
            self._hear_news(data)

    def _hear_news(self, data: bytes) -> None:
        news = wire.decode(data)
        if news is None:
            self._log.warning("news that nobody can read", size=len(data))
        else:
            self._listener.hear(news)

    def _meet(self, data: bytes) -> None:
        presence = wire.decode_presence(data)
        if presence is None:
            self._log.warning("a node's word that nobody can read", size=len(data))
        else:
            self._listener.meet(presence)

    def _found(self) -> None:
        if self.reaches:
            return
        self.reaches = True
        self.ready.set()
        self._log.info("the broker is there", dropped=self._outbox.dropped)
        self._listener.resumed()

    def _lost(self, failure: Exception) -> None:
        if self.reaches:
            self._log.warning(
                "the broker is away: events reach other nodes through the log",
                reason=f"{type(failure).__name__}: {failure}",
            )
        self.reaches = False

    async def _probe(self) -> None:
        while True:
            self._outbox.put(self._own, b"")
            await asyncio.sleep(PROBE_S)
