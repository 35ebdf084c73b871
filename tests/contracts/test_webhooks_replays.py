"""What every store promises of replays, and of what the hub's own receiver keeps."""

from typing import Any

import pytest
from msgspec.structs import replace

from hub.model.delivery import NewDelivery
from hub.stores.webhooks import Webhooks
from support.clocks import START_US
from support.webhook_scene import (
    Scene,
    a_body,
    a_new,
    a_replay,
    a_request,
    a_result,
    an_endpoint,
    claim,
    dispatch,
    pause,
    states,
)

FULL: dict[str, Any] = {
    "states": ("dead",),
    "event_types": ("job_*", "contract.update"),
    "since_us": 3,
    "channel": "jobs",
    "after": 0,
    "cursor": 2**40,
    "seen": 4,
    "again": 5,
    "state": "done",
    "ended_at_us": 6,
}


@pytest.fixture
async def ready(scene: Scene) -> Scene:
    """A store with an endpoint, a delivery that is dead and one that is held."""
    hooks = scene.hooks
    await hooks.add_endpoint(an_endpoint())
    await dispatch(hooks, a_new(), a_new(event="e2", held=True))
    (leased,) = await claim(hooks)
    await hooks.record([a_result(leased, "dead")])
    return scene


async def step(hooks: Webhooks, *again: str, new: tuple[NewDelivery, ...] = ()) -> bool:
    """Take a replay one step on."""
    replay = await hooks.replay("rp_1")
    assert replay is not None
    then = replace(replay, cursor=replay.cursor + 1)
    bodies = [a_body(one.event_id) for one in new]
    return await hooks.replay_step(replay, then, again, new, bodies)


async def test_a_replay_is_kept_whole(scene: Scene) -> None:
    """Every field; one that is not there is None."""
    await scene.hooks.add_replay(a_replay(**FULL))

    assert await scene.hooks.replay("rp_1") == a_replay(**FULL)
    assert await (await scene.another()).replay("rp_1") == a_replay(**FULL)
    assert await scene.hooks.replay("rp_2") is None


async def test_replays_come_newest_first(scene: Scene) -> None:
    """By time, then by id; those that run alone, where asked."""
    for name, at_us, state in (("rp_1", 5, "running"), ("rp_2", 9, "done"), ("rp_3", 5, "running")):
        await scene.hooks.add_replay(a_replay(name, created_at_us=at_us, state=state))

    assert [one.id for one in await scene.hooks.replays(2)] == ["rp_2", "rp_3"]
    assert [one.id for one in await scene.hooks.replays(9, running=True)] == ["rp_3", "rp_1"]


async def test_one_that_runs_is_cancelled(ready: Scene) -> None:
    """What it has made due stays due, and it goes no farther."""
    hooks = ready.hooks
    await hooks.add_replay(a_replay())
    await step(hooks, "dl_ep_1_e1")
    before = await hooks.replay("rp_1")
    assert before is not None

    cancelled = await hooks.cancel_replay("rp_1", START_US + 7)

    assert cancelled == replace(before, state="cancelled", ended_at_us=START_US + 7)
    assert await hooks.replay("rp_1") == cancelled
    assert await hooks.replays(9, running=True) == []
    assert await states(hooks, "dl_ep_1_e1") == ["pending"]
    assert not await hooks.replay_step(before, before, ["dl_ep_1_e2"], (), ())
    assert await states(hooks, "dl_ep_1_e2") == ["held"]


async def test_one_that_has_ended_is_not_cancelled(scene: Scene) -> None:
    """It is returned as it is; one that is not there is None."""
    await scene.hooks.add_replay(a_replay(**FULL))

    assert await scene.hooks.cancel_replay("rp_1", START_US) == a_replay(**FULL)
    assert await scene.hooks.cancel_replay("rp_2", START_US) is None


async def test_a_step_sends_again_and_notes_how_far_it_came(ready: Scene) -> None:
    """What has ended, in a new round, and what is held; due now."""
    hooks = ready.hooks
    await hooks.add_replay(a_replay())
    ready.clock.advance(1)

    assert await step(hooks, "dl_ep_1_e1", "dl_ep_1_e2", "dl_none")

    found = [await hooks.delivery(name) for name in ("dl_ep_1_e1", "dl_ep_1_e2")]
    assert [(d.state, d.round, d.due_us) for d, _ in filter(None, found)] == [
        ("pending", 2, ready.clock.now), ("pending", 1, ready.clock.now),
    ]  # fmt: skip
    assert await hooks.replay("rp_1") == a_replay(cursor=1)


async def test_a_step_is_taken_from_where_the_replay_is(ready: Scene) -> None:
    """Two workers do not send the same again, nor does one that comes back after a crash."""
    hooks, other = ready.hooks, await ready.another()
    await hooks.add_replay(a_replay())
    here = await hooks.replay("rp_1")
    assert here is not None
    then = replace(here, cursor=5, seen=1, again=1)

    assert await hooks.replay_step(here, then, ["dl_ep_1_e1"], (), ())
    assert not await other.replay_step(here, then, ["dl_ep_1_e2"], (), ())
    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2") == ["pending", "held"]
    assert await hooks.replay("rp_1") == then


async def test_a_replay_that_is_no_more_sends_nothing(ready: Scene) -> None:
    """False."""
    assert not await ready.hooks.replay_step(a_replay(), a_replay(), ["dl_ep_1_e1"], (), ())
    assert await states(ready.hooks, "dl_ep_1_e1") == ["dead"]


