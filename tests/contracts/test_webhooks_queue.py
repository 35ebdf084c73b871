"""What every store promises those who make and send deliveries (`hub.stores.webhooks`)."""

from collections.abc import Sequence

import pytest

from hub.model.endpoint import Health
from hub.stores.webhooks import AttemptQuery, Grant, Lane, Step, Webhooks
from support.clocks import START_US
from support.webhook_scene import (
    LEASE_US,
    Scene,
    a_body,
    a_callback,
    a_new,
    a_result,
    an_endpoint,
    at_most,
    claim,
    dispatch,
    ids,
    pause,
    states,
)


@pytest.fixture
async def ready(scene: Scene) -> Scene:
    """A store with two endpoints."""
    for name in ("ep_1", "ep_2"):
        await scene.hooks.add_endpoint(an_endpoint(name))
    return scene


async def test_a_step_moves_the_cursor_and_makes_deliveries(ready: Scene) -> None:
    """Both or neither: what is made is due when it was said, by nobody tried, with its event."""
    hooks = ready.hooks
    revision = (await hooks.registry()).revision
    body = a_body(key="ä", text=b"\xff\x00", trace="00-1-2-03", offset=2**40)
    new = a_new(lane="k", due_us=START_US + 7)

    assert await hooks.dispatch(Step("contracts", 0, 3, revision, [body], [new]))

    assert await hooks.cursors() == {"contracts": 3}
    found = await hooks.delivery(new.id)
    assert found is not None
    delivery = found[0]
    assert found[1] == body
    assert delivery[4:] == ("k", "pending", START_US, START_US + 7, 1, 0, 0, "", 0, "", 0)
    assert (delivery.endpoint_id, delivery.event_id) == ("ep_1", "e1")


@pytest.mark.parametrize(
    ("after", "revision"),
    [
        pytest.param(0, 0, id="the cursor is another"),
        pytest.param(3, 1, id="the registry is another"),
        pytest.param(3, -1, id="the registry is an older one"),
    ],
)
async def test_a_step_from_elsewhere_is_not_taken(ready: Scene, after: int, revision: int) -> None:
    """Whole or not at all."""
    hooks = ready.hooks
    known = (await hooks.registry()).revision
    await hooks.dispatch(Step("contracts", 0, 3, known))

    step = Step("contracts", after, 9, known + revision, [a_body()], [a_new()])

    assert not await hooks.dispatch(step)
    assert await hooks.cursors() == {"contracts": 3}
    assert await hooks.delivery("dl_ep_1_e1") is None


async def test_a_step_is_taken_once(ready: Scene) -> None:
    """Who repeats it, after a crash or on another node, makes nothing."""
    hooks, other = ready.hooks, await ready.another()
    step = Step("contracts", 0, 1, (await hooks.registry()).revision, [a_body()], [a_new()])

    assert await hooks.dispatch(step)
    assert not await other.dispatch(step)
    assert await hooks.counts() == {"ep_1": {"pending": 1}}


async def test_cursors_are_a_channels_own(ready: Scene) -> None:
    """A channel that was never looked at is missing."""
    await dispatch(ready.hooks, channel="jobs")
    await dispatch(ready.hooks, channel="jobs")
    await dispatch(ready.hooks, channel="x_y")

    assert await ready.hooks.cursors() == {"jobs": 2, "x_y": 1}


async def test_of_a_pair_there_is_one_delivery(ready: Scene) -> None:
    """In one step and in two; the first one stays, and its place in the lane is its own."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k"), a_new(lane="k", id="dl_again"))
    (leased,) = await claim(hooks)
    await hooks.record([a_result(leased)])

    await dispatch(hooks, a_new(lane="k", id="dl_late"), a_new(lane="k", event="e2"))

    assert await states(hooks, "dl_ep_1_e1", "dl_again", "dl_late") == ["delivered", "none", "none"]
    assert await states(hooks, "dl_ep_1_e2") == ["pending"]


async def test_a_pair_that_is_made_twice_does_not_queue_behind_itself(ready: Scene) -> None:
    """The next one of its lane is queued behind the one that is there."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k"))
    await dispatch(hooks, a_new(lane="k", id="dl_again"), a_new(lane="k", event="e2"))

    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["pending", "queued"]


