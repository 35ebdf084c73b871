"""What every store promises of attempts and of sending again (`hub.stores.webhooks`)."""

from itertools import pairwise
from typing import Any

import pytest

from hub.model.delivery import STATES, Body, Delivery
from hub.model.endpoint import Endpoint, Health
from hub.stores.webhooks import AttemptQuery, DeliveryQuery, Result
from support.clocks import START_US
from support.webhook_scene import (
    LEASE_US,
    Scene,
    a_body,
    a_new,
    a_result,
    an_attempt,
    an_endpoint,
    claim,
    dispatch,
    pause,
    states,
)

LATER = START_US + LEASE_US


@pytest.fixture
async def ready(scene: Scene) -> Scene:
    """A store with two endpoints."""
    for name in ("ep_1", "ep_2"):
        await scene.hooks.add_endpoint(an_endpoint(name))
    return scene


async def test_an_attempt_is_kept_with_what_it_comes_to(ready: Scene) -> None:
    """Delivery, health and attempt as they were decided, and as they are returned."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    (leased,) = await claim(hooks)
    fields: dict[str, Any] = {"due_us": START_US + 9, "reason": "timeout", "round": 1}

    (settled,) = await hooks.record([a_result(leased, "pending", health={"failures": 3}, **fields)])

    assert settled is not None
    found = await hooks.delivery("dl_ep_1_e1")
    assert found is not None
    assert found[0] == settled.delivery
    after = settled.delivery
    assert (after.state, after.due_us, after.reason) == ("pending", START_US + 9, "timeout")
    assert (after.worker, after.lease_until_us, after.attempts) == ("", 0, 1)
    assert await hooks.endpoint("ep_1") == (an_endpoint(), settled.health)
    assert settled.health.failures == 3
    assert await hooks.attempts(AttemptQuery(9)) == [settled.attempt]
    assert settled.attempt[:19] == (*an_attempt(leased.delivery, id=settled.attempt.id)[:18], 1)


async def test_what_it_comes_to_is_decided_on_what_is_stored(ready: Scene) -> None:
    """Of two in one call too, the second sees what the first has left."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new(event="e2"))
    one, two = await claim(hooks)
    await hooks.change_endpoint("ep_1", lambda e, _: (e, Health(failures=4)))
    seen: list[tuple[Endpoint, int]] = []

    def counting(result: Result) -> Result:
        def settle(e: Endpoint, h: Health, *rest: object) -> object:
            seen.append((e, h.failures))
            return result.settle(e, Health(failures=h.failures + 1, chain=h.chain), *rest)  # type: ignore[arg-type]

        return result._replace(settle=settle)  # type: ignore[arg-type]

    await hooks.record([counting(a_result(one)), counting(a_result(two))])

    stored = await hooks.endpoint("ep_1")
    assert stored is not None
    assert seen == [(stored[0], 4), (stored[0], 5)]
    assert stored[1].failures == 6


@pytest.mark.parametrize("state", ["delivered", "dead", "cancelled"])
async def test_the_next_one_of_a_lane_moves_up_when_the_one_before_has_ended(
    ready: Scene, state: str
) -> None:
    """One at a time, in the order of the log, however it ended."""
    hooks = ready.hooks
    await dispatch(hooks, *(a_new(event=f"e{n}", lane="k") for n in range(3)))
    (leased,) = await claim(hooks)

    await hooks.record([a_result(leased, state)])

    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["pending", "queued"]
    assert [one.delivery.id for one in await claim(hooks)] == ["dl_ep_1_e1"]


async def test_a_head_that_is_tried_again_lets_nobody_by(ready: Scene) -> None:
    """Also while it is not due."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k"), a_new(event="e2", lane="k"))
    (leased,) = await claim(hooks)

    await hooks.record([a_result(leased, "pending", due_us=LATER)])

    assert await claim(hooks) == []
    assert [one.delivery.id for one in await claim(hooks, LATER)] == ["dl_ep_1_e1"]


async def test_a_head_that_is_held_lets_the_next_one_go(ready: Scene) -> None:
    """What is held is in nobody's way."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k"), a_new(event="e2", lane="k"))
    (leased,) = await claim(hooks)

    await hooks.record([a_result(leased, "held")])

    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["held", "pending"]


