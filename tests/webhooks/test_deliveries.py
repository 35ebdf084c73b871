"""Deliveries, attempts, receipts and replays, for the owners of their endpoints."""

import base64
import hashlib
import json
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hub.errors import (
    Conflict,
    DeliveryNotFound,
    Forbidden,
    InvalidFields,
    ReplayNotFound,
    WebhookNotFound,
)
from hub.model.principal import Principal
from hub.services.channels import NewEvent
from hub.services.definitions import NewDefinition
from hub.stores.webhooks import DeliveryQuery
from hub.webhooks import replays
from hub.webhooks.deliveries import DeliveryPage
from hub.webhooks.delivery_forms import NewReplay
from hub.webhooks.delivery_telling import printable, readable
from hub.webhooks.sender import Answer
from support.principals import principal
from support.webhook_desk import ANNA, BERT, OPERATOR, ROOT, Desk, open_desk

OK = Answer(status=200)
REFUSED = Answer(status=400, failure="status")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """The use cases."""
    async with open_desk(tmp_path) as opened:
        yield opened


async def dead(desk: Desk, webhook_id: str, *offsets: int) -> None:
    """Have deliveries of an endpoint that fails at once die."""
    await desk.deliver(webhook_id, *offsets)
    await desk.attempt(REFUSED)


async def test_deliveries_are_listed_newest_first(desk: Desk) -> None:
    """Page by page, by state, by type, by time."""
    made = await desk.make(schedule=[])
    await dead(desk, made.webhook_id, 1, 2)
    desk.hub.clock.advance(60)
    since = desk.hub.clock.now_us()
    await desk.deliver(made.webhook_id, 3, 4)
    await desk.deliver(made.webhook_id, 5, type="job_update")

    async def offsets(**page: Any) -> list[int]:
        seen = await desk.deliveries.list(
            ANNA, made.webhook_id, DeliveryPage(**{"limit": 9, **page})
        )
        return [one.event.offset for one in seen.deliveries]

    first = await desk.deliveries.list(ANNA, made.webhook_id, DeliveryPage(2))
    assert [one.event.offset for one in first.deliveries] == [5, 4]
    assert await offsets(before=first.next) == [3, 2, 1]
    assert await offsets(states=("dead",)) == [2, 1]
    assert await offsets(event_type="order_*") == [4, 3, 2, 1]
    assert await offsets(event_type="job_*", since_us=since) == [5]
    assert await offsets(since_us=since) == [5, 4, 3]


async def test_a_narrow_page_goes_through_many(desk: Desk) -> None:
    """Every delivery of the type is found once, in whatever pages."""
    made = await desk.make()
    await desk.deliver(made.webhook_id, *range(1, 60))
    await desk.deliver(made.webhook_id, 60, type="job_update")
    await desk.deliver(made.webhook_id, *range(61, 90))

    found, before = [], None
    for _ in range(60):
        page = DeliveryPage(2, before, event_type="job_*")
        seen = await desk.deliveries.list(ANNA, made.webhook_id, page)
        found += [one.event.offset for one in seen.deliveries]
        before = seen.next
        if before is None:
            break

    assert (found, before) == ([60], None)


async def test_a_delivery_tells_its_attempts(desk: Desk) -> None:
    """With times, what was dialled, and what was answered, as text without controls."""
    made = await desk.make(schedule=[1])
    (delivery_id,) = await desk.deliver(made.webhook_id, 1)
    await desk.attempt(REFUSED, answer=b"no\x00\x1b[31m <b>", answer_bytes=70_000)
    desk.hub.clock.advance(2)
    await desk.attempt(OK, answer=b"\xff\xfe")

    seen = await desk.deliveries.get(ANNA, delivery_id)

    second, first = seen.tried
    assert (seen.state, seen.attempts, seen.reason, seen.due_at) == ("delivered", 2, None, None)
    assert (first.number, first.status, first.failure) == (1, 400, "status")
    assert (first.dns_ms, first.address) == (0.001, "192.0.2.1")
    assert (first.answer.encoding, first.answer.body) == ("text", "no[31m <b>")
    assert first.answer.bytes == 70_000
    assert (second.answer.encoding, second.answer.body) == ("base64", "//4=")
    assert second.previous == first.hash


