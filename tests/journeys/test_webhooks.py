"""From an update to a receiver, through a hub that serves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from hub.app import node
from hub.model.timestamp import to_rfc3339
from hub.stores.webhooks import AttemptQuery, DeliveryQuery
from support.principals import principal
from support.receiver import DOWN, OK, Receiver, receiver
from support.running import CONTRACT, RunningHub, running_hub
from support.waiting import until
from support.webhooks import DAY_US, endpoint

LOOPBACK = {"webhook_allow_networks": "127.0.0.0/8"}


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    """A receiver."""
    async with receiver() as made:
        yield made


@pytest.fixture
async def sending(tmp_path: Path) -> AsyncIterator[RunningHub]:
    """A hub that may send to this machine."""
    async with running_hub(tmp_path, **LOOPBACK) as hub:
        yield hub


async def add(hub: RunningHub, **fields: Any) -> None:
    """Add an endpoint with a key; some of its fields could not be asked for."""
    made = endpoint(**fields)
    key, _ = hub.node._webhooks.parts.secrets.new_key(made.id, "v1", made.created_at_us)
    await hub.node._log.webhooks.add_endpoint(msgspec.structs.replace(made, keys=(key,)))


async def post(hub: RunningHub, contract_id: str = "c-1") -> None:
    """Post an update."""
    async with httpx.AsyncClient(base_url=hub.url) as http:
        answer = await http.post("/update", json={**CONTRACT, "contract_id": contract_id})
        assert answer.status_code == 200


async def test_an_update_reaches_a_receiver(sending: RunningHub, there: Receiver) -> None:
    """As the object that sockets get, under the event's id, and with a record of it."""
    store = sending.node._log.webhooks
    await add(sending, url=there.url())

    await post(sending)
    await there.has(1)

    (came,) = there.came
    assert (came.event["type"], came.event["offset"]) == ("contract_update", 1)
    assert came.id == came.event["id"]
    tallies = sending.node._webhooks.worker.tallies
    await until(lambda: tallies.outcomes["delivered"] == 1)
    ((row, body),) = await store.deliveries(DeliveryQuery(9, states=("delivered",)))
    (attempt,) = await store.attempts(AttemptQuery(9, delivery_id=row.id))
    assert (body.text, attempt.status, attempt.number) == (came.body, 200, 1)


async def test_what_fails_is_sent_again(sending: RunningHub, there: Receiver) -> None:
    """The same event, until it is taken; then no more."""
    answers = [DOWN, DOWN]
    there.answer = lambda _: answers.pop() if answers else OK
    await add(sending, url=there.url(), schedule=(0.01, 0.01, 0.01))

    await post(sending)
    await there.has(3)

    assert len(set(there.ids())) == 1
    tallies = sending.node._webhooks.worker.tallies
    await until(lambda: tallies.outcomes["delivered"] == 1)
    assert tallies.attempts["status"] == 2
    async with httpx.AsyncClient(base_url=sending.url) as http:
        trace = (await http.get(f"/api/events/{there.ids()[0]}/trace")).json()
    (webhook,) = trace["webhooks"]
    assert (webhook["webhook_id"], webhook["state"]) == ("ep_1", "delivered")
    assert [(one["number"], one["status"]) for one in webhook["attempts"]] == [
        (1, 503),
        (2, 503),
        (3, 200),
    ]


async def test_what_is_behind_is_sent_after_a_restart(tmp_path: Path, there: Receiver) -> None:
    """An update that nobody was there to send is sent by the next life of the hub."""
    there.answer = lambda _: b""
    async with running_hub(tmp_path, drain_s=0.1, **LOOPBACK) as hub:
        await add(hub, url=there.url())
        for number in range(3):
            await post(hub, f"c-{number}")
        await there.has(1)
    there.answer = lambda _: OK
    async with running_hub(tmp_path, **LOOPBACK):
        await until(lambda: len(set(there.ids())) == 3)


async def test_a_hub_that_stops_hears_the_answer_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within DRAIN_S: what a receiver is at work on is not sent to it once more."""
    monkeypatch.setattr(node, "LAST_WORDS_S", 0.0)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def take_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go_on.wait()
        writer.write(OK)
        writer.close()

    server = await asyncio.start_server(take_time, "127.0.0.1", 0)
    async with contextlib.AsyncExitStack() as stack:
        hub = await stack.enter_async_context(running_hub(tmp_path, **LOOPBACK))
        await add(hub, url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook")
        await post(hub)
        await asked.wait()
        worker = hub.node._webhooks.worker
        stopping = asyncio.create_task(stack.aclose())
        await until(lambda: worker._closing)
        go_on.set()
        await stopping
    server.close()

    assert worker.tallies.outcomes["delivered"] == 1


async def test_a_hub_may_leave_it_to_others(tmp_path: Path, there: Receiver) -> None:
    """With HUB_WEBHOOKS=work a process that serves sends nothing."""
    async with running_hub(tmp_path, send_webhooks="work", **LOOPBACK) as hub:
        store = hub.node._log.webhooks
        await store.add_endpoint(endpoint(url=there.url()))
        await post(hub)

        webhooks = hub.node._webhooks
        assert [*webhooks.works()] == [webhooks.lockouts.run, webhooks._unclaimed.run]
        assert await store.cursors() == {}


async def test_who_is_locked_out_is_sent_nothing_any_more(
    sending: RunningHub, there: Receiver
) -> None:
    """A principal that is refused by name (`sub:NAME`) is told nothing by what he registered."""
    store = sending.node._log.webhooks
    await add(sending, url=there.url(), reader=principal("mallory", "service"))
    later = to_rfc3339(sending.node._clock.now_us() + DAY_US)

    await sending.node.identity.revocations.revoke("sub:mallory", later)

    async with asyncio.timeout(10):
        while (await store.endpoints(9, None))[0][0].state == "active":  # noqa: ASYNC110 a task does it
            await asyncio.sleep(0.01)
    await post(sending)
    await until(lambda: sending.node._webhooks.dispatcher.deliveries == 1)
    ((row, _),) = await store.deliveries(DeliveryQuery(9))
    assert (row.state, there.came) == ("held", [])
