"""The broker on Redis pub/sub: it stores nothing, so nothing can be lost with it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from redis.exceptions import AuthenticationError, RedisClusterException, RedisError

from hub.brokers import wire
from hub.brokers.base import Health, Listener, News, Presence, by_channel
from hub.brokers.link import SAY_WITHIN_S, Link, link_to
from hub.brokers.outbox import Outbox
from hub.brokers.subscription import Subscription, is_news, news_channel, presence_channel
from hub.errors import Misconfigured
from hub.telemetry.logging import logger

# How long a start waits for Redis before it goes on without.
START_WITHIN_S = 2.0


class RedisBroker:
    """Announces and listens through one Redis; see `base.Broker`.

    Args:
        url: One server, Sentinel or a cluster; see `link`.

    Raises:
        Misconfigured: The URL is none that Redis has.
    """

    def __init__(self, url: str) -> None:
        self._log = logger("broker")
        self._link = link_to(url)
        self._outbox = Outbox()
        self._subscriptions: dict[Subscription, asyncio.Task[None]] = {}
        self._followed: set[tuple[str, str]] = set()
        self._saying: asyncio.Task[None] | None = None

    def announce(self, news: News) -> None:
        """Let the news wait for its turn, or drop it where too much waits."""
        for told in by_channel(news):
            name = news_channel(told.log_id, told.events[0].channel)
            self._outbox.put(name, wire.encode(told))

    def greet(self, presence: Presence) -> None:
        """Let the word wait beside the news, in the place of an older one of that node."""
        channel = presence_channel(presence.log_id)
        self._outbox.renew(channel, presence.node, wire.encode(presence))

    async def listen(self, log_id: str, listener: Listener) -> Callable[[], None]:
        """Give the listener the nodes of this log and its followed news.

        Raises:
            Misconfigured: Redis is there and refuses the user or the password.
        """
        silence = await knock(self._link)
        if silence:
            self._log.warning("the broker does not answer", reason=silence)
        if self._saying is None:
            self._saying = asyncio.create_task(self._say_all(), name="broker-outbox")
        subscription = Subscription(self._link, self._outbox, log_id, listener)
        for name, channel in self._followed:
            if name == log_id:
                subscription.follow(channel)
        task = asyncio.create_task(subscription.run(), name="broker-subscription")
        self._subscriptions[subscription] = task
        try:
            async with asyncio.timeout(START_WITHIN_S):
                await subscription.ready.wait()
        except TimeoutError:
            self._log.warning("the broker is not there: events reach other nodes through the log")

        def stop() -> None:
            self._subscriptions.pop(subscription, None)
            task.cancel()

        return stop

    def follow(self, log_id: str, channel: str) -> None:
        """Subscribe to the news of a channel, now or as soon as Redis is there."""
        self._followed.add((log_id, channel))
        for subscription in self._of(log_id):
            subscription.follow(channel)

    def leave(self, log_id: str, channel: str) -> None:
        """Unsubscribe from the news of a channel."""
        self._followed.discard((log_id, channel))
        for subscription in self._of(log_id):
            subscription.leave(channel)

    def health(self) -> Health:
        """Say whether probes come back to every listener of this node."""
        reaches = all(subscription.reaches for subscription in self._subscriptions)
        took_s = max((one.round_trip_s for one in self._subscriptions), default=0.0)
        return Health(reaches=reaches, dropped=self._outbox.dropped, round_trip_s=took_s)

    async def close(self) -> None:
        """Say what still waits, within a second or not at all; stop listening and announcing."""
        tasks = [*self._subscriptions.values()]
        self._subscriptions.clear()
        if self._saying is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SAY_WITHIN_S):
                    await self._outbox.emptied()
            tasks.append(self._saying)
            self._saying = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._link.close()

    def _of(self, log_id: str) -> Sequence[Subscription]:
        return [one for one in self._subscriptions if one.log_id == log_id]

    async def _say_all(self) -> None:
        while True:
            messages = await self._outbox.take()
            try:
                async with asyncio.timeout(SAY_WITHIN_S):
                    await self._link.say(messages)
            except Exception:  # noqa: BLE001 whatever it is: the subscription's silence tells of it
                # Probes and words of presence are said again in a moment; they are no news.
                self._outbox.dropped += sum(map(is_news, messages))


async def knock(link: Link) -> str:
    """Return why Redis does not answer within `START_WITHIN_S`, or nothing when it does.

    Raises:
        Misconfigured: It is there and refuses the user or the password.
    """
    try:
        async with asyncio.timeout(START_WITHIN_S):
            await link.knock()
    # The last is no RedisError: so redis-py wraps what the nodes of a cluster said.
    except (RedisError, OSError, RedisClusterException) as error:
        reason = error.__cause__ if isinstance(error, RedisClusterException) else error
        if isinstance(reason, AuthenticationError):
            raise Misconfigured(
                f"REDIS_URL: Redis refuses the user or the password: {reason}"
            ) from None
        return str(reason or error) or f"no answer within {START_WITHIN_S:.0f} s"
    return ""


async def silence_of(url: str) -> str:
    """Return why the Redis of a REDIS_URL does not answer, or nothing; raises as `knock`."""
    link = link_to(url)
    try:
        return await knock(link)
    finally:
        await link.close()