async def test_under_an_older_token_nothing_is_kept(ready: Scene) -> None:
    """Neither attempt nor health, and whoever has it now is not disturbed."""
    hooks, other = ready.hooks, await ready.another()
    await dispatch(hooks, a_new())
    (mine,) = await claim(hooks)
    (theirs,) = await claim(other, LATER, worker="w2")

    stale = a_result(mine, health={"failures": 9}, endpoint={"url": "https://b"})

    assert await hooks.record([stale]) == [None]
    assert await hooks.endpoint("ep_1") == (an_endpoint(), Health())
    assert await hooks.attempts(AttemptQuery(9)) == []
    assert await hooks.delivery("dl_ep_1_e1") == (theirs.delivery, theirs.body)
    (kept,) = await other.record([a_result(theirs)])
    assert kept is not None
    assert kept.attempt.number == 1


@pytest.mark.parametrize("loss", ["release", "lapse", "record", "remove"])
async def test_a_lease_that_is_over_keeps_nothing(ready: Scene, loss: str) -> None:
    """Given back, ended, used already, or its endpoint is no more."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    (leased,) = await claim(hooks)
    if loss == "release":
        await hooks.release({leased.delivery.id: leased.delivery.token}, LATER)
    elif loss == "lapse":
        await claim(hooks, LATER, allot=lambda _: [])
    elif loss == "record":
        await hooks.record([a_result(leased)])
    else:
        await hooks.remove_endpoint("ep_1")
    before = await hooks.delivery("dl_ep_1_e1"), await hooks.attempts(AttemptQuery(9))

    assert await hooks.record([a_result(leased, "dead")]) == [None]
    assert (await hooks.delivery("dl_ep_1_e1"), await hooks.attempts(AttemptQuery(9))) == before


async def test_an_attempt_that_is_named_twice_is_kept_once(ready: Scene) -> None:
    """The second one finds the lease used."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new(event="e2"))
    one, two = await claim(hooks)

    made = await hooks.record([a_result(one), a_result(one, "dead"), a_result(two)])

    assert [None if it is None else it.delivery.state for it in made] == [
        *("delivered", None, "delivered"),
    ]
    assert len(await hooks.attempts(AttemptQuery(9))) == 2


async def test_a_lease_that_ended_unnoticed_still_counts(ready: Scene) -> None:
    """Nobody else has it: to send it once more would be worse."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    (leased,) = await claim(hooks)
    ready.clock.advance(1_000)

    assert (await hooks.record([a_result(leased)]))[0] is not None


async def test_what_cannot_be_settled_leaves_nothing_at_all(ready: Scene) -> None:
    """One transaction: none of the others is kept either."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new(event="e2"))
    one, two = await claim(hooks)

    def fail(*_: object) -> object:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hooks.record([a_result(one), a_result(two)._replace(settle=fail)])  # type: ignore[arg-type]
    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["sending", "sending"]
    assert await hooks.attempts(AttemptQuery(9)) == []
    assert await hooks.endpoint("ep_1") == (an_endpoint(), Health())


@pytest.mark.parametrize("state", ["sending", "queued"])
async def test_after_an_attempt_nothing_is_under_way(ready: Scene, state: str) -> None:
    """A decision that says so is a bug, and is not kept."""
    await dispatch(ready.hooks, a_new())
    (leased,) = await claim(ready.hooks)

    with pytest.raises(ValueError, match=f"got {state}"):
        await ready.hooks.record([a_result(leased, state)])
    assert await states(ready.hooks, "dl_ep_1_e1") == ["sending"]


