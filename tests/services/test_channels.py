"""Custom channels: all or none, at consecutive offsets."""

from typing import Any

import msgspec
import pytest

from hub.errors import ChannelNotFound, HubError, InvalidFields, ReservedChannel
from hub.model.event import BUILT_IN_CHANNELS
from hub.services.channels import MAX_EVENTS, NewEvent
from support.use_cases import ANNA, UseCases


async def publish(hub: UseCases, channel: str, *events: NewEvent) -> Any:
    """Publish and return the answer."""
    return msgspec.json.decode((await hub.channels.publish(ANNA, channel, events, None)).body)


async def test_the_first_event_makes_the_channel(hub: UseCases) -> None:
    """Nobody has to set a channel up; the answer tells where the last event stands."""
    answer = await publish(
        hub, "orders.eu", NewEvent("order_placed", {"n": 1}, key="o-1"), NewEvent("paid", {})
    )

    assert answer == {
        "status": "ok", "channel": "orders.eu", "epoch": hub.epoch, "offset": 2,
        "ids": [event.id for event in hub.told],
    }  # fmt: skip
    assert [(e.offset, e.type, e.key, e.data) for e in hub.told] == [
        (1, "order_placed", "o-1", b'{"n":1}'), (2, "paid", "", b"{}")
    ]  # fmt: skip


@pytest.mark.parametrize("channel", BUILT_IN_CHANNELS)
async def test_built_in_channels_take_no_raw_events(hub: UseCases, channel: str) -> None:
    """Their events are facts about the hub's own records."""
    with pytest.raises(ReservedChannel):
        await publish(hub, channel, NewEvent("contract_update", {}))


@pytest.mark.parametrize("channel", ["", "Orders", "-orders", "a b", "x" * 129, "ü", "a\n"])
async def test_what_is_no_channel_name_is_refused(hub: UseCases, channel: str) -> None:
    """The refusal says what a name looks like."""
    with pytest.raises(ChannelNotFound, match=r"orders\.eu"):
        await publish(hub, channel, NewEvent("a", {}))


@pytest.mark.parametrize(
    ("events", "field"),
    [
        pytest.param([], "$", id="no events"),
        pytest.param([NewEvent("a", {})] * (MAX_EVENTS + 1), "$", id="too many events"),
        pytest.param([NewEvent("", {})], "$[0].type", id="an empty type"),
        pytest.param([NewEvent("a", {}), NewEvent("gap", {})], "$[1].type", id="a control word"),
        pytest.param([NewEvent("A", {})], "$[0].type", id="a type in upper case"),
        pytest.param([NewEvent("a", {}, key="k" * 257)], "$[0].key", id="an overlong key"),
    ],
)
async def test_one_wrong_event_refuses_all(
    hub: UseCases, events: list[NewEvent], field: str
) -> None:
    """Nothing is published unless everything can be."""
    with pytest.raises(InvalidFields) as refused:
        await publish(hub, "orders", *events)

    assert refused.value.fields[0].field == field
    assert hub.told == []
    assert "orders" not in (await hub.log.state()).heads


def test_refusals_are_of_the_tree() -> None:
    """Each has a status that HTTP can answer with."""
    assert issubclass(ReservedChannel, HubError)
    assert (ReservedChannel.status, ChannelNotFound.status) == (403, 404)