async def test_receipts_prove_the_attempts_offline(desk: Desk) -> None:
    """With SHA-256 and JSON alone, page after page, to the head that was written down."""
    made = await desk.make(schedule=[])
    for offset in range(1, 8):
        await dead(desk, made.webhook_id, offset)

    lines, before, head = [], None, ""
    while True:
        page = await desk.deliveries.receipts(ANNA, made.webhook_id, 3, before)
        head = head or page.head
        lines += page.receipts
        before = page.next
        if before is None:
            break

    previous = head
    for one in lines:
        assert hashlib.sha256(one.line.encode()).hexdigest() == one.hash == previous
        previous = json.loads(one.line)[2]
    assert (len(lines), previous) == (7, "")


async def test_attempts_are_listed_by_receipt(desk: Desk) -> None:
    """Newest first."""
    made = await desk.make(schedule=[])
    for offset in range(1, 4):
        await dead(desk, made.webhook_id, offset)

    first = await desk.deliveries.attempts(ANNA, made.webhook_id, 2, None)
    second = await desk.deliveries.attempts(ANNA, made.webhook_id, 2, first.next)

    assert [one.receipt for one in [*first.attempts, *second.attempts]] == [3, 2, 1]
    assert second.next is None


async def test_a_dead_delivery_is_sent_again(desk: Desk) -> None:
    """A new round, with all its attempts, under the same id."""
    made = await desk.make(schedule=[])
    (delivery_id,) = await desk.deliver(made.webhook_id, 1)
    await desk.attempt(REFUSED)

    again = await desk.deliveries.replay(ANNA, delivery_id)
    await desk.attempt(OK)

    seen = await desk.deliveries.get(ANNA, delivery_id)
    assert (again.state, again.round, again.attempts) == ("pending", 2, 0)
    assert (seen.state, seen.delivery_id, len(seen.tried)) == ("delivered", delivery_id, 2)


async def test_what_waits_is_cancelled_and_stays_so(desk: Desk) -> None:
    """Twice is once; what has ended is not cancelled any more."""
    made = await desk.make()
    first, second = await desk.deliver(made.webhook_id, 1, 2)
    cancelled = await desk.deliveries.cancel(ANNA, first)
    await desk.attempt(OK)

    again = await desk.deliveries.cancel(ANNA, first)
    with pytest.raises(Conflict, match="delivered"):
        await desk.deliveries.cancel(ANNA, second)

    assert (cancelled.state, cancelled.reason) == ("cancelled", "cancelled by anna")
    assert again == cancelled


async def test_what_is_being_sent_is_left_alone(desk: Desk) -> None:
    """Neither cancelled nor sent again in the middle."""
    made = await desk.make()
    (delivery_id,) = await desk.deliver(made.webhook_id, 1)
    await desk.lease()

    for act in (desk.deliveries.cancel, desk.deliveries.replay):
        with pytest.raises(Conflict, match="being sent"):
            await act(ANNA, delivery_id)


@pytest.mark.parametrize("state", ["paused", "removed"])
async def test_nothing_is_sent_again_where_nothing_is_sent(desk: Desk, state: str) -> None:
    """The refusal says what to do."""
    made = await desk.make(schedule=[])
    (delivery_id,) = await desk.deliver(made.webhook_id, 1)
    await desk.attempt(REFUSED)
    if state == "removed":
        await desk.endpoints.remove(ANNA, made.webhook_id)
    else:
        await desk.endpoints.pause(ANNA, made.webhook_id, "")

    with pytest.raises(Conflict, match=state):
        await desk.deliveries.replay(ROOT, delivery_id)


CALLS: dict[str, Callable[[Desk, Principal, str, str, str], Awaitable[object]]] = {
    "list": lambda d, p, w, _d, _r: d.deliveries.list(p, w, DeliveryPage(1)),
    "attempts": lambda d, p, w, _d, _r: d.deliveries.attempts(p, w, 1, None),
    "receipts": lambda d, p, w, _d, _r: d.deliveries.receipts(p, w, 1, None),
    "get": lambda d, p, _w, x, _r: d.deliveries.get(p, x),
    "again": lambda d, p, _w, x, _r: d.deliveries.replay(p, x),
    "cancel": lambda d, p, _w, x, _r: d.deliveries.cancel(p, x),
    "replay": lambda d, p, w, _d, _r: d.replays.begin(p, w, NewReplay()),
    "a replay": lambda d, p, _w, _d, r: d.replays.get(p, r),
    "end a replay": lambda d, p, _w, _d, r: d.replays.cancel(p, r),
}


