"""The Redis broker against a real Redis that dies, hangs, forgets and refuses."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from hub.brokers.base import Live, News, Presence
from hub.brokers.outbox import MAX_BYTES, Outbox
from hub.brokers.redis import RedisBroker
from hub.errors import Misconfigured
from support.events import event
from support.listeners import Listening
from support.redis_server import RedisServer, free_port, redis_server

NEWS = News("log", "a", (event(1),))


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis that answers."""
    with redis_server() as server:
        yield server


@pytest.fixture
async def broker(redis: RedisServer) -> AsyncIterator[RedisBroker]:
    """A broker on it."""
    opened = RedisBroker(redis.url)
    opened.follow("log", "orders")
    yield opened
    await opened.close()


async def away(broker: RedisBroker) -> None:
    """Wait until the broker knows that the way is broken."""
    async with asyncio.timeout(10):
        while broker.health().reaches:  # noqa: ASYNC110 the server decides
            await asyncio.sleep(0.01)


async def test_a_killed_redis_is_found_again(redis: RedisServer, broker: RedisBroker) -> None:
    """The listener is told to look into the log, and hears what is said from then on."""
    listener = Listening()
    await broker.listen("log", listener)

    redis.kill()
    await away(broker)
    redis.start()
    await listener.resumed_again(2)
    broker.announce(NEWS)

    assert (await listener.heard(1))[-1].events == [event(1)]
    assert broker.health().reaches


async def test_the_way_through_redis_is_timed(broker: RedisBroker) -> None:
    """By the word that comes back; a millisecond is not rounded to nothing."""
    await broker.listen("log", Listening())

    assert 0 < broker.health().round_trip_s < 60


async def test_only_news_that_were_not_told_are_counted(
    redis: RedisServer, broker: RedisBroker
) -> None:
    """Probes and words of presence are said again; they would hide what an operator looks for."""
    await broker.listen("log", Listening())
    redis.kill()
    await away(broker)
    broker.greet(Presence("log", "a", Live(1, {"jobs": 1}, 0)))
    await broker._outbox.emptied()
    quiet = broker.health().dropped

    broker.announce(NEWS)
    await broker._outbox.emptied()

    assert (quiet, broker.health().dropped) == (0, 1)


async def test_a_redis_that_hangs_is_away_and_comes_back(
    redis: RedisServer, broker: RedisBroker
) -> None:
    """A connection that lives and says nothing is no connection; announcing never waits for it."""
    listener = Listening()
    await broker.listen("log", listener)

    redis.send(signal.SIGSTOP)
    await away(broker)
    broker.announce(NEWS)
    redis.send(signal.SIGCONT)
    await listener.resumed_again(2)

    assert broker.health().reaches


async def test_a_subscription_that_lost_its_channel_is_made_anew(
    redis: RedisServer, broker: RedisBroker
) -> None:
    """The server ends every pub/sub connection; the probe tells, not the socket."""
    listener = Listening()
    await broker.listen("log", listener)

    redis.ask("CLIENT KILL TYPE pubsub")
    await listener.resumed_again(2)
    broker.announce(NEWS)

    await listener.heard(1)


async def test_what_is_followed_while_redis_is_away_is_heard_when_it_is_back(
    redis: RedisServer, broker: RedisBroker
) -> None:
    """A client may come at any time; the interest is kept for the next way."""
    listener = Listening()
    await broker.listen("log", listener)

    redis.kill()
    await away(broker)
    broker.follow("log", "invoices")
    broker.leave("log", "orders")
    redis.start()
    await listener.resumed_again(2)
    broker.announce(NEWS)
    broker.announce(News("log", "a", (event(1, channel="invoices"),)))

    assert [news.events[0].channel for news in await listener.heard(1)] == ["invoices"]


async def test_redis_carries_to_a_node_only_what_it_follows(
    redis: RedisServer, broker: RedisBroker
) -> None:
    """What nobody follows there is not even sent."""
    listener = Listening()
    await broker.listen("log", listener)

    before = redis.ask("PUBSUB CHANNELS hub:{log}:news:*")
    broker.leave("log", "orders")
    broker.follow("log", "jobs")
    broker.follow("log", "contracts")
    await listener.resumed_again(3)
    after = redis.ask("PUBSUB CHANNELS hub:{log}:news:*")
    gone = redis.ask("PUBSUB CHANNELS hub:{log}:news:orders")

    assert (before, after, gone) == ("*1", "*2", "*0")


async def test_a_channel_is_left_at_once(redis: RedisServer, broker: RedisBroker) -> None:
    """Not when something else is followed, which may be never."""
    await broker.listen("log", Listening())

    broker.leave("log", "orders")

    async with asyncio.timeout(10):
        while redis.ask("PUBSUB CHANNELS hub:{log}:news:*") != "*0":  # noqa: ASYNC110 the server
            await asyncio.sleep(0.01)