async def test_an_event_is_kept_once(ready: Scene) -> None:
    """For all its endpoints, as it was first."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new("ep_2"))
    revision = (await hooks.registry()).revision
    await hooks.add_endpoint(an_endpoint("ep_3"))
    step = Step("jobs", 0, 1, revision + 1, [a_body(text=b"other")], [a_new("ep_3")])
    assert await hooks.dispatch(step)

    found = [await hooks.delivery(f"dl_ep_{n}_e1") for n in (1, 2, 3)]
    assert {one[1].text for one in found if one} == {a_body().text}


async def test_a_body_that_goes_nowhere_is_not_kept(ready: Scene) -> None:
    """Nothing would ever forget it."""
    hooks = ready.hooks
    revision = (await hooks.registry()).revision
    bodies = [a_body("e1", text=b"first"), a_body("e2")]
    await hooks.dispatch(Step("contracts", 0, 1, revision, bodies, [a_new(event="e2")]))
    await dispatch(hooks, a_new(event="e1"))

    found = await hooks.delivery("dl_ep_1_e1")
    assert found is not None
    assert found[1].text == a_body().text


async def test_in_a_lane_only_the_first_is_pending(ready: Scene) -> None:
    """Within a step and behind those that are there; other lanes and endpoints are apart."""
    hooks = ready.hooks
    await dispatch(
        hooks,
        *(a_new(event="e1", lane="k"), a_new(event="e2", lane="k"), a_new(event="e3", lane="l")),
        *(a_new("ep_2", "e1", lane="k"), a_new(event="e4"), a_new(event="e5")),
    )
    await claim(hooks, limit=1)
    await dispatch(hooks, a_new(event="e6", lane="k"), a_new("ep_2", "e2", lane="l"))

    found = await states(hooks, *(f"dl_ep_1_e{n}" for n in range(1, 7)))
    assert found == ["sending", "queued", "pending", "pending", "pending", "queued"]
    assert await states(hooks, "dl_ep_2_e1", "dl_ep_2_e2") == ["pending", "pending"]


async def test_what_is_held_is_made_and_not_sent(ready: Scene) -> None:
    """And is in nobody's way."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k", held=True), a_new(event="e2", lane="k"))

    assert ids(await claim(hooks)) == ["dl_ep_1_e2"]
    assert await states(hooks, "dl_ep_1_e1") == ["held"]


