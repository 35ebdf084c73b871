"""The subscription: one node's ear on the nodes of one log, through Redis pub/sub.

It hears of the channels that this node has asked for, and of no others.

Pub/sub says nothing when it has stopped to work: after a failover a connection may live on and
never bring a message again. So the node says a word to itself, on the way that its news take, and
a subscription on which that word does not come back is made anew.
"""

import asyncio
import contextlib
import random
import secrets
import time
from typing import Any

from redis.exceptions import RedisError

from hub.brokers import wire
from hub.brokers.base import Listener
from hub.brokers.link import Ear, Link
from hub.brokers.outbox import Message, Outbox
from hub.telemetry.logging import logger

PROBE_S = 0.5
# Without a probe for so long the way is taken for broken.
SILENCE_S = 2.0
# What redis-py calls them; the rest are answers to subscribing.
_MESSAGES = frozenset({"message", "smessage"})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0


def news_channel(log_id: str, channel: str) -> str:
    """Return the name under which the nodes of a log tell of commits in a channel."""
    return f"hub:{{{log_id}}}:news:{channel}"


def is_news(message: Message) -> bool:
    """Say whether a message tells of a commit."""
    return ":news:" in message[0]


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
        log_id: Whose.
        reaches: A probe came back lately.
        round_trip_s: How long the last one that did took.
        ready: Set by the first probe that comes back.
    """

    def __init__(self, link: Link, outbox: Outbox, log_id: str, listener: Listener) -> None:
        self.log_id = log_id
        self.reaches = False
        self.round_trip_s = 0.0
        self.ready = asyncio.Event()
        self._log = logger("broker")
        self._link = link
        self._outbox = outbox
        self._listener = listener
        self._presence = presence_channel(log_id)
        self._own = f"hub:{{{log_id}}}:probe:{secrets.token_hex(8)}"
        self._names = {self._presence, self._own}
        self._changed = asyncio.Event()

    def follow(self, channel: str) -> None:
        """Hear the news of a channel."""
        self._names.add(news_channel(self.log_id, channel))
        self._changed.set()

    def leave(self, channel: str) -> None:
        """Hear no more of a channel."""
        self._names.discard(news_channel(self.log_id, channel))
        self._changed.set()

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
                heard = set(self._names)
                async with self._link.listen(*heard) as ear:
                    changing = asyncio.create_task(self._change(ear, heard))
                    try:
                        async for message in ear.messages():
                            self._take(message, patience)
                    finally:
                        changing.cancel()
        except TimeoutError:
            return TimeoutError(f"no probe came back for {SILENCE_S:.0f} s")
        # redis-py also lets a TypeError or AttributeError out when the peer closes (its #4287).
        except Exception as failure:  # noqa: BLE001 logged by `_lost`
            return failure
        return ConnectionError("the subscription ended")

    async def _change(self, ear: Ear, heard: set[str]) -> None:
        """Follow and leave, on a way that is open, what this node begins and ends to ask for."""
        # A way that is broken is found so by who hears; it begins anew with all names.
        with contextlib.suppress(RedisError, OSError):
            while True:
                await self._changed.wait()
                self._changed.clear()
                begun, ended = self._names - heard, heard - self._names
                heard.update(begun)
                heard -= ended
                await ear.leave(*ended)
                await ear.follow(*begun)

    def _take(self, message: dict[str, Any], patience: asyncio.Timeout) -> None:
        channel, data = message["channel"].decode(), message["data"]
        if message["type"] not in _MESSAGES:
            self._confirm(message["type"])
        elif channel == self._own:
            patience.reschedule(asyncio.get_running_loop().time() + SILENCE_S)
            # The loop's own clock stands still during a tick, and uvloop's counts milliseconds.
            now_s = time.monotonic()
            self.round_trip_s = max(0.0, now_s - _said_at(data, now_s))
            self._found()
        elif channel == self._presence:
            self._meet(data)
        else:
            self._hear_news(data)

    def _confirm(self, kind: str) -> None:
        """A channel is followed now; of those that the way began with, the first probe tells."""
        if kind.endswith("unsubscribe") or not self.reaches:
            return
        self._listener.resumed()

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
            self._outbox.put(self._own, repr(time.monotonic()).encode())
            await asyncio.sleep(PROBE_S)


def _said_at(probe: bytes, now_s: float) -> float:
    """Return when a probe was said; now, where somebody else has said it."""
    try:
        return float(probe)
    except ValueError:
        return now_s
