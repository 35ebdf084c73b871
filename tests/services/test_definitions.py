"""Definitions: a channel is made, changed and listed; durable or not is decided once."""

import msgspec
import pytest

from hub.errors import ChannelNotFound, Conflict, InvalidFields, ReservedChannel
from hub.model.event import BUILT_IN_CHANNELS
from hub.services.channels import NewEvent
from hub.services.definitions import MAX_CHANNELS, HistoryLimits, NewDefinition, check_room
from hub.services.history import HistoryQuery
from support.use_cases import ANNA, UseCases

VOLATILE = NewDefinition(durable=False)


async def test_a_channel_is_made_and_then_changed(hub: UseCases) -> None:
    """What is left out of a later definition: durable stays, history is the hub's again."""
    history = HistoryLimits(max_events=10, max_age_h=1.5)
    made = await hub.definitions.put(ANNA, "orders", NewDefinition(history=history))
    changed = await hub.definitions.put(ANNA, "orders", NewDefinition())

    assert (made.made, changed.made) == (True, False)
    assert msgspec.to_builtins(made.view) == {
        "channel": "orders", "built_in": False, "durable": True, "head": 0, "oldest": 1,
        "history": {"max_events": 10, "max_age_h": 1.5}, "followers": 2, "readers": None,
    }  # fmt: skip
    assert changed.view.history is None


async def test_a_volatile_channel_stays_volatile_when_nothing_is_said(hub: UseCases) -> None:
    """`durable` may be left out."""
    await hub.definitions.put(ANNA, "moves", VOLATILE)

    again = await hub.definitions.put(ANNA, "moves", NewDefinition())

    assert (again.view.durable, again.made) == (False, False)


async def test_a_channel_that_has_events_cannot_become_volatile(hub: UseCases) -> None:
    """Readers hold positions in it; the refusal says how many events there were."""
    await hub.channels.publish(ANNA, "orders", [NewEvent("placed", {})], None)

    with pytest.raises(Conflict, match=r"made durable .* it has had 1 events"):
        await hub.definitions.put(ANNA, "orders", VOLATILE)
    assert (await hub.definitions.one("orders")).durable


@pytest.mark.parametrize("first", [True, False], ids=["durable", "volatile"])
async def test_durable_or_not_is_decided_once(hub: UseCases, first: bool) -> None:  # noqa: FBT001
    """Who follows it stands at a position, or at none."""
    await hub.definitions.put(ANNA, "moves", NewDefinition(durable=first))

    with pytest.raises(Conflict):
        await hub.definitions.put(ANNA, "moves", NewDefinition(durable=not first))


async def test_a_volatile_channel_keeps_no_history(hub: UseCases) -> None:
    """Limits of something that is not there are a mistake; nothing is made."""
    history = HistoryLimits(max_events=10)

    with pytest.raises(InvalidFields, match="a volatile channel keeps no history"):
        await hub.definitions.put(ANNA, "moves", NewDefinition(durable=False, history=history))
    assert "moves" not in (await hub.log.state()).heads


async def test_the_history_of_a_volatile_channel_is_empty_and_says_why(hub: UseCases) -> None:
    """Whatever was asked for: a page without its events is not complete."""
    await hub.definitions.put(ANNA, "moves", VOLATILE)

    page = await hub.history.page(HistoryQuery("moves", 10, since=7, epoch="another"))

    assert (page.events, page.complete, page.reason, page.next) == ([], False, "volatile", None)


@pytest.mark.parametrize("channel", BUILT_IN_CHANNELS)
async def test_built_in_channels_are_as_they_are(hub: UseCases, channel: str) -> None:
    """What they keep is the hub's own affair."""
    with pytest.raises(ReservedChannel):
        await hub.definitions.put(ANNA, channel, NewDefinition())


async def test_every_channel_is_listed(hub: UseCases) -> None:
    """Built in, defined, and made by its first event; by name."""
    await hub.definitions.put(ANNA, "moves", VOLATILE)
    await hub.channels.publish(ANNA, "orders", [NewEvent("placed", {})], None)

    listed = await hub.definitions.all()

    assert [view.channel for view in listed] == sorted([*BUILT_IN_CHANNELS, "moves", "orders"])
    assert [view.channel for view in listed if view.built_in] == sorted(BUILT_IN_CHANNELS)
    assert {view.channel: view.head for view in listed if view.head} == {"orders": 1}


async def test_a_channel_that_is_not_there_is_not_found(hub: UseCases) -> None:
    """Asking for it does not make it."""
    with pytest.raises(ChannelNotFound):
        await hub.definitions.one("orders")


def test_one_channel_too_many_is_not_made() -> None:
    """One that is there may be changed however many there are."""
    known = [f"c{n}" for n in range(MAX_CHANNELS)]
    check_room("c1", known)

    with pytest.raises(InvalidFields):
        check_room("another", known)