async def test_a_hub_starts_without_its_redis(redis: RedisServer, broker: RedisBroker) -> None:
    """It is degraded, and hears as soon as Redis is there."""
    redis.kill()
    listener = Listening()

    await broker.listen("log", listener)
    before = broker.health().reaches
    redis.start()
    await listener.resumed_again(1)

    assert (before, broker.health().reaches) == (False, True)


async def test_what_does_not_fit_is_dropped_and_counted(broker: RedisBroker) -> None:
    """The queue is bounded in bytes; the log has every event anyway."""
    large = News("log", "a", (event(1, bytes(MAX_BYTES // 2)),))

    for _ in range(3):
        broker.announce(large)

    assert broker.health()[:2] == (True, 2)


async def test_a_node_is_told_of_where_news_are_dropped(broker: RedisBroker) -> None:
    """Presence takes no room from news and is not dropped with them."""
    full = News("log", "a", (event(1, bytes(MAX_BYTES - 1_000)),))
    broker.announce(full)

    for number in range(500):
        broker.greet(Presence("log", f"node-{number}", Live(1, {"jobs": 1}, 0)))
    before = broker.health().dropped
    broker.announce(full)

    assert (before, broker.health().dropped) == (0, 1)
    assert len(await broker._outbox.take()) == 1 + 500


async def test_of_a_nodes_words_only_the_newest_waits() -> None:
    """While Redis is away they do not pile up; what is said then is new, and said once."""
    outbox = Outbox()
    for word in (b"old", b"new"):
        outbox.renew("presence", "a", word)
        outbox.renew("presence", "b", word)
    outbox.put("news", b"first")

    taken = await outbox.take()
    outbox.put("news", b"second")

    assert taken == [("news", b"first"), ("presence", b"new"), ("presence", b"new")]
    assert await outbox.take() == [("news", b"second")]


async def test_a_farewell_is_said_before_the_end(redis: RedisServer, broker: RedisBroker) -> None:
    """Who stops is forgotten at once, because closing says what still waits."""
    listener = Listening()
    await broker.listen("log", listener)
    leaves = RedisBroker(redis.url)
    await leaves.listen("log", Listening())

    leaves.greet(Presence("log", "a", None))
    await leaves.close()

    assert await listener.greeted(1) == [Presence("log", "a", None)]


async def test_a_redis_that_hangs_does_not_hold_up_the_end(
    redis: RedisServer, broker: RedisBroker
) -> None:
    """What cannot be said is not said."""
    await broker.listen("log", Listening())

    redis.send(signal.SIGSTOP)
    broker.greet(Presence("log", "a", None))
    async with asyncio.timeout(10):
        await broker.close()


async def test_a_message_of_a_stranger_is_passed_over(
    redis: RedisServer, broker: RedisBroker
) -> None:
    """Whoever writes nonsense to a channel harms nobody."""
    listener = Listening()
    await broker.listen("log", listener)

    for nonsense in ("x", r'"\x93\xa3log"', '""'):
        redis.ask(f"PUBLISH hub:{{log}}:news:orders {nonsense}")
        redis.ask(f"PUBLISH hub:{{log}}:presence {nonsense}")
    broker.announce(NEWS)
    broker.greet(Presence("log", "a", None))

    assert len(await listener.heard(1)) == 1
    assert len(await listener.greeted(1)) == 1


async def test_a_wrong_password_ends_the_start() -> None:
    """One line with the cause; a hub that could never hear the others does not begin."""
    with redis_server("--requirepass", "right") as redis:
        right = RedisBroker(redis.url.replace("//", "//:right@"))
        wrong = RedisBroker(redis.url.replace("//", "//:wrong@"))
        none = RedisBroker(redis.url)

        await right.listen("log", Listening())
        for refused in (wrong, none):
            with pytest.raises(Misconfigured, match="refuses the user or the password"):
                await refused.listen("log", Listening())

        assert right.health().reaches
        for broker in (right, wrong, none):
            await broker.close()


async def test_a_hub_starts_without_its_cluster() -> None:
    """What redis-py says of a cluster is none of its usual errors."""
    broker = RedisBroker(f"redis+cluster://127.0.0.1:{free_port()}")

    await broker.listen("log", Listening())

    assert not broker.health().reaches
    await broker.close()


def test_a_url_that_is_none_is_refused() -> None:
    """With what was expected."""
    with pytest.raises(Misconfigured, match="REDIS_URL: expected redis://"):
        RedisBroker("redis://localhost:port/0")
