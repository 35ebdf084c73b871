"""Buckets: one suite for every adapter, and the two compared on the same visits."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hub.brokers.buckets import RedisBuckets
from hub.errors import Unavailable
from hub.limits.base import Buckets, Charge
from hub.limits.bucket import Pace
from hub.limits.memory import MemoryBuckets
from support.clocks import FakeClock
from support.redis_server import RedisServer, redis_cluster, redis_server

# So slow that nothing comes back while a test runs.
SLOW = Pace(1_000_000_000, 3)
CHARGES = st.builds(
    Charge,
    st.sampled_from(["requests", "publishes"]),
    st.sampled_from(["anna", "ben", "c/ö\ud800"]),
    st.builds(Pace, st.integers(1, 86_400_000_000), st.integers(1, 2_000_000)),
    st.integers(1, 5_000),
    st.booleans(),
)
VISITS = st.lists(
    st.tuples(st.integers(0, 10_000_000_000), st.lists(CHARGES, max_size=6)), max_size=12
)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A Redis that answers."""
    with redis_server() as server:
        yield server


@pytest.fixture(params=["memory", "redis", "cluster"])
async def buckets(request: pytest.FixtureRequest) -> AsyncIterator[Buckets]:
    """Empty buckets."""
    if request.param == "memory":
        yield MemoryBuckets(FakeClock())
        return
    with redis_server() if request.param == "redis" else redis_cluster() as server:
        scheme = "redis" if request.param == "redis" else "redis+cluster"
        opened = RedisBuckets(server.url.replace("redis", scheme, 1), "log")
        yield opened
        await opened.close()


def charge(party: str = "anna", cost: int = 1, *, owed: bool = False) -> Charge:
    """Return a charge on a bucket of three."""
    return Charge("requests", party, SLOW, cost, owed)


async def passed(buckets: Buckets, *charges: Charge) -> list[bool]:
    """Say which pass, all in one question."""
    return [not verdict.wait_us for verdict in await buckets.spend(charges)]


async def test_a_bucket_holds_its_burst(buckets: Buckets) -> None:
    """Three pass, the fourth does not; in one question or in several."""
    assert await passed(buckets, charge(), charge()) == [True, True]
    assert await passed(buckets, charge(), charge()) == [True, False]


async def test_parties_and_limits_have_buckets_of_their_own(buckets: Buckets) -> None:
    """What one spends, another still has."""
    await buckets.spend([charge(cost=3)])

    other = charge()._replace(limit="publishes")
    assert await passed(buckets, charge(), charge("ben"), other) == [False, True, True]


async def test_what_is_owed_is_taken_from_an_empty_bucket(buckets: Buckets) -> None:
    """It is told how empty the bucket is then, for the node that asks to believe."""
    await buckets.spend([charge(cost=3)])

    (owed,) = await buckets.spend([charge(owed=True)])

    assert owed.wait_us > 0
    assert owed.lead_us > SLOW.full_us
    assert await passed(buckets, charge()) == [False]


async def test_nothing_is_asked_of_nobody(buckets: Buckets) -> None:
    """No charges, no verdicts."""
    assert not await buckets.spend([])


async def compare(url: str, visits: Sequence[tuple[int, Sequence[Charge]]], log_id: str) -> None:
    """Have both judge the same."""
    clock = FakeClock()
    ours, theirs = MemoryBuckets(clock), RedisBuckets(url, log_id)
    try:
        for pause_us, charges in visits:
            clock.now += pause_us
            theirs.now_us = clock.now
            assert await theirs.spend(charges) == await ours.spend(charges)
    finally:
        await theirs.close()


@settings(
    derandomize=True, deadline=None, max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(VISITS)
def test_redis_says_to_the_microsecond_what_memory_says(
    redis: RedisServer, visits: list[tuple[int, list[Charge]]]
) -> None:
    """One rule, written twice: any paces, costs, pauses and debts."""
    redis.ask("FLUSHALL")
    asyncio.run(compare(redis.url, visits, "log"))


async def test_a_bucket_expires_when_it_is_full(redis: RedisServer) -> None:
    """Nothing of a party that has gone stays in Redis for longer than a minute."""
    buckets = RedisBuckets(redis.url, "expiring")
    await buckets.spend([charge()])

    left_ms = int(redis.ask(f"PTTL {buckets._key(charge())}").removeprefix(":"))

    assert 0 < left_ms - SLOW.interval_us // 1000 <= 60_000
    await buckets.close()


async def test_a_key_names_the_log_and_hides_the_party(redis: RedisServer) -> None:
    """The tag keeps all in one slot; whoever reads Redis learns no addresses and no names."""
    redis.ask("FLUSHALL")
    buckets = RedisBuckets(redis.url, "e1")

    await buckets.spend([charge("192.0.2.1")])

    assert redis.ask("EVAL \"return redis.call('KEYS','*192.0.2.1*')\" 0") == "*0"
    assert redis.ask("EVAL \"return redis.call('KEYS','hub:{e1}:limit:requests:*')\" 0") == "*1"
    await buckets.close()


async def test_a_script_that_redis_has_forgotten_is_sent_again(redis: RedisServer) -> None:
    """A new primary knows no scripts."""
    buckets = RedisBuckets(redis.url, "scripts")
    await buckets.spend([charge(cost=3)])

    redis.ask("SCRIPT FLUSH")

    assert await passed(buckets, charge()) == [False]
    await buckets.close()


async def test_a_redis_that_is_gone_or_hangs_is_unavailable() -> None:
    """Within a second or so, as one error of ours; and it is found again."""
    with redis_server() as server:
        buckets = RedisBuckets(server.url, "log")
        await buckets.spend([charge()])
        server.send(signal.SIGSTOP)
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable):
                await buckets.spend([charge()])
        server.kill()
        with pytest.raises(Unavailable):
            await buckets.spend([charge()])
        server.start()

        assert await passed(buckets, charge(cost=3)) == [True]
        await buckets.close()
