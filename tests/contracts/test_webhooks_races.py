"""What several nodes may do to webhooks at the same time, and what a dead one leaves behind."""

import asyncio
import contextlib
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from hub.model.endpoint import Health
from hub.stores.webhooks import AttemptQuery, DeliveryQuery, Step, Webhooks
from support.clocks import START_US
from support.webhook_scene import (
    LEASE_US,
    Scene,
    a_body,
    a_new,
    a_replay,
    a_request,
    a_result,
    an_endpoint,
    at_most,
    claim,
    clear,
    dispatch,
    ids,
    pause,
    resume,
    states,
)

pytestmark = pytest.mark.parametrize("scene", ["sqlite", "postgres"], indirect=True)
ALL = DeliveryQuery(10_000)


@pytest.fixture
async def nodes(scene: Scene) -> list[Webhooks]:
    """Three nodes on one database, with an endpoint."""
    await scene.hooks.add_endpoint(an_endpoint())
    return [scene.hooks, await scene.another(), await scene.another()]


async def test_each_delivery_is_leased_to_one_worker(nodes: list[Webhooks]) -> None:
    """However many ask at the same time."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(60)))

    leased = await asyncio.gather(
        *(claim(node, worker=f"w{n}", limit=7) for n, node in enumerate(nodes * 6))
    )

    found = [name for part in leased for name in ids(part)]
    assert len(found) == len(set(found))
    for part, worker in zip(leased, (f"w{n}" for n in range(18)), strict=True):
        assert {one.delivery.worker for one in part} <= {worker}


async def test_an_endpoints_bound_holds_for_all_workers(nodes: list[Webhooks]) -> None:
    """Those that ask at the same time do not each get as many."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(60)))

    leased = await asyncio.gather(*(claim(node, allot=at_most(3)) for node in nodes * 3))

    assert sum(map(len, leased)) == 3


async def test_a_step_is_taken_by_one_dispatcher(nodes: list[Webhooks]) -> None:
    """Every node reads the log; what they made of it is the same, and one of them writes it."""
    revision = (await nodes[0].registry()).revision

    taken = await asyncio.gather(
        *(
            node.dispatch(Step("contracts", 0, 1, revision, [a_body()], [a_new(id=f"dl_{n}")]))
            for n, node in enumerate(nodes * 2)
        )
    )

    assert sorted(taken) == [False] * 5 + [True]
    assert len(await nodes[0].deliveries(ALL)) == 1


async def test_an_endpoint_misses_nothing_from_its_start_on(
    scene: Scene, nodes: list[Webhooks]
) -> None:
    """Whenever it is added: from its start on it gets every event, without a hole."""
    last = 25

    async def follow() -> None:
        for offset in range(1, last + 1):
            await scene.move_heads({"contracts": offset})
            taken = False
            while not taken:
                known = await nodes[0].registry()
                wanted = [
                    a_new(one.id, f"e{offset}")
                    for one in known.endpoints
                    if one.starts.get("contracts", 0) < offset
                ]
                step = Step(
                    "contracts", offset - 1, offset, known.revision, [a_body(f"e{offset}")], wanted
                )
                taken = await nodes[0].dispatch(step)

    async def add(node: Webhooks, name: str) -> None:
        for n in range(4):
            await node.add_endpoint(an_endpoint(f"ep_{name}{n}"))

    await asyncio.gather(follow(), add(nodes[1], "a"), add(nodes[2], "b"))

    for endpoint in (await nodes[0].registry()).endpoints:
        page = await nodes[0].deliveries(DeliveryQuery(99, endpoint_id=endpoint.id))
        got = sorted(int(delivery.event_id[1:]) for delivery, _ in page)
        first = endpoint.starts.get("contracts", last - len(got)) + 1
        assert got == list(range(first, last + 1))


async def test_nobody_is_left_behind_in_a_lane(nodes: list[Webhooks]) -> None:
    """A head may end while the next one is just being made: that one is sent, and in its turn."""
    sent: list[str] = []

    async def make() -> None:
        for n in range(30):
            await dispatch(nodes[0], a_new(event=f"e{n}", lane="k"))

    async def send(node: Webhooks, rounds: int) -> None:
        for _ in range(rounds):
            leased = await claim(node)
            sent.extend(one.delivery.event_id for one in leased)
            await node.record([a_result(one) for one in leased])

    await asyncio.gather(make(), send(nodes[1], 40), send(nodes[2], 40))
    await send(nodes[1], 30)

    assert sent == [f"e{n}" for n in range(30)]