async def test_a_lease_comes_with_all_that_sending_needs(ready: Scene) -> None:
    """The delivery as it is from then on, its endpoint and its event."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())

    (leased,) = await claim(hooks)

    stored = await hooks.delivery("dl_ep_1_e1")
    endpoint = await hooks.endpoint("ep_1")
    assert (leased.delivery, leased.body) == stored
    assert endpoint is not None
    assert leased.endpoint == endpoint[0]
    lease = leased.delivery
    assert (lease.state, lease.worker, lease.lease_until_us) == (
        "sending",
        "w1",
        START_US + LEASE_US,
    )
    assert (lease.token, lease.attempts) == (1, 0)


async def test_only_what_is_due_is_leased_in_that_order(ready: Scene) -> None:
    """By the time it is due, over all endpoints, then as it was made."""
    hooks = ready.hooks
    due = (("ep_1", 5), ("ep_2", 3), ("ep_1", 3), ("ep_2", 9), ("ep_2", 10), ("ep_1", 4))
    await dispatch(
        hooks, *(a_new(name, f"e{n}", due_us=START_US + at) for n, (name, at) in enumerate(due))
    )

    assert ids(await claim(hooks, START_US + 9)) == [
        *("dl_ep_2_e1", "dl_ep_1_e2", "dl_ep_1_e5", "dl_ep_1_e0", "dl_ep_2_e3"),
    ]
    assert await claim(hooks, START_US + 9) == []


async def test_no_more_than_the_limit_is_leased(ready: Scene) -> None:
    """Whatever is granted; what is due first comes first in its lane."""
    hooks = ready.hooks
    await dispatch(hooks, *(a_new(event=f"e{n}", due_us=START_US - n) for n in range(5)))

    assert ids(await claim(hooks, limit=2)) == ["dl_ep_1_e4", "dl_ep_1_e3"]


async def test_lanes_come_in_turn_behind_the_one_served_last(scene: Scene) -> None:
    """Then around, so that nobody waits for ever; only those that have something due."""
    hooks = scene.hooks
    for n in range(5):
        await hooks.add_endpoint(an_endpoint(f"ep_{n}"))
    await dispatch(
        hooks, *(a_new(f"ep_{n}", due_us=START_US + (99 if n == 3 else 0)) for n in range(5))
    )
    asked: list[list[str]] = []

    def allot(lanes: Sequence[Lane]) -> list[Grant]:
        asked.append([lane.endpoint.id for lane in lanes])
        return []

    await claim(hooks, allot=allot, after="ep_1")
    await claim(hooks, allot=allot)
    await claim(hooks, allot=allot, after="ep_9")

    turns = [name for lanes in asked[:-2] for name in lanes]
    assert turns[:4] == ["ep_2", "ep_4", "ep_0", "ep_1"]
    assert [name for lanes in asked for name in lanes][-4:] == ["ep_0", "ep_1", "ep_2", "ep_4"]


async def test_a_turn_serves_everybody(scene: Scene) -> None:
    """One after the other, as many as there are, each the one behind the last."""
    hooks = scene.hooks
    names = [f"ep_{n:03}" for n in range(150)]
    for name in names:
        await hooks.add_endpoint(an_endpoint(name))
    await dispatch(hooks, *(a_new(name, f"e{n}") for n in range(2) for name in names))
    served: list[str] = []

    for _ in range(30):
        leased = await claim(hooks, limit=10, after=served[-1] if served else "", allot=at_most(1))
        served += sorted(one.endpoint.id for one in leased)
        await hooks.record([a_result(one) for one in leased])

    assert served == names * 2


async def test_what_is_left_out_gets_nothing(ready: Scene) -> None:
    """And nobody else is kept from what is theirs."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new("ep_2"), a_new("ep_2", "e2"))

    def allot(lanes: Sequence[Lane]) -> list[Grant]:
        return [Grant("ep_2", 1, lane.health) for lane in lanes if lane.endpoint.id == "ep_2"]

    assert ids(await claim(hooks, allot=allot)) == ["dl_ep_2_e1"]
    assert await states(hooks, "dl_ep_1_e1", "dl_ep_2_e2") == ["pending", "pending"]


async def test_a_lane_tells_what_is_under_way_for_all_workers(ready: Scene) -> None:
    """With its health, and how many are due."""
    hooks, other = ready.hooks, await ready.another()
    await dispatch(hooks, *(a_new(event=f"e{n}") for n in range(6)), a_new("ep_2"))
    await claim(hooks, allot=at_most(2), limit=3)
    seen: list[Lane] = []

    def allot(lanes: Sequence[Lane]) -> list[Grant]:
        seen.extend(lanes)
        return []

    await claim(other, worker="w2", allot=allot)

    (lane,) = {lane.endpoint.id: lane for lane in seen if lane.endpoint.id == "ep_1"}.values()
    assert (lane.sending, lane.due, lane.health) == (2, 4, Health())


async def test_health_is_as_granted_where_something_was_leased(ready: Scene) -> None:
    """So the rate and the probe of a circuit hold for all workers; else it stays."""
    hooks, other = ready.hooks, await ready.another()
    await dispatch(hooks, a_new())

    def allot(lanes: Sequence[Lane]) -> list[Grant]:
        return [
            Grant(lane.endpoint.id, 0 if lane.health.probe_us else 1, Health(probe_us=7))
            for lane in lanes
        ]

    await claim(
        hooks, allot=lambda lanes: [Grant(o.endpoint.id, 0, Health(openings=1)) for o in lanes]
    )
    assert (await health_of(other, "ep_1")) == Health()
    assert len(await claim(hooks, allot=allot)) == 1
    assert (await health_of(other, "ep_1")) == Health(probe_us=7)
    await dispatch(hooks, a_new(event="e2"))
    assert await claim(other, allot=allot) == []