async def test_a_step_makes_what_the_endpoint_never_got(ready: Scene) -> None:
    """With its event, in its lane."""
    hooks = ready.hooks
    await hooks.add_replay(a_replay())

    new = (a_new(event="e8", lane="k"), a_new(event="e9", lane="k"))

    assert await step(hooks, new=new)
    assert await states(hooks, "dl_ep_1_e8", "dl_ep_1_e9") == ["pending", "queued"]
    found = await hooks.delivery("dl_ep_1_e9")
    assert found is not None
    assert found[1] == a_body("e9")


async def test_a_pair_that_has_a_delivery_is_sent_again_instead(ready: Scene) -> None:
    """If it has ended or is held; what is on its way is left alone."""
    hooks = ready.hooks
    await dispatch(hooks, a_new(event="e3", due_us=START_US + 9))
    await hooks.add_replay(a_replay())
    new = tuple(a_new(event=f"e{n}", id=f"dl_new_{n}", due_us=START_US + 1) for n in (1, 2, 3))

    assert await step(hooks, new=new)

    found = [await hooks.delivery(f"dl_ep_1_e{n}") for n in (1, 2, 3)]
    assert [(d.state, d.round, d.due_us - START_US) for d, _ in filter(None, found)] == [
        ("pending", 2, 1), ("pending", 1, 1), ("pending", 1, 9),
    ]  # fmt: skip
    assert await states(hooks, *(one.id for one in new)) == ["none", "none", "none"]


async def test_a_replay_to_a_paused_endpoint_makes_held_ones(ready: Scene) -> None:
    """Nothing is sent until it goes on, and is asked to once more."""
    hooks = ready.hooks
    await hooks.add_replay(a_replay())
    await pause(hooks)

    assert await step(hooks, "dl_ep_1_e1", new=(a_new(event="e9"),))

    assert await states(hooks, "dl_ep_1_e1", "dl_ep_1_e9") == ["held", "held"]


async def test_a_replay_to_a_removed_endpoint_makes_nothing(ready: Scene) -> None:
    """It only comes to its end."""
    hooks = ready.hooks
    await hooks.add_replay(a_replay())
    await hooks.remove_endpoint("ep_1")

    assert await step(hooks, "dl_ep_1_e1", new=(a_new(event="e9"), a_new(event="e2")))

    found = await states(hooks, "dl_ep_1_e1", "dl_ep_1_e2", "dl_ep_1_e9")
    assert found == ["dead", "cancelled", "none"]


async def test_replays_that_ended_are_forgotten(scene: Scene) -> None:
    """Those that ended before a time, the oldest first, so many at a time; not what runs."""
    hooks = scene.hooks
    for name, made_us, ended_us in (
        *(("rp_1", 1, 5), ("rp_2", 2, 6), ("rp_3", 3, 9), ("rp_4", 9, 10), ("rp_5", 4, 5)),
    ):
        state = "cancelled" if name == "rp_5" else "done"
        job = a_replay(name, created_at_us=made_us, ended_at_us=ended_us, state=state)
        await hooks.add_replay(job)
    await hooks.add_replay(a_replay("rp_6", created_at_us=1))

    assert await hooks.forget_replays(9, 2) == 2
    assert {one.id for one in await hooks.replays(9)} == {"rp_3", "rp_4", "rp_5", "rp_6"}
    assert await hooks.forget_replays(9, 2) == 1
    assert await hooks.forget_replays(9, 2) == 0
    assert {one.id for one in await hooks.replays(9)} == {"rp_3", "rp_4", "rp_6"}


async def test_what_came_is_kept_as_it_came(scene: Scene) -> None:
    """Newest first, a client's own."""
    first, second = a_request(name="rq_1"), a_request(name="rq_2", at_us=START_US - 5)
    for request in (first, second, a_request("c2")):
        assert await scene.hooks.keep(request, 9, 9)

    assert await scene.hooks.received("c1", 9) == [second, first]
    assert await scene.hooks.received("c1", 1) == [second]
    assert await scene.hooks.received("c3", 9) == []


async def test_of_a_client_the_newest_are_kept(scene: Scene) -> None:
    """Whoever sends more pushes out their own alone."""
    await scene.hooks.keep(a_request("c2"), 3, 9)
    for n in range(5):
        await scene.hooks.keep(a_request(name=f"rq_{n}"), 3, 9)

    kept = [one.id for one in await scene.hooks.received("c1", 9)]
    assert kept == ["rq_4", "rq_3", "rq_2"]
    assert len(await scene.hooks.received("c2", 9)) == 1


async def test_there_are_so_many_clients(scene: Scene) -> None:
    """Those that are there go on; a new one has room when an old one is forgotten."""
    hooks = scene.hooks
    await hooks.keep(a_request("c1", at_us=1), 9, 2)
    await hooks.keep(a_request("c2", at_us=2), 9, 2)

    assert not await hooks.keep(a_request("c3"), 9, 2)
    assert await hooks.keep(a_request("c1", "rq_2", at_us=1), 9, 2)
    assert await hooks.received("c3", 9) == []
    assert await hooks.forget_received(2) == 2
    assert await hooks.keep(a_request("c3"), 9, 2)
    assert [len(await hooks.received(name, 9)) for name in ("c1", "c2", "c3")] == [0, 1, 1]