async def test_receipts_have_no_holes_however_many_record(nodes: list[Webhooks]) -> None:
    """At the same time, for the same endpoint."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(30)))
    leased = await claim(nodes[0])

    await asyncio.gather(
        *(nodes[n % 3].record([a_result(one) for one in leased[n::10]]) for n in range(10))
    )

    chain = (await nodes[0].attempts(AttemptQuery(99, endpoint_id="ep_1")))[::-1]
    assert [one.receipt for one in chain] == list(range(1, 31))
    assert all(later.previous == before.hash for before, later in pairwise(chain))


async def test_no_change_is_lost(nodes: list[Webhooks]) -> None:
    """Each is decided on what the one before has left, attempts among them."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(6)))
    leased = await claim(nodes[0])

    def fail(_: Any, h: Health, *rest: Any) -> Any:
        made = a_result(leased[0]).settle(_, h, *rest)
        return made._replace(health=replace(h, failures=h.failures + 1))

    await asyncio.gather(
        *(
            nodes[n % 3].change_endpoint(
                "ep_1",
                lambda e, h: (
                    replace(e, description=e.description + "x"),
                    replace(h, failures=h.failures + 1),
                ),
            )
            for n in range(12)
        ),
        *(
            nodes[n % 3].record([a_result(one)._replace(settle=fail)])
            for n, one in enumerate(leased)
        ),
    )

    found = await nodes[1].endpoint("ep_1")
    assert found is not None
    assert (found[0].description, found[1].failures) == ("x" * 12, 18)


async def test_what_is_dispatched_while_an_endpoint_stops_is_held(nodes: list[Webhooks]) -> None:
    """Either it was made before, and became held, or it was made held."""

    async def make() -> None:
        for n in range(20):
            while True:
                known = await nodes[0].registry()
                held = known.endpoints[0].state != "active"
                cursor = (await nodes[0].cursors()).get("contracts", 0)
                wanted = [a_new(event=f"e{n}", held=held, lane="k")]
                step = Step(
                    "contracts", cursor, cursor + 1, known.revision, [a_body(f"e{n}")], wanted
                )
                if await nodes[0].dispatch(step):
                    break

    await asyncio.gather(make(), pause(nodes[1]))

    assert {delivery.state for delivery, _ in await nodes[0].deliveries(ALL)} == {"held"}


async def test_one_node_takes_a_replay_a_step_on(nodes: list[Webhooks]) -> None:
    """What it sends again is sent again once."""
    await dispatch(nodes[0], a_new())
    (leased,) = await claim(nodes[0])
    await nodes[0].record([a_result(leased, "dead")])
    job = a_replay()
    await nodes[0].add_replay(job)

    then = replace(job, cursor=1)
    taken = await asyncio.gather(
        *(node.replay_step(job, then, ["dl_ep_1_e1"], (), ()) for node in nodes * 2)
    )

    assert sum(taken) == 1
    found = await nodes[0].delivery("dl_ep_1_e1")
    assert found is not None
    assert found[0].round == 2


class Died(BaseException):
    """Stands for the end of a process."""