async def test_each_is_leased_to_one_worker(ready: Scene) -> None:
    """The second finds nothing."""
    other = await ready.another()
    await dispatch(ready.hooks, a_new())

    assert len(await claim(ready.hooks)) == 1
    assert await claim(other, worker="w2") == []


async def test_a_lease_that_has_ended_goes_to_another_without_an_attempt(ready: Scene) -> None:
    """In the same claim that finds it; under a new token, and in a lane it still is the head."""
    hooks, other = ready.hooks, await ready.another()
    await dispatch(hooks, a_new(lane="k"), a_new(event="e2", lane="k"))
    await claim(hooks)

    assert await claim(other, START_US + LEASE_US - 1, worker="w2") == []
    (leased,) = await claim(other, START_US + LEASE_US, worker="w2")

    assert (leased.delivery.id, leased.delivery.worker) == ("dl_ep_1_e1", "w2")
    assert (leased.delivery.token, leased.delivery.attempts) == (2, 0)
    assert await states(hooks, "dl_ep_1_e2") == ["queued"]


async def test_a_lease_that_has_ended_at_a_paused_endpoint_is_held(ready: Scene) -> None:
    """Nothing is sent there, and who waits behind it goes on when the endpoint does."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k"))
    await claim(hooks)
    await pause(hooks)

    assert await claim(hooks, START_US + LEASE_US) == []
    assert await states(hooks, "dl_ep_1_e1") == ["held"]


async def test_nothing_is_leased_at_a_paused_endpoint(ready: Scene) -> None:
    """Nor asked about."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new("ep_2"))
    await pause(hooks)

    assert ids(await claim(hooks)) == ["dl_ep_2_e1"]


async def test_callbacks_are_claimed_like_endpoints(scene: Scene) -> None:
    """They are endpoints for one end."""
    await scene.hooks.add_endpoint(a_callback())
    await dispatch(scene.hooks, a_new("cb_1"))

    (leased,) = await claim(scene.hooks)
    assert leased.endpoint == a_callback()


async def test_a_lease_can_be_prolonged(ready: Scene) -> None:
    """Then it does not end before; tokens that are not the last one have lost it."""
    hooks, other = ready.hooks, await ready.another()
    await dispatch(hooks, *(a_new(event=f"e{n}") for n in range(4)))
    await claim(hooks, limit=3)
    later = START_US + 2 * LEASE_US
    leases = {"dl_ep_1_e0": 1, "dl_ep_1_e1": 9, "dl_ep_1_e3": 0, "dl_none": 1}

    lost = await other.renew(leases, later)

    assert sorted(lost) == ["dl_ep_1_e1", "dl_ep_1_e3", "dl_none"]
    due = sorted(ids(await claim(hooks, START_US + LEASE_US)))
    assert due == ["dl_ep_1_e1", "dl_ep_1_e2", "dl_ep_1_e3"]
    assert await hooks.renew({"dl_ep_1_e1": 1}, later) == ["dl_ep_1_e1"]


async def test_what_is_given_back_is_due_at_a_time_without_an_attempt(ready: Scene) -> None:
    """Under the next token; in a lane it still is the head."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(lane="k"), a_new(event="e2", lane="k"))
    await claim(hooks)

    await hooks.release({"dl_ep_1_e1": 1}, START_US + 5)

    assert await claim(hooks, START_US + 4) == []
    (leased,) = await claim(hooks, START_US + 5)
    assert leased.delivery[:6] == (
        *("dl_ep_1_e1", leased.delivery.seq, "ep_1", "e1", "k", "sending"),
    )
    assert (leased.delivery.token, leased.delivery.attempts) == (2, 0)


async def test_only_a_lease_one_has_is_given_back(ready: Scene) -> None:
    """What is another's stays as it is."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(), a_new(event="e2", due_us=START_US + 9))
    await claim(hooks)

    await hooks.release({"dl_ep_1_e1": 2, "dl_ep_1_e2": 0, "dl_none": 1}, START_US)

    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["sending", "pending"]
    assert await hooks.next_due_us() == START_US + 9