async def test_receipts_are_a_chain_without_holes(ready: Scene) -> None:
    """Each endpoint's own: numbers from 1, each with the hash of the one before, over all nodes."""
    hooks, other = ready.hooks, await ready.another()
    for n in range(3):
        await dispatch(hooks, *(a_new(name, f"e{n}") for name in ("ep_1", "ep_2")))
        await dispatch(hooks, a_new(event=f"f{n}"))
        node = (hooks, other)[n % 2]
        await node.record([a_result(one) for one in await claim(node)])

    for name, count in (("ep_1", 6), ("ep_2", 3)):
        chain = (await hooks.attempts(AttemptQuery(99, endpoint_id=name)))[::-1]
        stored = await hooks.endpoint(name)
        assert stored is not None
        assert [one.receipt for one in chain] == list(range(1, count + 1))
        assert chain[0].previous == b""
        assert all(later.previous == before.hash for before, later in pairwise(chain))
        assert (stored[1].receipts, stored[1].chain) == (count, chain[-1].hash)


async def test_whatever_is_decided_the_chain_has_no_hole(ready: Scene) -> None:
    """A decision that forgets to move the chain on does not break it."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new(event="e2"))
    forgetful = [a_result(one, health={"chain": b"", "receipts": 0}) for one in await claim(hooks)]

    await hooks.record(forgetful)

    late, early = await hooks.attempts(AttemptQuery(9))
    assert (early.receipt, late.receipt, late.previous) == (1, 2, early.hash)


async def test_whatever_an_attempt_is_told_with_it_is_kept(ready: Scene) -> None:
    """What no database takes would be sent again for ever: it is replaced."""
    await dispatch(ready.hooks, a_new())
    (leased,) = await claim(ready.hooks)
    result = a_result(leased)

    await ready.hooks.record(
        [result._replace(attempt=result.attempt._replace(detail="a\0b\ud800c"))]
    )

    (kept,) = await ready.hooks.attempts(AttemptQuery(9))
    assert kept.detail == "a\ufffdb?c"


async def test_attempts_are_numbered_over_all_rounds(ready: Scene) -> None:
    """From 1, while the delivery counts those of its round."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    for n, state in enumerate(("pending", "dead", "delivered")):
        (leased,) = await claim(hooks)
        await hooks.record([a_result(leased, state)])
        if n == 1:
            await hooks.again("dl_ep_1_e1", START_US)

    found = await hooks.attempts(AttemptQuery(9, delivery_id="dl_ep_1_e1"))
    assert [one.number for one in found] == [3, 2, 1]
    delivery = await hooks.delivery("dl_ep_1_e1")
    assert delivery is not None
    assert (delivery[0].round, delivery[0].attempts) == (2, 1)


@pytest.mark.parametrize("state", ["paused", "disabled"])
async def test_an_attempt_may_stop_its_endpoint(ready: Scene, state: str) -> None:
    """Then all that is open is held, as by a change; the registry is another."""
    hooks = ready.hooks
    await dispatch(hooks, *(a_new(event=f"e{n}", lane="kl"[n % 2]) for n in range(6)))
    one, two = await claim(hooks)
    before = await hooks.registry()

    (settled,) = await hooks.record([a_result(one, "dead", endpoint={"state": state, "why": "w"})])

    assert settled is not None
    assert settled.endpoint == an_endpoint(state=state, why="w")
    assert await hooks.endpoint("ep_1") == (settled.endpoint, settled.health)
    assert settled.endpoint in (await hooks.registry(before)).endpoints
    assert await states(hooks, *(f"dl_ep_1_e{n}" for n in range(6))) == [
        *("dead", "sending", "held", "held", "held", "held"),
    ]
    (last,) = await hooks.record([a_result(two, "pending")])
    assert last is not None
    assert last.delivery.state == "held"
    assert await states(hooks, "dl_ep_1_e1") == ["held"]


async def test_what_was_sent_in_vain_to_a_paused_endpoint_is_held(ready: Scene) -> None:
    """It is not tried again until somebody sends it again; what succeeded has succeeded."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new(event="e2"))
    one, two = await claim(hooks)
    await pause(hooks)

    await hooks.record([a_result(one, "pending"), a_result(two)])

    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["held", "delivered"]


async def test_sent_again_is_a_new_round(ready: Scene) -> None:
    """Of what has ended: no attempts, no reason, due at that time."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    (leased,) = await claim(hooks)
    await hooks.record([a_result(leased, "dead", reason="exhausted")])

    again = await hooks.again("dl_ep_1_e1", LATER)

    found = await hooks.delivery("dl_ep_1_e1")
    assert found is not None
    assert again == found[0]
    assert again[4:] == (None, "pending", START_US, LATER, 2, 0, 1, "", 0, "", 0)
    assert await claim(hooks, LATER - 1) == []
    assert len(await claim(hooks, LATER)) == 1