@pytest.mark.parametrize("call", CALLS)
async def test_what_is_of_a_foreign_endpoint_is_not_there(desk: Desk, call: str) -> None:
    """For somebody else; for operators it is."""
    made = await desk.make()
    (delivery_id,) = await desk.deliver(made.webhook_id, 1)
    replay = await desk.replays.begin(ANNA, made.webhook_id, NewReplay())
    ids = (made.webhook_id, delivery_id, replay.replay_id)

    with pytest.raises((WebhookNotFound, DeliveryNotFound, ReplayNotFound)):
        await CALLS[call](desk, BERT, *ids)
    with pytest.raises((WebhookNotFound, DeliveryNotFound, ReplayNotFound)):
        await CALLS[call](desk, ROOT, "no", "no", "no")
    await CALLS[call](desk, OPERATOR, *ids)


async def test_records_of_a_removed_endpoint_are_for_operators(desk: Desk) -> None:
    """Whose they were nobody knows any more."""
    made = await desk.make()
    (delivery_id,) = await desk.deliver(made.webhook_id, 1)
    await desk.attempt(OK)
    await desk.endpoints.remove(ANNA, made.webhook_id)

    with pytest.raises(DeliveryNotFound):
        await desk.deliveries.get(ANNA, delivery_id)
    assert (await desk.deliveries.get(OPERATOR, delivery_id)).state == "delivered"


async def test_a_replay_is_asked_for_once(desk: Desk) -> None:
    """The same while it runs is the same; it is shown to its endpoint's owner; it ends."""
    made = await desk.make()

    first = await desk.replays.begin(OPERATOR, made.webhook_id, NewReplay())
    again = await desk.replays.begin(ANNA, made.webhook_id, NewReplay())
    ended = await desk.replays.cancel(ANNA, first.replay_id)
    after = await desk.replays.begin(ANNA, made.webhook_id, NewReplay())

    listed = await desk.replays.list(ANNA, 10)
    assert (again.replay_id, first.states) == (first.replay_id, ["dead", "held"])
    assert (ended.state, ended.ended_at is None) == ("cancelled", False)
    assert {one.replay_id for one in listed.replays} == {first.replay_id, after.replay_id}
    assert (await desk.replays.list(BERT, 10)).replays == []


async def test_a_replay_begins_behind_a_position(desk: Desk) -> None:
    """Of a channel that the endpoint may read, in this log."""
    made = await desk.make()
    for number in range(3):
        new = [NewEvent("order_placed", {"n": number})]
        await desk.hub.channels.publish(ROOT, "orders", new, None)
    after = f"{desk.hub.epoch}:1"

    replay = await desk.replays.begin(
        ANNA, made.webhook_id, NewReplay(channel="orders", after=after)
    )

    assert (replay.channel, replay.after, replay.cursor, replay.states) == ("orders", 1, 1, [])


async def test_a_replay_ends_at_what_was_there(desk: Desk) -> None:
    """Not at a time: what a node with a fast clock has made a moment ago is part of it."""
    made = await desk.make()
    await desk.deliver(made.webhook_id, 1, 2)
    newest = (await desk.store.deliveries(DeliveryQuery(1)))[0][0].seq
    await desk.hub.channels.publish(ROOT, "orders", [NewEvent("order_placed", {})] * 3, None)

    of_deliveries = await desk.replays.begin(ANNA, made.webhook_id, NewReplay())
    by_position = await desk.replays.begin(
        ANNA, made.webhook_id, NewReplay(channel="orders", after=f"{desk.hub.epoch}:1")
    )

    ids = (of_deliveries.replay_id, by_position.replay_id)
    kept = [await desk.store.replay(replay_id) for replay_id in ids]
    assert [one.to for one in kept if one is not None] == [newest, 3]