async def test_what_is_given_back_to_a_paused_endpoint_is_held(ready: Scene) -> None:
    """It is not to be sent."""
    hooks = ready.hooks
    await dispatch(hooks, a_new())
    await claim(hooks)
    await pause(hooks)

    await hooks.release({"dl_ep_1_e1": 1}, START_US)

    assert await states(hooks, "dl_ep_1_e1") == ["held"]


async def test_when_the_next_one_is_due(ready: Scene) -> None:
    """The soonest of all that is pending, or of the leases that end, at active endpoints."""
    hooks = ready.hooks
    assert await hooks.next_due_us() is None
    await dispatch(
        hooks,
        *(a_new(event="e1", due_us=START_US + 9), a_new("ep_2", "e1", due_us=START_US + 7)),
        *(a_new("ep_2", "e2", due_us=START_US + 8), a_new("ep_2", "e3", held=True)),
    )
    assert await hooks.next_due_us() == START_US + 7
    await claim(hooks, START_US + 7, until_us=START_US + 20)
    assert await hooks.next_due_us() == START_US + 8
    await pause(hooks, "ep_2")
    assert await hooks.next_due_us() == START_US + 9
    await claim(hooks, START_US + 9, until_us=START_US + 30)
    assert await hooks.next_due_us() == START_US + 30


async def test_what_ended_before_a_time_is_forgotten(ready: Scene) -> None:
    """With its attempts, and its event where nobody else needs it; what is open never is."""
    hooks = ready.hooks
    late = a_new(event="e3", due_us=START_US + 9)
    await dispatch(hooks, a_new(), a_new("ep_2"), a_new(event="e2"), late)
    leased = {one.delivery.id: one for one in await claim(hooks)}
    await hooks.record(
        [
            a_result(leased["dl_ep_1_e1"], ended_at_us=START_US + 1),
            a_result(leased["dl_ep_2_e1"], ended_at_us=START_US + 2),
            a_result(leased["dl_ep_1_e2"], state="dead", ended_at_us=START_US + 1),
        ]
    )

    assert await hooks.forget_deliveries(START_US + 1, 10) == 0
    assert await hooks.forget_deliveries(START_US + 2, 10) == 2
    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2", "dl_ep_1_e3", "dl_ep_2_e1") == [
        *("none", "none", "pending", "delivered"),
    ]
    assert [one.delivery_id for one in await hooks.attempts(AttemptQuery(9))] == ["dl_ep_2_e1"]
    await dispatch(hooks, a_new(), a_new(event="e2"))
    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["pending", "pending"]


async def test_little_is_forgotten_at_a_time(ready: Scene) -> None:
    """Those that ended first."""
    hooks = ready.hooks
    await dispatch(hooks, *(a_new(event=f"e{n}") for n in range(3)))
    leased = await claim(hooks)
    await hooks.record(
        [a_result(one, ended_at_us=START_US + 9 - n) for n, one in enumerate(leased)]
    )

    assert await hooks.forget_deliveries(START_US * 2, 2) == 2
    assert await states(hooks, *(f"dl_ep_1_e{n}" for n in range(3))) == [
        "delivered",
        "none",
        "none",
    ]


async def test_a_callback_that_has_fired_is_forgotten_with_its_delivery(scene: Scene) -> None:
    """One that has not fired stays, however old."""
    hooks = scene.hooks
    for name in ("cb_1", "cb_2"):
        await hooks.add_endpoint(a_callback(name))
    await dispatch(hooks, a_new("cb_1"))
    (leased,) = await claim(hooks)
    await hooks.record([a_result(leased, endpoint={"state": "disabled"})])

    assert await hooks.forget_deliveries(START_US * 2, 9) == 1
    assert [one.id for one in await hooks.callbacks("job", "j1", 9)] == ["cb_2"]
    assert await hooks.endpoint("cb_1") is None


async def health_of(hooks: Webhooks, name: str) -> Health:
    """Return the health of an endpoint."""
    found = await hooks.endpoint(name)
    assert found is not None
    return found[1]
