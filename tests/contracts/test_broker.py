"""What every broker promises (`hub.brokers.base.Broker`), run on each adapter."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hub.brokers.base import Broker, Health, Live, News, Presence
from hub.brokers.memory import MemoryBroker
from hub.brokers.redis import RedisBroker
from support.events import event
from support.listeners import Listening
from support.redis_server import redis_server


@pytest.fixture(params=["memory", "redis"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[Broker]:
    """A broker without listeners."""
    if request.param == "memory":
        yield MemoryBroker()
        return
    with redis_server() as redis:
        opened = RedisBroker(redis.url)
        yield opened
        await opened.close()


async def test_news_reach_every_listener_of_the_log(broker: Broker) -> None:
    """Whole, and in the order in which they were announced."""
    one, two = Listening(), Listening()
    broker.follow("log", "orders")
    for listener in (one, two):
        await broker.listen("log", listener)
    said = [News("log", "a", (event(1), event(2))), News("log", "b", (event(3, b"{}"),))]

    for news in said:
        broker.announce(news)

    for listener in (one, two):
        heard = await listener.heard(2)
        assert [(n.log_id, n.node, [*n.events]) for n in heard] == [
            (n.log_id, n.node, [*n.events]) for n in said
        ]


async def test_only_followed_channels_are_heard(broker: Broker) -> None:
    """From the moment in which the listener is told, until the channel is left."""
    listener = Listening()
    await broker.listen("log", listener)
    both = News("log", "a", (event(1), event(1, channel="jobs"), event(2)))

    broker.announce(both)
    broker.follow("log", "orders")
    await listener.resumed_again(2)
    broker.announce(both)
    await listener.heard(1)
    broker.leave("log", "orders")
    broker.follow("log", "jobs")
    await listener.resumed_again(3)
    broker.announce(both)

    heard = await listener.heard(2)
    assert [[(e.channel, e.offset) for e in news.events] for news in heard] == [
        [("orders", 1), ("orders", 2)],
        [("jobs", 1)],
    ]


async def test_a_channel_that_was_left_is_heard_again(broker: Broker) -> None:
    """Who comes back to it is told that hearing begins, and hears."""
    listener = Listening()
    await broker.listen("log", listener)
    broker.follow("log", "orders")
    await listener.resumed_again(2)
    broker.leave("log", "orders")
    broker.follow("log", "jobs")
    await listener.resumed_again(3)

    broker.follow("log", "orders")
    await listener.resumed_again(4)
    broker.announce(News("log", "a", (event(1),)))

    assert [[*news.events] for news in await listener.heard(1)] == [[event(1)]]


async def test_news_of_nothing_are_no_news(broker: Broker) -> None:
    """A commit without events is not told of."""
    listener = Listening()
    broker.follow("log", "orders")
    await broker.listen("log", listener)

    broker.announce(News("log", "a", ()))
    broker.announce(News("log", "b", (event(1),)))

    assert [news.node for news in await listener.heard(1)] == ["b"]


async def test_logs_do_not_hear_each_other(broker: Broker) -> None:
    """Two hubs on one broker stay two hubs."""
    one, two = Listening(), Listening()
    for log_id, listener in (("one", one), ("two", two)):
        broker.follow(log_id, "orders")
        await broker.listen(log_id, listener)

    broker.announce(News("two", "a", (event(1),)))
    broker.announce(News("one", "b", (event(1),)))

    assert [news.node for news in await one.heard(1)] == ["b"]
    assert [news.node for news in await two.heard(1)] == ["a"]


async def test_nodes_meet_each_other(broker: Broker) -> None:
    """What each says of itself reaches every listener of its log whole, and of no other log."""
    one, two, stranger = Listening(), Listening(), Listening()
    for log_id, listener in (("log", one), ("log", two), ("other", stranger)):
        await broker.listen(log_id, listener)
    said = [Presence("log", "a", Live(2, {"jobs": 2}, 7)), Presence("log", "b", None)]
    elsewhere = Presence("other", "c", Live(0, {}, 0))

    for presence in (*said, elsewhere):
        broker.greet(presence)

    assert await one.greeted(2) == said
    assert await two.greeted(2) == said
    assert await stranger.greeted(1) == [elsewhere]
    assert one.news == []


async def test_who_stops_listening_hears_nothing(broker: Broker) -> None:
    """Also when it stops twice."""
    gone, stays = Listening(), Listening()
    broker.follow("log", "orders")
    stop = await broker.listen("log", gone)
    await broker.listen("log", stays)

    stop()
    stop()
    broker.announce(News("log", "a", (event(1),)))
    broker.greet(Presence("log", "a", None))

    await stays.heard(1)
    await stays.greeted(1)
    assert (gone.news, gone.met) == ([], [])


async def test_a_listener_is_told_that_listening_begins(broker: Broker) -> None:
    """What was said before is for it to find in the log."""
    listener = Listening()

    await broker.listen("log", listener)

    assert listener.resumptions == 1
    assert broker.health()[:2] == Health(reaches=True, dropped=0)[:2]


async def test_a_closed_broker_is_silent(broker: Broker) -> None:
    """Announcing and greeting do not fail, and nobody hears it."""
    listener = Listening()
    broker.follow("log", "orders")
    await broker.listen("log", listener)

    await broker.close()
    broker.follow("log", "jobs")
    broker.announce(News("log", "a", (event(1),)))
    broker.greet(Presence("log", "a", None))
    await asyncio.sleep(0)

    assert (listener.news, listener.met) == ([], [])
