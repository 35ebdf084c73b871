"""The link to Redis: one server, one that Sentinel watches, or a cluster.

REDIS_URL: redis://  rediss://  unix://  redis+sentinel://HOST,HOST/SERVICE/DB  redis+cluster://HOST
with rediss+ for TLS. Names that nodes talk under carry the log's id as a hash tag, so on a cluster
all of them lie on one node, where sharded pub/sub keeps them from the others.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError

from hub.errors import Misconfigured

# What has not been said by then is dropped: the log has carried it meanwhile.
SAY_WITHIN_S = 1.0
_SENTINEL_PORT = 26_379
# Who waits and tries again is the subscription. RESP3 pools of redis-py 8 keep connections that
# the server has closed (its #4252).
_OPTIONS: dict[str, Any] = {
    "protocol": 2,
    "socket_timeout": SAY_WITHIN_S,
    "socket_connect_timeout": SAY_WITHIN_S,
}


class Script:
    """A script that Redis runs, which it knows by its hash once it has seen it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Any, keys: Sequence[str], args: Sequence[int | str]) -> Any:
        """Return what it says; sent in full to a server that does not know it."""
        try:
            return await redis.evalsha(self._sha, len(keys), *keys, *args)
        except NoScriptError:
            return await redis.eval(self._text, len(keys), *keys, *args)


class Ear:
    """A PubSub of redis-py, plain or sharded, that follows and leaves while it is heard."""

    def __init__(self, pubsub: Any, *, sharded: bool = False) -> None:
        self._pubsub = pubsub
        self._sharded = sharded

    def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Return what comes, answers to `follow` and `leave` among it."""
        heard: AsyncIterator[dict[str, Any]] = self._pubsub.listen()
        return heard

    async def follow(self, *names: str) -> None:
        """Hear these names too."""
        if names:
            pubsub = self._pubsub
            await (pubsub.ssubscribe if self._sharded else pubsub.subscribe)(*names)

    async def leave(self, *names: str) -> None:
        """Hear these names no more."""
        if names:
            pubsub = self._pubsub
            await (pubsub.sunsubscribe if self._sharded else pubsub.unsubscribe)(*names)


class Link(Protocol):
    """A way to say and to hear."""

    async def knock(self) -> None:
        """Return when Redis answers; else raise what redis-py raises."""
        ...

    async def say(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish messages, in order."""
        ...

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[int | str]) -> Any:
        """Run a script on the server that holds these names, and return what it says."""
        ...

    def listen(self, *names: str) -> AbstractAsyncContextManager[Ear]:
        """Subscribe."""
        ...

    async def close(self) -> None:
        """Let all connections go."""
        ...


def link_to(url: str) -> Link:
    """Return the link that a REDIS_URL names; nothing is connected yet.

    Raises:
        Misconfigured: It is none.
    """
    try:
        scheme = url.partition("://")[0]
        if scheme.endswith("+sentinel"):
            return ServerLink(*_watched(url, tls=scheme.startswith("rediss")))
        if scheme.endswith("+cluster"):
            return ClusterLink(url.replace("+cluster", "", 1))
        return ServerLink(Redis.from_url(url, retry=Retry(NoBackoff(), 0), **_OPTIONS))
    except ValueError as error:
        raise Misconfigured(f"REDIS_URL: expected redis://HOST:PORT/DB, got {error}") from None


class ServerLink:
    """One server; with Sentinel whichever is the primary when a connection is made."""

    def __init__(self, redis: "Redis", *sentinels: "Redis") -> None:
        self._redis = redis
        self._sentinels = sentinels

    async def knock(self) -> None:
        """Return when Redis answers."""
        await self._redis.ping()

    async def say(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish messages, in order, in one round trip."""
        pipeline = self._redis.pipeline(transaction=False)
        for name, message in messages:
            pipeline.publish(name, message)
        await pipeline.execute()

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[int | str]) -> Any:
        """Run a script."""
        return await script.run(self._redis, keys, args)

    @asynccontextmanager
    async def listen(self, *names: str) -> AsyncIterator[Ear]:
        """Subscribe to the names."""
        async with self._redis.pubsub() as pubsub:
            ear = Ear(pubsub)
            await ear.follow(*names)
            yield ear

    async def close(self) -> None:
        """Let all connections go."""
        for redis in (self._redis, *self._sentinels):
            await redis.aclose()


class ClusterLink:
    """A cluster: sharded pub/sub on the node that holds the names' slot."""

    def __init__(self, url: str) -> None:
        self._cluster: Any = RedisCluster.from_url(url, retry=Retry(NoBackoff(), 1), **_OPTIONS)

    async def knock(self) -> None:
        """Return when the cluster answers."""
        await self._cluster.ping(target_nodes=RedisCluster.RANDOM)

    async def say(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish messages, in order."""
        for name, message in messages:
            await self._cluster.execute_command("SPUBLISH", name, message)

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[int | str]) -> Any:
        """Run a script on the node that holds the names' slot."""
        return await script.run(self._cluster, keys, args)

    @asynccontextmanager
    async def listen(self, *names: str) -> AsyncIterator[Ear]:
        """Subscribe to the names on the node that holds their slot now."""
        await self._cluster.initialize()
        node = self._cluster.get_node_from_key(names[0])
        kept = ("username", "password", "ssl", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
        options = {name: value for name, value in node.connection_kwargs.items() if name in kept}
        redis: Any = Redis(
            host=node.host, port=node.port, retry=Retry(NoBackoff(), 0), **options, **_OPTIONS
        )
        async with redis, redis.pubsub() as pubsub:
            ear = Ear(pubsub, sharded=True)
            await ear.follow(*names)
            yield ear

    async def close(self) -> None:
        """Let all connections go."""
        await self._cluster.aclose()


def _watched(url: str, *, tls: bool) -> "list[Redis]":
    """Return the primary of a service, and the sentinels that watch it.

    Raises:
        ValueError: No sentinel or no service is named.
    """
    parts = urlsplit(url)
    service, _, db = parts.path.strip("/").partition("/")
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    sentinels = [*_places(hosts)]
    if not (service and sentinels):
        raise ValueError("a Sentinel address without a host or without a service")
    # Not the data's password: who watches has one of its own, or none.
    sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
        sentinels,
        sentinel_kwargs=_OPTIONS,
        username=unquote(user) or None,
        password=unquote(password) or None,
        db=int(db or 0),
        **({"ssl": True} if tls else {}),
        **_OPTIONS,
    )
    return [sentinel.master_for(service, retry=Retry(NoBackoff(), 0)), *sentinel.sentinels]


def _places(hosts: str) -> Iterable[tuple[str, int]]:
    for place in filter(None, hosts.split(",")):
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "")
        yield host, int(port or _SENTINEL_PORT)
