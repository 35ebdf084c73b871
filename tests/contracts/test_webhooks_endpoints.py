"""What every store promises of endpoints and callbacks (`hub.stores.webhooks.Endpoints`)."""

from typing import Any

import pytest
from msgspec.structs import replace

from hub.model.endpoint import Encryption, Endpoint, Health, SigningKey
from hub.stores.webhooks import Step
from support.clocks import START_US
from support.principals import principal
from support.webhook_scene import (
    Scene,
    a_callback,
    a_new,
    a_result,
    an_endpoint,
    claim,
    dispatch,
    pause,
    states,
)

FULL: dict[str, Any] = {
    "reader": principal("anna", "operator", channels=("jobs",), expires_us=5, credential="key:1"),
    "channels": ("jobs", "x_*"),
    "where": '{"a":"ä"}',
    "description": "d",
    "ordered": True,
    "head": "skip",
    "schedule": (0.5, 3.0),
    "client_errors": "fail",
    "rate": 2.5,
    "concurrency": 3,
    "headers": b"\x00\xff",
    "encryption": Encryption("{}", ("/a",)),
    "keys": (
        SigningKey("key_2", "v1a", b"\x01", 7, public=bytes(32)),
        SigningKey("key_1", "v1", b"\x00", 6, until_us=9),
    ),
    "state": "paused",
    "why": "w",
}


async def test_an_endpoint_is_kept_whole(scene: Scene) -> None:
    """Every field comes back, bytes and all, with the health of one that has sent nothing."""
    added = await scene.hooks.add_endpoint(an_endpoint(**FULL))

    assert await scene.hooks.endpoint("ep_1") == (added, Health())
    assert added == an_endpoint(**FULL)
    assert added.owner == "anna"


async def test_an_endpoint_that_is_not_there_is_none(scene: Scene) -> None:
    """Nothing is made up."""
    assert await scene.hooks.endpoint("ep_1") is None


async def test_starts_are_the_heads_that_the_cursor_has_not_reached(scene: Scene) -> None:
    """What is not above them came before the endpoint; where the cursor is there, none is."""
    await scene.move_heads({"contracts": 7, "jobs": 1, "tasks": 4})
    await dispatch(scene.hooks, channel="jobs")
    await dispatch(scene.hooks, channel="tasks")

    added = await scene.hooks.add_endpoint(an_endpoint(starts={"agents": 99}))

    assert added.starts == {"contracts": 7, "tasks": 4}
    assert await scene.hooks.endpoint("ep_1") == (added, Health())


async def test_no_step_that_was_chosen_without_an_endpoint_is_taken(scene: Scene) -> None:
    """The dispatcher that did not know it must choose once more."""
    revision = (await scene.hooks.registry()).revision
    await scene.hooks.add_endpoint(an_endpoint())

    assert not await scene.hooks.dispatch(Step("contracts", 0, 5, revision))
    assert await scene.hooks.cursors() == {}


async def test_endpoints_come_in_pages_newest_first(scene: Scene) -> None:
    """By time, then by id; a page goes on behind the last one; callbacks are not among them."""
    for name, at_us in (("ep_b", 1), ("ep_a", 2), ("ep_c", 2), ("ep_d", 3)):
        await scene.hooks.add_endpoint(an_endpoint(name, created_at_us=at_us))
    await scene.hooks.add_endpoint(a_callback(created_at_us=2))

    first = await scene.hooks.endpoints(2)
    second = await scene.hooks.endpoints(2, before=(2, "ep_c"))

    assert [one.id for one, _ in first] == ["ep_d", "ep_c"]
    assert [one.id for one, _ in second] == ["ep_a", "ep_b"]


async def test_endpoints_of_one_owner(scene: Scene) -> None:
    """Only theirs, in pages too."""
    for name, owner in (("ep_1", "anna"), ("ep_2", "bob"), ("ep_3", "anna")):
        await scene.hooks.add_endpoint(an_endpoint(name, reader=principal(owner)))

    assert [e.id for e, _ in await scene.hooks.endpoints(9, owner="anna")] == ["ep_3", "ep_1"]
    page = await scene.hooks.endpoints(9, before=(START_US, "ep_3"), owner="anna")
    assert [e.id for e, _ in page] == ["ep_1"]


async def test_a_page_tells_health(scene: Scene) -> None:
    """As it is now."""
    await scene.hooks.add_endpoint(an_endpoint())
    health = Health(failures=3, chain=b"\xff", opened_us=2**53)
    await scene.hooks.change_endpoint("ep_1", lambda e, _: (e, health))

    assert [h for _, h in await scene.hooks.endpoints(9)] == [health]


