"""An ordered endpoint with a dispatcher, workers and operators, one move of each at a time."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from hub.model.delivery import Body
from hub.model.endpoint import Endpoint, Health, Registry
from hub.model.event import Event
from hub.stores.clearing import Clear
from hub.stores.webhooks import Claim, Leased, Result, Step, Webhooks
from hub.webhooks.matching import Matcher
from hub.webhooks.pauses import Wish, paused, resumed
from hub.webhooks.sender import Answer
from hub.webhooks.settling import Exchange, settle
from support.clocks import FakeClock
from support.principals import principal
from support.webhook_scene import all_of, anything
from support.webhooks import attempt, endpoint, told

OPERATOR = principal("olga", "operator")
OK, DOWN = Answer(status=200), Answer(failure="connect", detail="refused")
LEASE_US = 10_000_000


class OrderedLane:
    """Whatever may happen to it, each move by its name.

    Args:
        store: Where it is kept.
        clock: Its clock.
        disable_us: After how long of failures it is disabled.

    Attributes:
        told: Events by key, in the order of the log.
        taken: What the receiver took, by key, in that order; also what it took twice.
    """

    def __init__(self, store: Webhooks, clock: FakeClock, disable_us: int = 10**15) -> None:
        self.store = store
        self.clock = clock
        self.told: dict[str, list[int]] = {"a": [], "b": []}
        self.taken: dict[str, list[int]] = {"a": [], "b": []}
        self._disable_us = disable_us
        self._log: list[Event] = []
        self._known = Registry(-1, ())
        self._step: Step | None = None
        self._sending: list[Leased] = []

    async def open(self) -> None:
        """Make the endpoint: it is tried for as long as it takes."""
        await self.store.add_endpoint(endpoint(ordered=True, schedule=(1.0,) * 10_000))
        await self.look()

    async def tell(self, key: str) -> None:
        """Something happens."""
        offset = len(self._log) + 1
        self._log.append(told(offset, key=key))
        self.told[key].append(offset)

    async def look(self) -> None:
        """The dispatcher looks at the endpoints."""
        self._known = await self.store.registry(self._known)

    async def choose(self, most: int) -> None:
        """The dispatcher chooses what becomes of the next events."""
        cursor = (await self.store.cursors()).get("orders", 0)
        events = self._log[cursor : cursor + most]
        matched = Matcher(self._known).match(events, None, self.clock.now_us(), 100)
        revision = self._known.revision
        self._step = Step(
            "orders", cursor, cursor + len(events), revision, matched.bodies, matched.deliveries
        )

    async def take(self) -> None:
        """The dispatcher has its step taken, whatever happened since it chose it."""
        if self._step is not None:
            await self.store.dispatch(self._step)

    async def dispatch(self, most: int) -> None:
        """The dispatcher does all that at once."""
        await self.look()
        await self.choose(most)
        await self.take()

    async def lease(self, limit: int) -> None:
        """A worker leases what is due."""
        now_us = self.clock.now_us()
        claim = Claim("w", now_us, now_us + LEASE_US, limit, "", all_of)
        self._sending += await self.store.claim(claim)

    async def answer(self, which: int, *, takes: bool) -> None:
        """The receiver answers one of those that are under way, and its worker records that."""
        if not self._sending:
            return
        leased = self._sending.pop(which % len(self._sending))
        if takes:
            self._receive(leased.body)
        await self._record(leased, OK if takes else DOWN)

    async def deliver(self, limit: int) -> None:
        """A worker sends what is due, and all is well."""
        await self.lease(limit)
        while self._sending:
            await self.answer(0, takes=True)

    async def lose(self) -> None:
        """A worker dies when its requests have been taken, and its leases end."""
        for leased in self._sending:
            self._receive(leased.body)
        self._sending.clear()
        self.clock.now += LEASE_US

    async def wait(self) -> None:
        """Time goes by."""
        self.clock.now += 2_000_000

    async def pause(self) -> None:
        """An operator pauses it, unless it is disabled."""

        def decide(one: Endpoint, health: Health) -> tuple[Endpoint, Health]:
            if one.state == "disabled":
                return one, health
            return paused(one, OPERATOR, "", self.clock.now_us()), health

        await self.store.change_endpoint("ep_1", decide)

    async def resume(self) -> None:
        """An operator has it go on."""
        await self.store.change_endpoint(
            "ep_1", lambda one, health: resumed(one, health, Wish(), self.clock.now_us())
        )

    async def change(self) -> None:
        """Its owner changes something of it."""
        await self.store.change_endpoint(
            "ep_1", lambda one, health: (replace(one, description=one.description + "x"), health)
        )

    async def clear(self, limit: int) -> None:
        """A page of what is held is sent."""
        await self.store.clear_held(Clear("ep_1", limit, self.clock.now_us(), anything))

    async def finish(self) -> None:
        """Everything goes well from now on, until nothing is left to be done."""
        await self.lose()
        moves: Sequence[Any] = (
            *(self.resume, partial(self.dispatch, 100)),
            *(partial(self.clear, 100), self.wait, partial(self.deliver, 100)),
        )
        for _ in range(2 * len(self._log) + 2):
            at_end = (await self.store.cursors()).get("orders", 0) == len(self._log)
            if at_end and not await self.store.counts():
                return
            for move in moves:
                await move()

    def _receive(self, body: Body) -> None:
        self.taken[body.key].append(body.offset)

    async def _record(self, leased: Leased, answer: Answer) -> None:
        sent = leased.delivery
        now_us = self.clock.now_us()
        made = attempt(
            answer.failure,
            at_us=now_us,
            id=f"at_{sent.id}_{sent.token}",
            delivery_id=sent.id,
            event_id=sent.event_id,
        )
        judge = partial(settle, exchange=Exchange(answer, now_us, 1.0, self._disable_us))
        await self.store.record([Result(made, sent.token, judge)])
