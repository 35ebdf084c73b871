"""Endpoints, deliveries and attempts for tests of what stores and sends them."""

import itertools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from msgspec.structs import replace

from hub.model.delivery import Attempt, Body, Delivery, NewDelivery
from hub.model.endpoint import Callback, Clearing, Endpoint, Health, SigningKey
from hub.model.replay import Replay
from hub.stores.clearing import Clear, Cleared
from hub.stores.received import ReceivedRequest
from hub.stores.webhooks import Claim, Grant, Lane, Leased, Result, Settled, Step, Webhooks
from support.clocks import START_US, FakeClock
from support.principals import principal

LEASE_US = 60_000_000
ANNA = principal("anna", "operator", channels=("contracts",))


class Scene(NamedTuple):
    """An empty store, and what stands around it.

    Attributes:
        another: Opens the same database once more, as another node does.
        move_heads: Puts channels of the log to these offsets.
    """

    hooks: Webhooks
    clock: FakeClock
    another: Callable[[], Awaitable[Webhooks]]
    move_heads: Callable[[Mapping[str, int]], Awaitable[None]]


def an_endpoint(name: str = "ep_1", **fields: Any) -> Endpoint:
    """Return an endpoint that wants everything."""
    known: dict[str, Any] = {
        "reader": ANNA,
        "url": "https://example.com/hook",
        "event_types": ("*",),
        "created_at_us": START_US,
        "updated_at_us": START_US,
        "keys": (SigningKey("key_1", "v1", b"\x00secret\xff", START_US),),
    }
    return Endpoint(id=name, **{**known, **fields})


def a_callback(name: str = "cb_1", subject: str = "j1", **fields: Any) -> Endpoint:
    """Return an endpoint for the end of a job."""
    return an_endpoint(name, callback=Callback("job", subject, "anna"), **fields)


def a_body(event: str = "e1", **fields: Any) -> Body:
    """Return an event as it is delivered."""
    made = Body(event, "contracts", 1, "contract.update", "k", START_US, "bob", b'{"a":"\xc3\xa4"}')
    return made._replace(**fields)


def a_new(
    endpoint: str = "ep_1", event: str = "e1", lane: str | None = None, **fields: Any
) -> NewDelivery:
    """Return a delivery that is to be made; its id says whose."""
    name = f"dl_{endpoint}_{event}"
    return NewDelivery(name, endpoint, event, lane, START_US)._replace(**fields)


async def dispatch(hooks: Webhooks, *wanted: NewDelivery, channel: str = "contracts") -> bool:
    """Take the next step of a channel, with the registry that is."""
    after = (await hooks.cursors()).get(channel, 0)
    revision = (await hooks.registry()).revision
    bodies = [a_body(event) for event in dict.fromkeys(new.event_id for new in wanted)]
    return await hooks.dispatch(Step(channel, after, after + 1, revision, bodies, wanted))


def all_of(lanes: Sequence[Lane]) -> list[Grant]:
    """Grant whatever is due."""
    return [Grant(lane.endpoint.id, 1_000, lane.health) for lane in lanes]


def at_most(take: int) -> Callable[[Sequence[Lane]], list[Grant]]:
    """Grant each so many at the same time."""

    def allot(lanes: Sequence[Lane]) -> list[Grant]:
        return [Grant(lane.endpoint.id, max(take - lane.sending, 0), lane.health) for lane in lanes]

    return allot


def a_claim(now_us: int = START_US, **fields: Any) -> Claim:
    """Return the claim of a worker that may have all."""
    return Claim("w1", now_us, now_us + LEASE_US, 1_000, "", all_of)._replace(**fields)


async def claim(hooks: Webhooks, now_us: int = START_US, **fields: Any) -> list[Leased]:
    """Lease what is due."""
    return list(await hooks.claim(a_claim(now_us, **fields)))


