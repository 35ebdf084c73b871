"""Volatile events: told, not kept, and bounded by a rate."""

import msgspec
import pytest

from hub.errors import BodyTooLarge, RateLimited
from hub.model.unit import Answered, IdempotencyKey
from hub.services.channels import NewEvent
from hub.services.definitions import NewDefinition
from hub.services.volatile import MAX_EVENT_BYTES, Rate
from support.use_cases import ANNA, UseCases

SECOND_US = 1_000_000


async def volatile(hub: UseCases, channel: str = "moves") -> None:
    """Make a volatile channel."""
    await hub.definitions.put(ANNA, channel, NewDefinition(durable=False))


async def move(hub: UseCases, *keys: str) -> Answered:
    """Publish one event a key."""
    events = [NewEvent("moved", {"x": 1}, key=key) for key in keys]
    return await hub.channels.publish(ANNA, "moves", events, None)


async def test_events_are_told_and_nothing_is_written(hub: UseCases) -> None:
    """They have ids and times, and no offset; the log is as it was."""
    await volatile(hub)
    before = await hub.log.state()

    answered = await move(hub, "a", "b")

    assert answered.status == 202
    assert msgspec.json.decode(answered.body) == {
        "status": "ok", "channel": "moves", "ids": [event.id for event in hub.told],
    }  # fmt: skip
    assert [(e.key, e.offset, e.volatile, e.owner, e.data) for e in hub.told] == [
        ("a", 0, True, "anna", b'{"x":1}'), ("b", 0, True, "anna", b'{"x":1}'),
    ]  # fmt: skip
    assert await hub.log.state() == before


async def test_every_event_is_later_than_all_that_this_node_knows(hub: UseCases) -> None:
    """Also in one post, and when the clock steps back: nodes agree by these times."""
    await volatile(hub)

    await move(hub, "a", "a")
    hub.clock.advance(-10)
    await move(hub, "a")

    times = [event.at_us for event in hub.told]
    assert times == sorted(set(times))


async def test_a_key_means_nothing(hub: UseCases) -> None:
    """Telling twice does no harm, and remembering an answer would cost a commit."""
    await volatile(hub)
    key = IdempotencyKey("scope", b"hash")

    for _ in range(2):
        await hub.channels.publish(ANNA, "moves", [NewEvent("moved", {})], key)

    assert len(hub.told) == 2


async def test_one_event_too_large_refuses_all(hub: UseCases) -> None:
    """It says how large one may be."""
    await volatile(hub)
    large = NewEvent("moved", {"x": "x" * MAX_EVENT_BYTES})

    with pytest.raises(BodyTooLarge, match=f"at most {MAX_EVENT_BYTES} bytes"):
        await hub.channels.publish(ANNA, "moves", [NewEvent("moved", {}), large], None)
    assert hub.told == []


async def test_a_channel_takes_so_many_events_a_second(hub: UseCases) -> None:
    """What is over is refused and told to nobody; other channels have a rate of their own."""
    await volatile(hub)
    await volatile(hub, "other")
    for _ in range(2):
        await move(hub, *("a" * 50))

    with pytest.raises(RateLimited, match="at most 100 events a second for moves"):
        await move(hub, "a")
    await hub.channels.publish(ANNA, "other", [NewEvent("moved", {})], None)
    hub.clock.advance(0.5)
    await move(hub, "a")

    assert len(hub.told) == 102


@pytest.mark.parametrize(
    ("moments", "passed"),
    [
        pytest.param([0, 0, 0], [True, True, False], id="two at once"),
        pytest.param([0, 0, 400_000, 500_000], [True, True, True, False], id="a little later"),
        pytest.param([0, 0, 60_000_000, 60_000_000, 60_000_000], [True] * 4 + [False], id="rested"),
        pytest.param([9_000_000, 0, 0], [True, True, False], id="the clock steps back"),
    ],
)
def test_a_rate_gives_back_what_time_brings(moments: list[int], passed: list[bool]) -> None:
    """As many a second as it says, and at once no more than that."""
    rate = Rate(2)

    assert [rate.take(1, SECOND_US + at_us) for at_us in moments] == passed


def test_a_post_larger_than_the_rate_is_taken_and_paid_for_later() -> None:
    """Else it could never be sent."""
    rate = Rate(2)

    taken = [rate.take(5, SECOND_US), rate.take(1, 2 * SECOND_US), rate.take(1, 4 * SECOND_US)]

    assert taken == [True, False, True]


def test_who_is_refused_is_told_when_to_come_back() -> None:
    """Then, and not before, the next is taken."""
    rate = Rate(2)
    rate.take(7, SECOND_US)
    refused = not rate.take(1, SECOND_US)

    wait_us = rate.wait_ms() * 1_000

    assert refused
    assert wait_us == 2_501_000
    assert rate.take(1, SECOND_US + wait_us)


async def test_a_channel_that_another_node_has_just_made_volatile_is_not_written(
    hub: UseCases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This node has not looked yet: the decision is made where the log is written."""
    with monkeypatch.context() as patch:
        patch.setattr(hub.definitions, "_learn", lambda _heads: None)
        await volatile(hub)

    answered = await move(hub, "a")

    assert answered.status == 202
    assert [event.volatile for event in hub.told] == [True]
    assert (await hub.log.state()).heads["moves"].offset == 0