async def test_callbacks_of_a_resource_oldest_first(scene: Scene) -> None:
    """There need not be such a resource; others' are not among them."""
    for n, subject in enumerate(("j1", "j2", "j1", "j1")):
        await scene.hooks.add_endpoint(a_callback(f"cb_{n}", subject, created_at_us=9 - n))

    assert [one.id for one in await scene.hooks.callbacks("job", "j1", 2)] == ["cb_3", "cb_2"]
    assert await scene.hooks.callbacks("task", "j1", 9) == []


async def test_a_change_is_decided_on_what_is_stored(scene: Scene) -> None:
    """Endpoint and health as they are, both kept as decided; the new one is returned."""
    added = await scene.hooks.add_endpoint(an_endpoint())
    seen: list[tuple[Endpoint, Health]] = []

    def decide(endpoint: Endpoint, health: Health) -> tuple[Endpoint, Health]:
        seen.append((endpoint, health))
        return replace(endpoint, url="https://b"), Health(failures=1)

    changed = await scene.hooks.change_endpoint("ep_1", decide)

    assert seen[0] == (added, Health())
    assert changed == replace(added, url="https://b")
    assert await scene.hooks.endpoint("ep_1") == (changed, Health(failures=1))


async def test_what_a_decision_raises_changes_nothing(scene: Scene) -> None:
    """It reaches the caller, and the registry is the same."""
    added = await scene.hooks.add_endpoint(an_endpoint())
    before = await scene.hooks.registry()

    def refuse(*_: object) -> tuple[Endpoint, Health]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await scene.hooks.change_endpoint("ep_1", refuse)
    assert await scene.hooks.endpoint("ep_1") == (added, Health())
    assert await scene.hooks.registry(before) is before


async def test_no_endpoint_no_change(scene: Scene) -> None:
    """None, and nobody is asked."""
    assert await scene.hooks.change_endpoint("ep_1", lambda e, h: (e, h)) is None


@pytest.mark.parametrize("state", ["paused", "disabled"])
async def test_what_is_open_is_held_when_an_endpoint_stops(scene: Scene, state: str) -> None:
    """Pending and queued ones; what is under way stays so, what has ended too."""
    hooks = scene.hooks
    await hooks.add_endpoint(an_endpoint())
    await hooks.add_endpoint(an_endpoint("ep_2"))
    await dispatch(hooks, a_new(event="e0"), a_new(event="e1"))
    leased = await claim(hooks)
    await hooks.record([a_result(leased[0])])
    await dispatch(
        hooks,
        *(a_new(event="e2"), a_new(event="e3", lane="k"), a_new(event="e4", lane="k")),
        a_new("ep_2", "e2"),
    )

    await pause(hooks, state=state)

    found = await states(hooks, *(f"dl_ep_1_e{n}" for n in range(5)), "dl_ep_2_e2")
    assert found == ["delivered", "sending", "held", "held", "held", "pending"]


async def test_what_is_held_stays_held_when_an_endpoint_goes_on(scene: Scene) -> None:
    """A replay sends it; what comes from then on is sent, in order too."""
    hooks = scene.hooks
    await hooks.add_endpoint(an_endpoint())
    await dispatch(hooks, a_new(event="e1", lane="k"), a_new(event="e2", lane="k"))
    await pause(hooks)
    await dispatch(hooks, a_new(event="e3", lane="k", held=True))

    await pause(hooks, state="active")
    await dispatch(hooks, a_new(event="e4", lane="k"))

    found = await states(hooks, *(f"dl_ep_1_e{n}" for n in range(1, 5)))
    assert found == ["held", "held", "held", "pending"]
    assert [one.delivery.id for one in await claim(hooks)] == ["dl_ep_1_e4"]


async def test_a_change_that_leaves_it_active_holds_nothing(scene: Scene) -> None:
    """Nor does one of an endpoint that is paused already touch what is under way."""
    hooks = scene.hooks
    await hooks.add_endpoint(an_endpoint())
    await dispatch(hooks, a_new())

    await hooks.change_endpoint("ep_1", lambda e, h: (replace(e, url="https://b"), h))

    assert await states(hooks, "dl_ep_1_e1") == ["pending"]