def ids(found: Sequence[Leased] | Sequence[Delivery]) -> list[str]:
    """Return the deliveries' ids."""
    return [one.delivery.id if isinstance(one, Leased) else one.id for one in found]


def an_attempt(delivery: Delivery, **fields: Any) -> Attempt:
    """Return an attempt that was answered 200."""
    made = Attempt(
        id=f"at_{next(_numbers)}",
        delivery_id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        worker="w1",
        at_us=START_US,
        url="https://example.com/hook",
        address="192.0.2.1",
        status=200,
        failure=None,
        detail="",
        dns_us=1,
        connect_us=None,
        first_byte_us=3,
        total_us=4,
        sent=b"\x00\x01",
        answer=b"\xff\x00raw",
        answer_bytes=5,
    )
    return made._replace(**fields)


def a_result(
    leased: Leased,
    state: str = "delivered",
    *,
    endpoint: dict[str, Any] | None = None,
    health: dict[str, Any] | None = None,
    **fields: Any,
) -> Result:
    """Return an attempt that leaves the delivery in a state.

    Args:
        leased: What was sent.
        state: What becomes of the delivery; retried ones are due at once.
        endpoint: What changes of the endpoint.
        health: What changes of its health.
        fields: More of the delivery.
    """

    def settle(e: Endpoint, h: Health, d: Delivery, a: Attempt) -> Settled:
        ended = START_US + 1 if state in {"delivered", "dead", "cancelled"} else 0
        after = d._replace(
            state=state,  # type: ignore[arg-type]
            attempts=d.attempts + 1,
            ended_at_us=ended,
        )
        sealed = a._replace(hash=sha256(a.previous + a.id.encode()).digest())
        chained = replace(h, **{"chain": sealed.hash, "receipts": sealed.receipt, **(health or {})})
        changed = replace(e, **endpoint) if endpoint else None
        return Settled(after._replace(**fields), chained, sealed, changed)

    return Result(an_attempt(leased.delivery), leased.delivery.token, settle)


async def state_of(hooks: Webhooks, delivery_id: str) -> str:
    """Return the state of a delivery; `none`: there is none."""
    found = await hooks.delivery(delivery_id)
    return "none" if found is None else found[0].state


async def states(hooks: Webhooks, *delivery_ids: str) -> list[str]:
    """Return the states of deliveries."""
    return [await state_of(hooks, delivery_id) for delivery_id in delivery_ids]


async def pause(hooks: Webhooks, name: str = "ep_1", state: str = "paused") -> None:
    """Put an endpoint into a state."""
    await hooks.change_endpoint(name, lambda e, h: (replace(e, state=state), h))


async def resume(hooks: Webhooks, name: str = "ep_1", discard: int = 0) -> None:
    """Have an endpoint go on with what was held, without what was made up to a `seq`."""
    clearing = Clearing(discard)
    await hooks.change_endpoint(
        name, lambda e, h: (replace(e, state="active", clearing=clearing), h)
    )


def anything(_endpoint: Endpoint, _channel: str, _owner: str) -> bool:
    """Let an endpoint read all."""
    return True


async def clear(hooks: Webhooks, name: str = "ep_1", limit: int = 100) -> Cleared | None:
    """Send or cancel a page of what is held."""
    return await hooks.clear_held(Clear(name, limit, START_US, anything))


def a_replay(name: str = "rp_1", **fields: Any) -> Replay:
    """Return a replay that runs."""
    known = {
        "endpoint_id": "ep_1",
        "owner": "anna",
        "created_at_us": START_US,
        "until_us": START_US,
    }
    return Replay(id=name, **{**known, **fields})


def a_request(client: str = "c1", name: str = "rq_1", **fields: Any) -> ReceivedRequest:
    """Return what came to the hub's own receiver."""
    made = ReceivedRequest(name, client, START_US, '{"a":"b"}', b"\x00body\xff", "good")
    return made._replace(**fields)


_numbers = itertools.count(1)