async def test_an_open_one_becomes_due(ready: Scene) -> None:
    """In its round: what is pending or held; what is under way stays as it is."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(due_us=LATER), a_new(event="e2", held=True), a_new(event="e3"))
    await claim(hooks)

    again = [await hooks.again(f"dl_ep_1_e{n}", START_US + n) for n in (1, 2, 3)]

    assert [(one.state, one.due_us, one.round) for one in again if one] == [
        ("pending", START_US + 1, 1), ("pending", START_US + 2, 1), ("sending", START_US, 1),
    ]  # fmt: skip


async def test_sent_again_in_a_lane_waits_for_the_one_before(ready: Scene) -> None:
    """There is never more than one under way; the oldest that waits goes next."""
    hooks = ready.hooks
    await dispatch(hooks, *(a_new(event=f"e{n}", lane="k") for n in range(4)))
    (first,) = await claim(hooks)
    await hooks.record([a_result(first)])
    (second,) = await claim(hooks)

    again = [await hooks.again(f"dl_ep_1_e{n}", START_US) for n in (0, 3)]
    await hooks.record([a_result(second)])

    assert [one.state for one in again if one] == ["queued", "queued"]
    assert await states(hooks, *(f"dl_ep_1_e{n}" for n in range(4))) == [
        *("pending", "delivered", "queued", "queued"),
    ]
    pending = await hooks.again("dl_ep_1_e0", LATER)
    assert pending is not None
    assert pending.state == "pending"


async def test_sent_again_to_a_paused_endpoint_is_held(ready: Scene) -> None:
    """Until it is sent again once more."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    (leased,) = await claim(hooks)
    await hooks.record([a_result(leased, "dead")])
    await pause(hooks)

    held = await hooks.again("dl_ep_1_e1", START_US)
    await pause(hooks, state="active")
    sent = await hooks.again("dl_ep_1_e1", START_US)

    assert (held and (held.state, held.round)) == ("held", 2)
    assert (sent and (sent.state, sent.round)) == ("pending", 2)


async def test_what_is_not_there_is_not_sent_again(ready: Scene) -> None:
    """Nor is anything sent to an endpoint that is no more."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    await hooks.remove_endpoint("ep_1")

    assert await hooks.again("dl_none", START_US) is None
    assert await hooks.again("dl_ep_1_e1", START_US) is None
    assert await states(hooks, "dl_ep_1_e1") == ["cancelled"]


async def test_a_cancelled_delivery_has_ended(ready: Scene) -> None:
    """With the reason and the time; the next one of its lane moves up."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k"), a_new(event="e2", lane="k"))

    after = await hooks.cancel("dl_ep_1_e1", LATER, "by anna")

    assert after is not None
    assert (after.state, after.reason, after.ended_at_us) == ("cancelled", "by anna", LATER)
    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["cancelled", "pending"]


async def test_cancelling_one_that_waits_moves_nobody(ready: Scene) -> None:
    """Queued or held."""
    hooks = ready.hooks
    await dispatch(hooks, *(a_new(event=f"e{n}", lane="k") for n in range(3)))
    await dispatch(hooks, a_new(event="e3", lane="k", held=True))

    await hooks.cancel("dl_ep_1_e1", LATER, "r")
    await hooks.cancel("dl_ep_1_e3", LATER, "r")

    assert await states(hooks, *(f"dl_ep_1_e{n}" for n in range(4))) == [
        *("pending", "cancelled", "queued", "cancelled"),
    ]