async def test_a_replay_of_what_was_forgotten_is_refused(desk: Desk) -> None:
    """Rather than done without a word, with a part of it; what is left can be had."""
    made = await desk.make()
    await desk.hub.channels.publish(ROOT, "orders", [NewEvent("order_placed", {})] * 4, None)
    await desk.hub.log.prune("orders", below=3, limit=100)
    asked = [NewReplay(channel="orders", after=f"{desk.hub.epoch}:{n}") for n in (1, 2)]

    with pytest.raises(InvalidFields) as refused:
        await desk.replays.begin(ANNA, made.webhook_id, asked[0])
    begun = await desk.replays.begin(ANNA, made.webhook_id, asked[1])

    assert f"from {desk.hub.epoch}:2" in refused.value.fields[0].expected
    assert begun.after == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        pytest.param({"channel": "contracts"}, "$.after", id="no position"),
        pytest.param({"after": "e:1"}, "$.channel", id="no channel"),
        pytest.param({"channel": "none", "after": "e:1"}, "$.channel", id="an unknown channel"),
        pytest.param({"channel": "contracts", "after": "x"}, "$.after", id="no such form"),
        pytest.param({"channel": "contracts", "after": "e:0"}, "$.after", id="another log"),
        pytest.param({"channel": "contracts", "after": "E:9"}, "$.after", id="beyond the head"),
        pytest.param(
            {"channel": "contracts", "after": "E:0", "states": ["dead"]}, "$.states",
            id="states beside a position",
        ),
        pytest.param({"since": "soon"}, "$.since", id="no time"),
        pytest.param({"since": "2999-01-01T00:00:00Z"}, "$.since", id="a time to come"),
        pytest.param({"event_types": ["X"]}, "$.event_types", id="a type that none can be"),
    ],
)  # fmt: skip
async def test_a_replay_that_cannot_be_is_refused(
    desk: Desk, wrong: dict[str, Any], field: str
) -> None:
    """With what was expected; `E` stands for the log's epoch."""
    made = await desk.make()
    asked = {
        name: value.replace("E:", f"{desk.hub.epoch}:") if name == "after" else value
        for name, value in wrong.items()
    }

    with pytest.raises(InvalidFields) as refused:
        await desk.replays.begin(ANNA, made.webhook_id, NewReplay(**asked))

    assert refused.value.fields[0].field == field


async def test_few_replays_of_an_endpoint_run_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each looks at all that was delivered."""
    monkeypatch.setattr(replays, "MAX_RUNNING", 2)
    made, other = await desk.make(), await desk.make()
    for kind in ("a", "b"):
        await desk.replays.begin(ANNA, made.webhook_id, NewReplay(event_types=[kind]))

    with pytest.raises(Conflict, match="running replays"):
        await desk.replays.begin(ANNA, made.webhook_id, NewReplay())
    await desk.replays.begin(ANNA, other.webhook_id, NewReplay())


async def test_a_narrow_credential_replays_no_channel_that_it_may_not_read(desk: Desk) -> None:
    """Although the endpoint may."""
    made = await desk.make()
    narrow = principal("anna", "service", channels=("orders",))

    with pytest.raises(Exception, match="channel 'contracts'"):
        await desk.replays.begin(
            narrow, made.webhook_id, NewReplay(channel="contracts", after=f"{desk.hub.epoch}:0")
        )


@given(st.binary(max_size=100))
def test_whatever_was_answered_can_be_shown(answer: bytes) -> None:
    """As text of visible characters, or as base64 of exactly what came."""
    encoding, body = readable(answer)

    assert not {one for one in body if unicodedata.category(one)[0] == "C"} - {"\n", "\t"}
    if encoding == "base64":
        assert base64.b64decode(body) == answer


def test_a_character_that_was_cut_is_left_out() -> None:
    """16 KiB may end in the middle of one."""
    assert readable("schön ✅".encode()[:-1]) == ("text", "schön ")
    assert readable(b"\xff" * 4)[0] == "base64"
    assert printable("a\u202eb\u2028c\r\n\td") == "abc\n\td"


async def test_one_is_not_replayed_when_it_may_not_be_read_any_more(desk: Desk) -> None:
    """Its channel has got readers since, and its endpoint's maker is none of them."""
    made = await desk.make()
    await dead(desk, made.webhook_id, 1)
    await desk.hub.definitions.put(ROOT, "orders", NewDefinition(readers=["admin"]))

    with pytest.raises(Forbidden, match="orders"):
        await desk.deliveries.replay(OPERATOR, f"dl_{made.webhook_id}_1")
