"""Random walks: a database and the fake in memory do the same, whatever is done to them."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from hub.model.delivery import Delivery, NewDelivery
from hub.model.endpoint import Clearing, EndpointState
from hub.stores.clearing import Clear
from hub.stores.webhooks import (
    AttemptQuery,
    DeliveryQuery,
    Grant,
    Lane,
    Leased,
    Settled,
    Step,
    Webhooks,
)
from support.clocks import START_US
from support.memory_webhooks import MemoryWebhooks
from support.webhook_scene import (
    Scene,
    a_body,
    a_callback,
    a_claim,
    a_new,
    a_replay,
    a_result,
    an_endpoint,
    anything,
)

SECOND = 1_000_000
STEPS = 150
ALL = DeliveryQuery(10_000)


class Walk:
    """Does the same to nodes on a database and to the fake.

    Args:
        seed: Decides all.
        scene: With the database.
        nodes: It, and others on the same database; each call is one's.
    """

    def __init__(self, seed: int, scene: Scene, nodes: Sequence[Webhooks]) -> None:
        self.random = random.Random(seed)  # noqa: S311 no secret
        self.clock = scene.clock
        self.nodes = nodes
        self.model = MemoryWebhooks(scene.clock)
        self.leased: list[Leased] = []
        self.names: list[str] = []
        self.events = 0
        self.done: list[str] = []

    async def both(self, name: str, *args: Any) -> Any:
        """Call a method of a node and of the fake; they must return the same."""
        self.done.append(f"{name} {args}")
        here = await getattr(self.random.choice(self.nodes), name)(*args)
        there = await getattr(self.model, name)(*args)
        assert unnumbered(here) == unnumbered(there), self.done
        return here

    async def step(self) -> None:
        """Do something."""
        acts: dict[Callable[[], Any], int] = {
            self.add: 2,
            self.dispatch: 12,
            self.claim: 14,
            self.record: 14,
            self.give_back: 3,
            self.renew: 2,
            self.change: 4,
            self.go_on: 2,
            self.clear: 5,
            self.remove: 1,
            self.again: 4,
            self.cancel: 3,
            self.replay: 3,
            self.forget: 1,
            self.wait: 5,
        }
        (act,) = self.random.choices(list(acts), list(acts.values()))
        await act()

    async def add(self) -> None:
        """Add an endpoint or a callback."""
        name = f"{self.random.choice(('ep', 'cb'))}_{len(self.names)}"
        self.names.append(name)
        made = an_endpoint(name) if name[0] == "e" else a_callback(name)
        await self.both("add_endpoint", made)

    async def dispatch(self) -> None:
        """Take a step that makes some deliveries; now and then one that is not to be taken."""
        channel = self.random.choice(("jobs", "contracts"))
        after = self.model.cursor.get(channel, 0) + (self.random.random() < 0.1)
        known = self.model.known
        revision = known.revision - (self.random.random() < 0.1)
        wanted: list[NewDelivery] = []
        for _ in range(self.random.randrange(4)):
            self.events += self.random.random() < 0.9
            wanted += [
                self.new(one.id, one.holds) for one in known.endpoints if self.random.random() < 0.7
            ]
        bodies = [a_body(event) for event in dict.fromkeys(new.event_id for new in wanted)]
        here, there = (
            Step(channel, after, after + 1, revision + base, bodies, wanted)
            for base in ((await self.nodes[0].registry()).revision - known.revision, 0)
        )
        self.done.append(f"dispatch {there}")
        assert await self.random.choice(self.nodes).dispatch(here) == await self.model.dispatch(
            there
        ), self.done

    def new(self, name: str, held: bool) -> NewDelivery:  # noqa: FBT001 a value of a row
        """Return a delivery of the last event, in one of few lanes."""
        lane = self.random.choice((None, "k", "l"))
        due_us = self.clock.now + self.random.choice((-SECOND, 0, 0, SECOND))
        return a_new(name, f"e{self.events}", lane, held=held, due_us=due_us)

    async def claim(self) -> None:
        """Lease some."""
        most = self.random.choice((1, 2, 1_000))

        def allot(lanes: Sequence[Lane]) -> list[Grant]:
            return [
                Grant(
                    lane.endpoint.id,
                    most - lane.sending,
                    replace(lane.health, openings=lane.health.openings + 1),
                )
                for lane in lanes
            ]

        claim = a_claim(
            self.clock.now,
            until_us=self.clock.now + 3 * SECOND,
            limit=self.random.choice((1, 3, 100)),
            after=self.random.choice(("", *self.names)),
            allot=allot,
        )
        self.leased += await self.both("claim", claim)

    async def record(self) -> None:
        """Record some of what was leased, be it ours still or not."""
        results = []
        for one in self.some(self.leased[-8:], 6):
            state = self.random.choice(("delivered", "delivered", "dead", "pending", "held"))
            stops: EndpointState = self.random.choice(("paused", "disabled"))
            endpoint = {"state": stops} if self.random.random() < 0.1 else None
            due_us = self.clock.now + self.random.choice((0, SECOND))
            results.append(a_result(one, state, endpoint=endpoint, due_us=due_us))
        await self.both("record", results)

    async def give_back(self) -> None:
        """Give some back."""
        leases = {one.delivery.id: one.delivery.token for one in self.some(self.leased, 3)}
        await self.both("release", leases, self.clock.now + self.random.choice((0, SECOND)))

    async def renew(self) -> None:
        """Prolong some."""
        leases = {one.delivery.id: one.delivery.token for one in self.some(self.leased, 3)}
        await self.both("renew", leases, self.clock.now + 4 * SECOND)

    async def change(self) -> None:
        """Pause, disable or go on with an endpoint."""
        state = self.random.choice(("active", "active", "paused", "disabled"))
        name = self.random.choice(("ep_0", *self.names))
        await self.both("change_endpoint", name, lambda e, h: (replace(e, state=state), h))

    async def go_on(self) -> None:
        """Go on with an endpoint, and with what was held."""
        name = self.random.choice(("ep_0", *self.names))
        await self.both(
            "change_endpoint",
            name,
            lambda e, h: (replace(e, state="active", clearing=Clearing()), h),
        )

    async def clear(self) -> None:
        """Send what was held, not all at once; what one owner has must not be read."""
        may_read = self.random.choice((anything, lambda _endpoint, _channel, _owner: False))
        limit = self.random.choice((1, 2, 100))
        name = self.random.choice(("ep_0", *self.names))
        await self.both("clear_held", Clear(name, limit, self.clock.now, may_read))

    async def remove(self) -> None:
        """Remove an endpoint."""
        await self.both("remove_endpoint", self.random.choice(("ep_0", *self.names)))

    async def again(self) -> None:
        """Send one again."""
        await self.both("again", self.any_id(), self.clock.now)

    async def cancel(self) -> None:
        """Cancel one."""
        await self.both("cancel", self.any_id(), self.clock.now, "why")

    async def replay(self) -> None:
        """Take a replay one step on, with old deliveries and new ones."""
        job = a_replay(f"rp_{len(self.done)}")
        await self.both("add_replay", job)
        then = replace(job, cursor=1)
        new = [self.new(name, held=False) for name in self.some(self.names, 3)]
        bodies = [a_body(one.event_id) for one in new]
        again = [self.any_id() for _ in range(self.random.randrange(3))]
        await self.both("replay_step", job, then, again, new, bodies)

    async def forget(self) -> None:
        """Forget what is old."""
        before_us = self.clock.now - self.random.choice((0, SECOND))
        self.clock.now += 1
        await self.both("forget_deliveries", before_us, 1_000)

    async def wait(self) -> None:
        """Let time go by."""
        self.clock.advance(self.random.choice((1, 2, 10)))

    def some(self, found: Sequence[Any], most: int) -> list[Any]:
        """Return a few of them."""
        return self.random.sample(list(found), min(len(found), self.random.randrange(most + 1)))

    def any_id(self) -> str:
        """Return the id of a delivery that may be there."""
        return self.random.choice(["dl_none", *self.model.rows])

    async def compare(self) -> None:
        """What is stored is the same, and is as it must be."""
        for name, *args in (
            *(("deliveries", ALL), ("attempts", AttemptQuery(10_000)), ("counts",)),
            *(("next_due_us",), ("cursors",), ("endpoints", 99), ("callbacks", "job", "j1", 99)),
        ):
            await self.both(name, *args)
            self.done.pop()
        rows = [row for row, _ in await self.nodes[0].deliveries(ALL)]
        laned = [row for row in rows if row.lane is not None]
        heads = Counter(
            (row.endpoint_id, row.lane) for row in laned if row.state in {"pending", "sending"}
        )
        assert set(heads.values()) <= {1}, self.done
        waiting = {(row.endpoint_id, row.lane) for row in laned if row.state == "queued"}
        assert waiting <= set(heads), self.done


def unnumbered(found: Any) -> Any:
    """Return the same without `seq`, which may have holes, and the id of who was asked."""
    if isinstance(found, Delivery):
        return found._replace(seq=0)
    if isinstance(found, (Leased, Settled)):
        return tuple(unnumbered(part) for part in found)
    if isinstance(found, (list, tuple)) and not hasattr(found, "_fields"):
        return [unnumbered(one) for one in found]
    return found


@pytest.mark.parametrize("seed", range(10))
async def test_a_database_does_what_the_fake_does(scene: Scene, seed: int) -> None:
    """Whatever is called, on any node; in a lane nobody overtakes or is left behind."""
    walk = Walk(seed, scene, [scene.hooks, await scene.another()])
    for name in ("ep_0", "ep_1"):
        walk.names.append(name)
        await walk.both("add_endpoint", an_endpoint(name))

    for n in range(STEPS):
        await walk.step()
        if n % 4 == 0:
            await walk.compare()

    await walk.compare()
    assert walk.clock.now > START_US