async def test_what_is_under_way_or_over_is_not_cancelled(ready: Scene) -> None:
    """It is returned as it is; what is not there is None."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new(event="e2"))
    one, two = await claim(hooks)
    await hooks.record([a_result(two)])

    under_way = await hooks.cancel("dl_ep_1_e1", LATER, "r")
    over = await hooks.cancel("dl_ep_1_e2", LATER, "r")

    assert under_way == one.delivery
    assert over is not None
    assert over.state == "delivered"
    assert await hooks.cancel("dl_none", LATER, "r") is None


async def test_counts_are_of_what_is_open(ready: Scene) -> None:
    """By endpoint and state; what has ended is not counted, nor who has nothing."""
    hooks = ready.hooks
    await dispatch(hooks, *(a_new(event=f"e{n}", lane="k") for n in range(4)), a_new(event="e9"))
    await dispatch(hooks, a_new("ep_2", "e1", held=True), a_new("ep_2", "e2", due_us=LATER))
    leased = await claim(hooks)
    await hooks.record([a_result(one) for one in leased if one.delivery.lane])

    assert await hooks.counts() == {
        "ep_1": {"queued": 2, "pending": 1, "sending": 1},
        "ep_2": {"held": 1, "pending": 1},
    }


async def in_every_state(ready: Scene) -> None:
    """Make seven deliveries of ep_1, e0 to e6 in the order of `STATES`, and one of ep_2."""
    hooks = ready.hooks
    for n, state in enumerate(STATES):
        ready.clock.now = START_US + n
        lane = "k" if state in {"queued", "sending"} else None
        held = state == "held"
        if state == "queued":
            await dispatch(hooks, a_new(event="head", lane="k", due_us=LATER))
        await dispatch(hooks, a_new(event=f"e{n}", lane=lane, held=held, due_us=LATER))
        if state == "sending":
            await hooks.cancel("dl_ep_1_head", LATER, "r")
    await dispatch(hooks, a_new("ep_2", "e5"))
    (leased,) = await claim(hooks)
    await hooks.record([a_result(leased, "dead")])
    for n in (4, 5):
        await hooks.again(f"dl_ep_1_e{n}", START_US)
    await hooks.record(
        [
            a_result(one, "dead" if one.delivery.event_id == "e5" else "delivered")
            for one in await claim(hooks)
        ]
    )
    await hooks.cancel("dl_ep_1_e6", LATER, "r")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({}, ["2e5", "e6", "e5", "e4", "e3", "e2", "e1", "e0", "head"], id="all"),
        pytest.param({"limit": 2}, ["2e5", "e6"], id="the newest"),
        pytest.param({"endpoint_id": "ep_2"}, ["2e5"], id="of one endpoint"),
        pytest.param({"event_id": "e5"}, ["2e5", "e5"], id="of one event"),
        pytest.param({"event_id": "e5", "endpoint_id": "ep_1"}, ["e5"], id="of a pair"),
        pytest.param({"states": ("dead",)}, ["2e5", "e5"], id="in one state"),
        pytest.param({"states": ("dead", "pending")}, ["2e5", "e5", "e1", "e0"], id="in two"),
        pytest.param({"states": STATES, "limit": 3}, ["2e5", "e6", "e5"], id="in any"),
        pytest.param({"states": ("dead", "dead")}, ["2e5", "e5"], id="said twice"),
        pytest.param(
            {"states": ("dead", "held"), "endpoint_id": "ep_1"}, ["e5", "e3"], id="unsent of one"
        ),
        pytest.param({"since_us": START_US + 5}, ["2e5", "e6", "e5"], id="since a time"),
        pytest.param({"since_us": START_US * 2}, [], id="since the future"),
        pytest.param(
            {"since_us": START_US + 1, "states": ("dead", "held"), "event_id": "e5"},
            ["2e5", "e5"],
            id="all together",
        ),
    ],
)
async def test_deliveries_are_found(
    ready: Scene, fields: dict[str, object], found: list[str]
) -> None:
    """By endpoint, event, state and time, together too; newest first, with their events."""
    await in_every_state(ready)

    query = DeliveryQuery(99)._replace(**fields)  # type: ignore[arg-type]
    page = await ready.hooks.deliveries(query)

    wanted = [f"dl_ep_2_{one[1:]}" if one[0] == "2" else f"dl_ep_1_{one}" for one in found]
    assert [delivery.id for delivery, _ in page] == wanted
    assert all(body == a_body(delivery.event_id) for delivery, body in page)


NARROWED = [
    pytest.param({}, id="all"),
    pytest.param({"states": ("pending", "dead", "held", "cancelled")}, id="in some states"),
    pytest.param({"endpoint_id": "ep_1"}, id="of an endpoint"),
    pytest.param({"endpoint_id": "ep_1", "states": ("delivered", "dead")}, id="sent by it"),
    pytest.param({"endpoint_id": "ep_1", "states": ("held", "dead")}, id="not sent by it"),
    pytest.param({"endpoint_id": "ep_1", "since_us": START_US + 2}, id="lately made for it"),
    pytest.param({"event_id": "e5"}, id="of an event"),
]


@pytest.mark.parametrize("fields", NARROWED)
async def test_a_page_of_deliveries_goes_on_behind_the_last(
    ready: Scene, fields: dict[str, object]
) -> None:
    """However it is narrowed, each is on one page."""
    await in_every_state(ready)
    query = DeliveryQuery(2)._replace(**fields)  # type: ignore[arg-type]
    whole = await ready.hooks.deliveries(query._replace(limit=99))

    found: list[tuple[Delivery, Body]] = []
    while page := await ready.hooks.deliveries(query):
        found += page
        query = query._replace(before=page[-1][0].seq)

    assert found == list(whole) != []


@pytest.mark.parametrize("fields", NARROWED)
async def test_deliveries_are_also_paged_from_the_oldest(
    ready: Scene, fields: dict[str, object]
) -> None:
    """What is sent again in order is looked through in order."""
    await in_every_state(ready)
    query = DeliveryQuery(99)._replace(**fields)  # type: ignore[arg-type]
    whole = await ready.hooks.deliveries(query)

    query = query._replace(limit=2, after=0)
    found: list[tuple[Delivery, Body]] = []
    while page := await ready.hooks.deliveries(query):
        found += page
        query = query._replace(after=page[-1][0].seq)

    assert found == [*reversed(whole)]


async def test_a_state_that_there_is_not_is_refused(ready: Scene) -> None:
    """It never comes to the database."""
    with pytest.raises(ValueError, match="expected states of queued"):
        await ready.hooks.deliveries(DeliveryQuery(9, states=("' OR 1=1",)))


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        pytest.param({}, ["2e1:1", "1e2:3", "1e1:2", "1e1:1"], id="all"),
        pytest.param({"limit": 1}, ["2e1:1"], id="the newest"),
        pytest.param({"endpoint_id": "ep_1"}, ["1e2:3", "1e1:2", "1e1:1"], id="of an endpoint"),
        pytest.param({"delivery_id": "dl_ep_1_e1"}, ["1e1:2", "1e1:1"], id="of a delivery"),
        pytest.param({"event_id": "e1"}, ["2e1:1", "1e1:2", "1e1:1"], id="of an event"),
        pytest.param({"endpoint_id": "ep_1", "before_receipt": 3}, ["1e1:2", "1e1:1"], id="page"),
        pytest.param({"endpoint_id": "ep_1", "event_id": "e1"}, ["1e1:2", "1e1:1"], id="of both"),
        pytest.param({"endpoint_id": "ep_9"}, [], id="of nobody"),
    ],
)
async def test_attempts_are_found(
    ready: Scene, fields: dict[str, object], found: list[str]
) -> None:
    """By endpoint, delivery or event; newest first, of an endpoint in pages by receipt."""
    hooks = ready.hooks
    for new in (a_new(), a_new(), a_new(event="e2"), a_new("ep_2")):
        await dispatch(hooks, new)
        await hooks.record([a_result(one, "dead") for one in await claim(hooks)])
        if new == a_new() and len(await hooks.attempts(AttemptQuery(9))) == 1:
            await hooks.again("dl_ep_1_e1", START_US)

    page = await hooks.attempts(AttemptQuery(99)._replace(**fields))  # type: ignore[arg-type]

    assert [f"{one.endpoint_id[-1]}{one.event_id}:{one.receipt}" for one in page] == found