def die_after_one(node: Webhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a node end before its second transaction from now on."""
    write = node._write  # type: ignore[attr-defined]
    writes: list[object] = []

    async def once(*args: object) -> object:
        writes.append(args)
        if len(writes) > 1:
            raise Died
        return await write(*args)

    monkeypatch.setattr(node, "_write", once)


@pytest.mark.parametrize("deed", ["dispatch", "record", "replay", "clear"])
async def test_what_belongs_together_is_one_transaction(
    nodes: list[Webhooks], monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    """Cursor and deliveries; attempt, delivery and the next of its lane; job and page; end too."""
    node, other = nodes[:2]
    await dispatch(node, a_new(lane="k"), a_new(event="e2", lane="k"))
    (leased,) = await claim(node)
    job = a_replay()
    await node.add_replay(job)
    revision = (await node.registry()).revision
    step = Step("jobs", 0, 1, revision, [a_body("e3")], [a_new(event="e3")])
    if deed == "clear":
        await pause(node)
        await resume(node)
    die_after_one(node, monkeypatch)

    with contextlib.suppress(Died):
        if deed == "dispatch":
            await node.dispatch(step)
        elif deed == "record":
            await node.record([a_result(leased)])
        elif deed == "replay":
            await node.replay_step(job, replace(job, cursor=9), (), step.deliveries, step.bodies)
        else:
            await clear(node)

    first, second, third = await states(other, "dl_ep_1_e1", "dl_ep_1_e2", "dl_ep_1_e3")
    found = await other.endpoint("ep_1")
    assert found is not None
    happened = {
        "dispatch": (await other.cursors(), third) == ({"contracts": 1, "jobs": 1}, "pending"),
        "record": (first, second, len(await other.attempts(AttemptQuery(9))))
        == ("delivered", "pending", 1),
        "replay": ((await other.replays(1))[0].cursor, third) == (9, "pending"),
        "clear": (second, found[0].clearing) == ("queued", None),
    }
    assert {name for name, is_so in happened.items() if is_so} - {"clear"} == {deed} - {"clear"}
    assert happened[deed]


async def test_a_step_that_fails_leaves_nothing(nodes: list[Webhooks]) -> None:
    """Its cursor stays, so that it is taken again."""
    await dispatch(nodes[0], a_new())
    revision = (await nodes[0].registry()).revision
    broken = a_new(event="e2", id="dl_ep_1_e1")
    step = Step("jobs", 0, 1, revision, [a_body("e2")], [a_new(event="e3"), broken])

    with pytest.raises(Exception, match=r"(?i)unique"):
        await nodes[0].dispatch(step)

    assert await nodes[1].cursors() == {"contracts": 1}
    assert await states(nodes[1], "dl_ep_1_e3") == ["none"]


async def test_bounds_of_the_receiver_hold_for_all_nodes(nodes: list[Webhooks]) -> None:
    """So many clients, and so many of each."""
    await asyncio.gather(
        *(nodes[n % 3].keep(a_request(f"c{n % 8}", f"rq_{n}"), 2, 4) for n in range(32))
    )

    kept = [len(await nodes[0].received(f"c{n}", 99)) for n in range(8)]
    assert sorted(kept) == [0] * 4 + [2] * 4


async def test_whoever_removes_first_removes(nodes: list[Webhooks]) -> None:
    """The others are told that there is none, and nothing of it is left to be sent."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(9)))

    removed = await asyncio.gather(*(node.remove_endpoint("ep_1") for node in nodes))

    assert sum(removed) == 1
    assert await nodes[0].counts() == {}


async def test_what_a_dead_worker_had_goes_to_another(scene: Scene, nodes: list[Webhooks]) -> None:
    """After its lease; what it would still say is not kept."""
    await dispatch(nodes[0], a_new(lane="k"), a_new(event="e2", lane="k"))
    (dead,) = await claim(nodes[0])
    scene.clock.advance(LEASE_US / 1_000_000)

    fresh = await scene.another()
    (taken,) = await claim(fresh, scene.clock.now, worker="w2")
    late = await nodes[0].record([a_result(dead)])
    await fresh.record([a_result(taken)])

    assert late == [None]
    assert await states(fresh, "dl_ep_1_e1", "dl_ep_1_e2") == ["delivered", "pending"]
    assert len(await fresh.attempts(AttemptQuery(9))) == 1


async def no_sweep(_: str) -> None:
    """End where a process was killed behind its first transaction."""


@pytest.mark.parametrize("how", ["change", "record", "remove"])
async def test_what_a_dead_node_began_to_hold_is_held_by_another(
    nodes: list[Webhooks], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Nothing of it is sent meanwhile."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(1_400)))
    (leased,) = await claim(nodes[0], limit=1)
    monkeypatch.setattr(nodes[0], "_sweep", no_sweep)

    if how == "change":
        await pause(nodes[0])
    elif how == "record":
        await nodes[0].record([a_result(leased, endpoint={"state": "disabled"})])
    else:
        await nodes[0].remove_endpoint("ep_1")
    begun = (await nodes[1].counts())["ep_1"]
    sent = [await claim(nodes[1]) for _ in range(4)]

    assert begun["pending"] > 500
    assert sent == [[]] * 4
    left = {"change": {"held": 1_399, "sending": 1}, "record": {"held": 1_399}, "remove": None}[how]
    assert (await nodes[1].counts()).get("ep_1") == left


async def test_what_is_being_held_is_held_whatever_becomes_of_the_endpoint(
    nodes: list[Webhooks], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that was under way may change it once more."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(1_400)))
    (leased,) = await claim(nodes[0], limit=1)
    monkeypatch.setattr(nodes[0], "_sweep", no_sweep)
    await pause(nodes[0])

    await nodes[0].record([a_result(leased, endpoint={"state": "disabled", "why": "gone"})])
    await pause(nodes[1], state="active")

    assert await nodes[1].counts() == {"ep_1": {"held": 1_399}}


async def test_an_endpoint_goes_on_only_when_all_is_held(
    nodes: list[Webhooks], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was open when it stopped is not sent because somebody was killed."""
    await dispatch(nodes[0], *(a_new(event=f"e{n}") for n in range(1_400)))
    monkeypatch.setattr(nodes[0], "_sweep", no_sweep)
    await pause(nodes[0])

    await pause(nodes[1], state="active")

    assert await nodes[1].counts() == {"ep_1": {"held": 1_400}}
    assert await claim(nodes[1], START_US) == []