async def test_a_removed_endpoint_is_gone_and_its_records_stay(scene: Scene) -> None:
    """Open deliveries are cancelled, those under way too; what has ended is as it was."""
    hooks = scene.hooks
    await hooks.add_endpoint(an_endpoint())
    await dispatch(hooks, a_new(event="e0"), a_new(event="e1"))
    leased = await claim(hooks)
    await hooks.record([a_result(leased[0])])
    await dispatch(hooks, a_new(event="e2", lane="k"), a_new(event="e3", lane="k"))
    await dispatch(hooks, a_new(event="e4", held=True))
    scene.clock.advance(5)

    assert await hooks.remove_endpoint("ep_1")

    found = [await hooks.delivery(f"dl_ep_1_e{n}") for n in range(5)]
    assert [one[0].state for one in found if one] == ["delivered", *["cancelled"] * 4]
    assert [one[0].ended_at_us for one in found[1:] if one] == [scene.clock.now_us()] * 4
    assert {one[0].reason for one in found[1:] if one} == {"removed with its endpoint"}
    assert await hooks.endpoint("ep_1") is None
    assert await hooks.endpoints(9) == []
    assert (await hooks.registry()).endpoints == ()
    assert await hooks.record([a_result(leased[1])]) == [None]
    assert await claim(hooks, START_US * 2) == []


async def test_what_is_not_there_cannot_be_removed(scene: Scene) -> None:
    """Nor a second time, nor changed after it."""
    await scene.hooks.add_endpoint(an_endpoint())

    assert not await scene.hooks.remove_endpoint("ep_2")
    assert await scene.hooks.remove_endpoint("ep_1")
    assert not await scene.hooks.remove_endpoint("ep_1")
    assert await scene.hooks.change_endpoint("ep_1", lambda e, h: (e, h)) is None


async def test_the_registry_is_all_that_events_may_go_to(scene: Scene) -> None:
    """Endpoints in any state, and callbacks, on every node."""
    hooks, other = scene.hooks, await scene.another()
    for state in ("active", "paused", "disabled"):
        await hooks.add_endpoint(an_endpoint(f"ep_{state}", state=state))
    await hooks.add_endpoint(a_callback())

    for node in (hooks, other):
        found = sorted((await node.registry()).endpoints, key=lambda one: one.id)
        stored = [await hooks.endpoint(one.id) for one in found]
        assert [one.id for one in found] == ["cb_1", "ep_active", "ep_disabled", "ep_paused"]
        assert [one and one[0] for one in stored] == found


async def test_the_registry_is_the_same_object_until_something_changes(scene: Scene) -> None:
    """Who compares pages of thousands compares one; each kind of change is a new revision."""
    hooks, other = scene.hooks, await scene.another()
    seen = [await hooks.registry()]
    await hooks.add_endpoint(an_endpoint())
    seen.append(await other.registry(seen[-1]))
    await hooks.change_endpoint("ep_1", lambda e, h: (replace(e, url="https://b"), h))
    seen.append(await other.registry(seen[-1]))
    await hooks.remove_endpoint("ep_1")
    seen.append(await other.registry(seen[-1]))

    assert [[one.url for one in found.endpoints] for found in seen] == [
        [], ["https://example.com/hook"], ["https://b"], [],
    ]  # fmt: skip
    assert sorted({found.revision for found in seen}) == [found.revision for found in seen]
    assert await other.registry(seen[-1]) is seen[-1]
    assert await other.registry() is await other.registry()


async def test_a_callback_that_has_fired_is_no_longer_in_the_registry(scene: Scene) -> None:
    """It stays to be looked at, with its resource."""
    hooks = scene.hooks
    await hooks.add_endpoint(a_callback())
    await hooks.registry()
    await dispatch(hooks, a_new("cb_1"))
    (leased,) = await claim(hooks)

    await hooks.record([a_result(leased, endpoint={"state": "disabled", "why": "fired"})])

    assert (await hooks.registry()).endpoints == ()
    assert (await (await scene.another()).registry()).endpoints == ()
    assert [one.why for one in await hooks.callbacks("job", "j1", 9)] == ["fired"]


async def test_a_million_open_deliveries_are_not_held_at_once(scene: Scene) -> None:
    """However many steps it takes: on return all are held, and then cancelled."""
    hooks = scene.hooks
    await hooks.add_endpoint(an_endpoint())
    lanes = [None, "a", "b"]
    await dispatch(hooks, *(a_new(event=f"e{n}", lane=lanes[n % 3]) for n in range(1_300)))

    await pause(hooks)
    held = await hooks.counts()
    await pause(hooks, state="active")
    await hooks.remove_endpoint("ep_1")

    assert held == {"ep_1": {"held": 1_300}}
    assert await hooks.counts() == {}
