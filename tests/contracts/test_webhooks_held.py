"""What every store promises of what was held, once its endpoint goes on (`hub.stores.clearing`)."""

import pytest

from hub.model.endpoint import Clearing
from hub.stores.clearing import Clear, Cleared
from hub.stores.webhooks import Step, Webhooks
from support.clocks import START_US
from support.webhook_scene import (
    Scene,
    a_body,
    a_new,
    a_replay,
    a_result,
    an_endpoint,
    claim,
    clear,
    dispatch,
    ids,
    pause,
    resume,
    states,
)

NAMES = [f"dl_ep_1_e{n}" for n in range(1, 10)]


@pytest.fixture
async def held(scene: Scene) -> Scene:
    """A store with a paused endpoint for which five are held: four in two lanes, one in none."""
    hooks = scene.hooks
    await hooks.add_endpoint(an_endpoint())
    await pause(hooks)
    lanes = ("k", "l", "k", None, "l")
    await dispatch(
        hooks, *(a_new(event=f"e{n}", lane=lane, held=True) for n, lane in enumerate(lanes, 1))
    )
    return scene


async def clearing(hooks: Webhooks) -> Clearing | None:
    """Return what the endpoint says of it."""
    found = await hooks.endpoint("ep_1")
    assert found is not None
    return found[0].clearing


async def test_what_was_held_is_sent_in_its_order(held: Scene) -> None:
    """The first one of each lane is pending, those behind it are queued."""
    hooks = held.hooks
    await resume(hooks)

    cleared = await clear(hooks)

    assert cleared == Cleared(5, 0, done=True)
    assert await states(hooks, *NAMES[:5]) == ["pending", "pending", "queued", "pending", "queued"]
    assert ids(await claim(hooks)) == [NAMES[0], NAMES[1], NAMES[3]]
    assert await clearing(hooks) is None


async def test_nothing_is_sent_by_the_resume_alone(held: Scene) -> None:
    """A million may be held: it only says what is to become of them, page by page."""
    hooks = held.hooks
    await resume(hooks)

    assert await hooks.counts() == {"ep_1": {"held": 5}}
    assert await clearing(hooks) == Clearing()


async def test_a_page_is_the_oldest_of_what_is_held(held: Scene) -> None:
    """And a lane goes on over the end of a page."""
    hooks = held.hooks
    await resume(hooks)

    assert await clear(hooks, limit=2) == Cleared(2, 0, done=False)
    assert await states(hooks, *NAMES[:5]) == ["pending", "pending", "held", "held", "held"]
    (first, _) = await claim(hooks)
    await hooks.record([a_result(first)])
    assert await clear(hooks, limit=2) == Cleared(2, 0, done=False)
    assert await states(hooks, *NAMES[:5]) == ["delivered", "sending", "pending", "pending", "held"]
    assert await clear(hooks, limit=2) == Cleared(1, 0, done=True)
    assert await clear(hooks, limit=2) is None
    assert await states(hooks, NAMES[4]) == ["queued"]


async def test_a_full_page_is_never_the_last_one(held: Scene) -> None:
    """Whether there are more is seen by the next one alone."""
    hooks = held.hooks
    await resume(hooks)

    assert await clear(hooks, limit=5) == Cleared(5, 0, done=False)
    assert await clearing(hooks) == Clearing()
    assert await clear(hooks, limit=5) == Cleared(0, 0, done=True)


async def test_what_comes_meanwhile_is_held_behind(held: Scene) -> None:
    """Of its lane nothing overtakes; the last page has it, too."""
    hooks = held.hooks
    await resume(hooks)
    await clear(hooks, limit=4)
    known = await hooks.registry()
    assert [one.holds for one in known.endpoints] == [True]
    await dispatch(hooks, a_new(event="e6", lane="l", held=True))

    assert await clear(hooks, limit=4) == Cleared(2, 0, done=True)

    found = await states(hooks, *NAMES[:6])
    assert found == ["pending", "pending", "queued", "pending", "queued", "queued"]


async def test_a_step_that_was_chosen_before_the_end_is_not_taken(held: Scene) -> None:
    """What it would hold, nobody would send any more."""
    hooks, other = held.hooks, await held.another()
    await resume(hooks)
    revision = (await other.registry()).revision
    cursor = (await other.cursors())["contracts"]
    step = Step(
        "contracts", cursor, cursor + 1, revision, [a_body("e6")], [a_new(event="e6", held=True)]
    )

    await clear(hooks)

    assert not await other.dispatch(step)
    assert [one.holds for one in (await other.registry()).endpoints] == [False]


async def test_who_is_paused_again_holds_again(held: Scene) -> None:
    """What was sent meanwhile is sent, the rest keeps its order."""
    hooks = held.hooks
    await resume(hooks)
    await clear(hooks, limit=3)
    await pause(hooks)

    assert await clear(hooks) is None
    assert await hooks.counts() == {"ep_1": {"held": 5}}
    await resume(hooks)
    await clear(hooks)
    assert await states(hooks, *NAMES[:5]) == ["pending", "pending", "queued", "pending", "queued"]


