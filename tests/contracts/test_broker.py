"""What every broker promises (`hub.brokers.base.Broker`), run on each adapter."""

import pytest

from hub.brokers.base import Broker, News
from hub.brokers.memory import MemoryBroker


@pytest.fixture(params=["memory"])
def broker() -> Broker:
    """A broker without listeners."""
    return MemoryBroker()


async def test_news_reach_every_listener_of_the_log(broker: Broker) -> None:
    """In the order in which they were announced."""
    heard: list[list[str]] = [[], []]
    for mine in heard:
        broker.listen("log", lambda news, mine=mine: mine.append(news.node))  # type: ignore[misc]

    broker.announce(News("log", "a", ()))
    broker.announce(News("log", "b", ()))

    assert heard == [["a", "b"], ["a", "b"]]


async def test_logs_do_not_hear_each_other(broker: Broker) -> None:
    """Two hubs on one broker stay two hubs."""
    heard: list[News] = []
    broker.listen("one", heard.append)

    broker.announce(News("two", "a", ()))

    assert heard == []


async def test_who_stops_listening_hears_nothing(broker: Broker) -> None:
    """Also when it stops twice, and when the broker was closed."""
    heard: list[News] = []
    stop = broker.listen("log", heard.append)

    stop()
    stop()
    broker.announce(News("log", "a", ()))
    broker.listen("log", heard.append)
    await broker.close()
    broker.announce(News("log", "a", ()))

    assert heard == []
