"""Redis behind Sentinel and Redis as a cluster, with real servers of both."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.brokers.base import News
from hub.brokers.redis import RedisBroker
from hub.errors import Misconfigured
from support.certificates import certificate
from support.events import event
from support.listeners import Listening
from support.redis_server import RedisServer, free_port, redis_cluster, redis_server

NEWS = News("log", "a", (event(1),))


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[tuple[RedisServer, RedisServer, RedisServer]]:
    """Run a primary, its replica, and a sentinel that watches them."""
    with (
        redis_server() as primary,
        redis_server("--replicaof", "127.0.0.1", str(primary.port)) as replica,
    ):
        config = folder / "sentinel.conf"
        config.write_text(
            f"sentinel monitor hub 127.0.0.1 {primary.port} 1\n"
            "sentinel down-after-milliseconds hub 500\nsentinel failover-timeout hub 3000\n"
        )
        with redis_server(config=config) as sentinel:
            yield primary, replica, sentinel


async def test_a_failover_of_sentinel_is_followed(tmp_path: Path) -> None:
    """The primary dies; the node finds the new one, and news travel again."""
    with watched(tmp_path) as (primary, _replica, sentinel):
        broker = RedisBroker(f"redis+sentinel://127.0.0.1:{sentinel.port}/hub/0")
        listener = Listening()
        broker.follow("log", "orders")
        await broker.listen("log", listener)
        broker.announce(NEWS)
        await listener.heard(1)

        primary.kill()
        await listener.resumed_again(2)
        broker.announce(NEWS)

        assert len(await listener.heard(2)) == 2
        await broker.close()


async def test_news_travel_through_tls(tmp_path: Path) -> None:
    """With the certificate of the server's own authority; another one is not believed."""
    made = certificate(tmp_path, "127.0.0.1")
    stranger = certificate(tmp_path, "stranger")
    port = free_port()
    options = ["--tls-port", str(port), "--tls-cert-file", str(made.cert)]
    options += ["--tls-key-file", str(made.key), "--tls-auth-clients", "no"]
    with redis_server(*options):
        url = f"rediss://127.0.0.1:{port}/0?ssl_ca_certs="
        broker, doubter = RedisBroker(f"{url}{made.cert}"), RedisBroker(f"{url}{stranger.cert}")
        listener = Listening()
        broker.follow("log", "orders")
        await broker.listen("log", listener)
        await doubter.listen("log", Listening())

        broker.announce(NEWS)

        assert [*(await listener.heard(1))[0].events] == [event(1)]
        assert not doubter.health().reaches
        await broker.close()
        await doubter.close()


async def test_news_travel_through_a_cluster() -> None:
    """By sharded pub/sub: the names of a log lie in one slot."""
    with redis_cluster() as cluster:
        broker = RedisBroker(cluster.url.replace("redis:", "redis+cluster:"))
        listener = Listening()
        await broker.listen("log", listener)

        broker.follow("log", "orders")
        await listener.resumed_again(2)
        broker.announce(NEWS)
        heard = await listener.heard(1)
        shards = cluster.ask("PUBSUB SHARDNUMSUB hub:{log}:news:orders")
        broker.leave("log", "orders")
        broker.follow("log", "jobs")
        await listener.resumed_again(3)
        broker.announce(NEWS)
        broker.announce(News("log", "a", (event(1, channel="jobs"),)))

        assert [*heard[0].events] == [event(1)]
        assert shards.startswith("*2")
        assert [news.events[0].channel for news in await listener.heard(2)] == ["orders", "jobs"]
        await broker.close()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("redis+sentinel:///hub", id="no sentinel"),
        pytest.param("redis+sentinel://h:1", id="no service"),
        pytest.param("redis+sentinel://h:port/hub", id="no port"),
        pytest.param("redis+cluster://h:port", id="no port of a cluster"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anything is connected."""
    with pytest.raises(Misconfigured, match="REDIS_URL: expected redis://"):
        RedisBroker(url)
