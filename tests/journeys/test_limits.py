"""Limits of several nodes: what one lets pass counts on the others, with Redis and without."""

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from hub.app.limits import node_limits, share
from hub.clock import SystemClock
from hub.errors import RateLimited
from hub.limits.gate import Gate
from hub.limits.limit import Limit
from hub.settings import Settings
from support.log_lines import logging_to, written
from support.redis_server import redis_server
from support.required import required_hub
from support.running import CONTRACT

# One, and no more for as long as a test runs.
HARDLY = 0.000_01


def gate() -> Gate:
    """Return the gate of a node."""
    settings = Settings(auth="required", request_rate=HARDLY)
    return node_limits(settings, SystemClock()).gate


def asks(node: Gate, name: str) -> bool:
    """Ask; say whether one may."""
    try:
        node.quota().ask(name, publishes=False)
    except RateLimited:
        return False
    return True


@asynccontextmanager
async def sharing(url: str, *gates: Gate) -> AsyncIterator[None]:
    """Let nodes share."""
    tasks = [asyncio.create_task(share(node, url, "log")) for node in gates]
    await asyncio.sleep(0)  # they begin to note what is spent
    yield
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)


async def one_knows_of_both(name: str, *gates: Gate) -> None:
    """Wait until the node that asked last knows that both let one request pass."""
    await one_knows_more(name, {node.requests: node for node in gates})


async def one_knows_more(party: str, limits: Mapping[Limit, Gate]) -> None:
    """Wait until one of the nodes has a bucket emptier than it alone has made it."""

    def is_emptier(limit: Limit) -> bool:
        pace, bucket = limit.pace, limit._parties.known[party]
        assert pace is not None
        return bucket.due_us - limits[limit].now_us() > pace.interval_us

    async with asyncio.timeout(10):
        while not any(map(is_emptier, limits)):  # noqa: ASYNC110 each shares in its own time
            await asyncio.sleep(0.01)


async def test_two_nodes_share_what_they_let_pass() -> None:
    """Each lets one pass that the other has not heard of; who shares last knows of both."""
    first, second = gate(), gate()
    with redis_server() as redis:
        async with sharing(redis.url, first, second):
            assert [asks(first, "anna"), asks(first, "anna")] == [True, False]
            assert asks(second, "anna")

            await one_knows_of_both("anna", first, second)

            assert asks(second, "ben")


async def test_two_nodes_share_who_connects() -> None:
    """By address and by principal: who goes to the next node when one refuses gains nothing."""
    settings = Settings(
        auth="required", connect_rate_per_ip=HARDLY, connect_rate_per_principal=HARDLY
    )
    nodes = [node_limits(settings, SystemClock()) for _ in range(2)]
    with redis_server() as redis:
        async with sharing(redis.url, *(node.gate for node in nodes)):
            for node in nodes:
                node.turnstile.check("192.0.2.1", "anna")

            for limit in range(2):
                party = ("192.0.2.1", "anna")[limit]
                both = {node.turnstile.shared[limit]: node.gate for node in nodes}
                await one_knows_more(party, both)


async def test_nodes_without_their_redis_limit_alone() -> None:
    """Neither a wait nor a refusal comes of it, but a line in the log; and they share again."""
    first, second = gate(), gate()
    out = io.StringIO()
    with redis_server() as redis, logging_to(out):
        async with sharing(redis.url, first, second):
            redis.kill()
            assert [asks(first, "anna"), asks(first, "anna")] == [True, False]
            async with asyncio.timeout(10):
                while "alone" not in out.getvalue():  # noqa: ASYNC110 in its own time
                    await asyncio.sleep(0.01)
            redis.start()
            assert [asks(first, "ben"), asks(second, "ben")] == [True, True]

            await one_knows_of_both("ben", first, second)

    lines = [line for line in await written(out) if line["part"] == "limits"]
    assert lines[0]["event"] == "limits hold for each node alone"
    assert any(one.sharing is not None and one.sharing.failures for one in (first, second))


async def test_a_hub_with_redis_answers_when_it_is_gone(tmp_path: Path) -> None:
    """The limits are on no request's way."""
    with redis_server() as redis:
        async with (
            required_hub(tmp_path, redis_url=redis.url) as required,
            sharing(redis.url, required.hub.node.limits.gate),
            required.client("anna") as anna,
        ):
            redis.kill()

            answers = [await anna.post("/update", json=CONTRACT) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