async def test_what_is_under_way_is_the_first_of_its_lane(held: Scene) -> None:
    """It was leased before the pause: what is held waits behind it, and it is tried again first."""
    hooks = held.hooks
    await pause(hooks, state="active")
    await dispatch(hooks, a_new(event="e6", lane="m"), a_new(event="e7", lane="m"))
    (leased,) = await claim(hooks)
    await pause(hooks)
    await resume(hooks)
    await clear(hooks)

    assert await states(hooks, *NAMES[5:7]) == ["sending", "queued"]
    await hooks.record([a_result(leased, "pending")])
    assert await states(hooks, *NAMES[5:7]) == ["pending", "queued"]


async def test_what_was_to_be_tried_later_is_tried_now(held: Scene) -> None:
    """Whoever resumes has mended what was wrong; what was due before keeps its place."""
    hooks = held.hooks
    await dispatch(
        hooks,
        a_new(event="e6", held=True, due_us=START_US - 5),
        a_new(event="e7", held=True, due_us=START_US + 5),
    )
    await resume(hooks)
    await clear(hooks)

    found = [await hooks.delivery(name) for name in NAMES[5:7]]
    assert [row.due_us for row, _ in filter(None, found)] == [START_US - 5, START_US]


async def test_what_is_discarded_is_over_and_what_came_later_is_sent(held: Scene) -> None:
    """By the order in which they were made, not by any time."""
    hooks = held.hooks
    third = await hooks.delivery(NAMES[2])
    assert third is not None
    await resume(hooks, discard=third[0].seq)

    assert await clear(hooks) == Cleared(2, 3, done=True)

    found = await states(hooks, *NAMES[:5])
    assert found == ["cancelled", "cancelled", "cancelled", "pending", "pending"]
    first = await hooks.delivery(NAMES[0])
    assert first is not None
    assert (first[0].reason, first[0].ended_at_us) == ("discarded", START_US)


async def test_what_must_not_be_read_any_more_is_not_sent(held: Scene) -> None:
    """It is asked for each, with the channel and the owner of its event."""
    hooks = held.hooks
    await resume(hooks)
    asked: list[tuple[str, str, str]] = []

    def nothing(endpoint: object, channel: str, owner: str) -> bool:
        asked.append((getattr(endpoint, "id", ""), channel, owner))
        return False

    cleared = await hooks.clear_held(Clear("ep_1", 2, START_US, nothing))

    assert cleared == Cleared(0, 2, done=False)
    assert asked == [("ep_1", "contracts", "bob")] * 2
    first = await hooks.delivery(NAMES[0])
    assert first is not None
    assert (first[0].state, first[0].reason) == ("cancelled", "unreadable")


@pytest.mark.parametrize("state", ["paused", "active"])
async def test_an_endpoint_that_does_not_clear_keeps_what_is_held(held: Scene, state: str) -> None:
    """Nothing happens; nor where there is no such endpoint."""
    await pause(held.hooks, state=state)

    assert await clear(held.hooks) is None
    assert await clear(held.hooks, "ep_9") is None
    assert await held.hooks.counts() == {"ep_1": {"held": 5}}


async def test_what_is_sent_again_meanwhile_waits_for_its_turn(held: Scene) -> None:
    """What is held, or has ended, does not overtake; what waits already does not go back."""
    hooks = held.hooks
    await pause(hooks, state="active")
    await dispatch(hooks, a_new(event="e6", lane="m"))
    (leased,) = await claim(hooks)
    await hooks.record([a_result(leased, "dead")])
    await pause(hooks)
    await resume(hooks)
    await clear(hooks, limit=3)

    for name in (NAMES[0], NAMES[2], NAMES[4], NAMES[5]):
        await hooks.again(name, START_US)

    found = await states(hooks, NAMES[0], NAMES[2], NAMES[4], NAMES[5])
    assert found == ["pending", "queued", "held", "held"]
    await clear(hooks)
    assert await states(hooks, NAMES[4], NAMES[5]) == ["queued", "pending"]


async def test_a_replay_meanwhile_makes_held_ones(held: Scene) -> None:
    """They come behind what was held before."""
    hooks = held.hooks
    await resume(hooks)
    job = a_replay()
    await hooks.add_replay(job)

    await hooks.replay_step(job, job, (), [a_new(event="e8", lane="k")], [a_body("e8")])

    assert await states(hooks, NAMES[7]) == ["held"]
    await clear(hooks)
    assert await states(hooks, NAMES[7]) == ["queued"]


async def test_whoever_was_killed_is_followed_by_another(held: Scene) -> None:
    """Each page is whole or not there, and knows by itself where it begins."""
    hooks, other = held.hooks, await held.another()
    await resume(hooks)
    await clear(hooks, limit=1)

    pages = [await clear(node, limit=2) for node in (other, hooks, other)]

    assert pages == [Cleared(2, 0, done=False), Cleared(2, 0, done=False), Cleared(0, 0, done=True)]
    assert await states(hooks, *NAMES[:5]) == ["pending", "pending", "queued", "pending", "queued"]
