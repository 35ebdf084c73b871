"""The JavaScript client against a real hub: killed, cut off, expired, over every way."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.auth.claims import LEEWAY_S
from hub_client import AsyncMCPClient, HubError
from support.javascript import Listener, listening
from support.proxy import proxy_to
from support.running import CONTRACT, HubProcess, hub_process
from support.tokens import SECRET, token

POSTS = 120
CITIES = ("Mumbai", "Chennai")


@pytest.fixture
async def client(hub: HubProcess) -> AsyncIterator[AsyncMCPClient]:
    """Somebody who posts."""
    async with AsyncMCPClient(hub.url) as made:
        yield made


async def post(client: AsyncMCPClient, *numbers: int, **more: str) -> list[int]:
    """Post updates one after the other; return their offsets."""
    answers = [
        await client.send_contract({**CONTRACT, "contract_id": f"c-{number}", **more})
        for number in numbers
    ]
    return [answer["offset"] for answer in answers]


def subscribed(*, times: int = 1) -> Any:
    """Hold once subscriptions have said so that many times that they are."""
    return lambda listener: (
        len([line for line in listener.of("state") if line["state"] == "subscribed"]) >= times
    )


def heard(offset: int) -> Any:
    """Hold once an offset was heard."""
    return lambda listener: offset in listener.offsets()


async def keep_posting(url: str, half: asyncio.Event) -> None:
    """Post numbered updates, each under one key until it is taken."""
    async with AsyncMCPClient(url, max_retries=0) as poster:
        for number in range(POSTS):
            contract = {**CONTRACT, "contract_id": f"k-{number}"}
            while True:
                try:
                    await poster.send_contract(contract, idempotency_key=f"k-{number}")
                except HubError:
                    await asyncio.sleep(0.02)  # the hub is dead; its next start is outside
                else:
                    break
            if number == POSTS // 2:
                half.set()


async def test_kill_minus_nine_loses_doubles_and_reorders_nothing(tmp_path: Path) -> None:
    """In the middle of posts: each event comes once, in order."""
    with hub_process(tmp_path) as hub:
        async with listening(hub.url, {"channel": "contracts", "history": 0}) as listener:
            await listener.until(subscribed())
            half = asyncio.Event()
            posting = asyncio.create_task(keep_posting(hub.url, half))
            await half.wait()
            hub.kill()
            await asyncio.to_thread(hub.start)
            await posting

            await listener.until(heard(POSTS))

    assert listener.offsets() == list(range(1, POSTS + 1))
    assert listener.of("gap") == []
    assert [line["state"] for line in listener.of("client")].count("connecting") >= 2


@pytest.mark.parametrize("way", ["websocket", "sse"])
async def test_a_network_that_is_cut_and_comes_back_has_cost_nothing(
    hub: HubProcess, client: AsyncMCPClient, way: str
) -> None:
    """What was posted meanwhile comes, once, in order; and every change is said with its reason."""
    async with proxy_to(hub.port) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        asked = {"channel": "contracts", "history": 0}
        async with listening(address, asked, options={"transport": way}) as listener:
            await listener.until(subscribed())
            first = await post(client, 1, 2)
            await listener.until(heard(first[-1]))

            proxy.cut()
            missed = await post(client, 3, 4, 5)
            await listener.until(lambda one: ("connecting", "network_error") in one.states())
            proxy.mend()

            await listener.until(heard(missed[-1]))

    assert listener.offsets() == [*first, *missed]
    assert listener.of("gap") == []


async def test_where_no_websocket_gets_through_events_come_by_plain_http(
    hub: HubProcess, client: AsyncMCPClient
) -> None:
    """A proxy that ends upgrades: the client goes the other way by itself, view and all."""

    def judge(sent: bytes) -> tuple[bool, bool]:
        upgrade = b"upgrade: websocket" in sent.lower()
        return not upgrade, upgrade

    async with proxy_to(hub.port) as proxy:
        proxy.judge = judge
        asked = {"channel": "contracts", "snapshot": True, "where": {"location": ["Chennai"]}}
        async with listening(f"http://127.0.0.1:{proxy.port}", asked) as listener:
            await listener.until(subscribed())
            await post(client, 1, location="Mumbai")
            (offset,) = await post(client, 2, location="Chennai")
            await listener.until(heard(offset))
            proxy.cut()
            proxy.mend()
            (other,) = await post(client, 3, location="Chennai")

            await listener.until(heard(other))

    assert listener.offsets() == [offset, other]


@pytest.mark.parametrize("way", ["websocket", "sse"])
@pytest.mark.parametrize(
    ("query", "state", "word"),
    [("?reconnect=true", "connecting", "reconnect"), ("", "disconnected", "disconnected")],
    ids=["to come back", "for good"],
)
async def test_what_an_operator_closes_comes_back_or_not(
    hub: HubProcess, client: AsyncMCPClient, way: str, query: str, state: str, word: str
) -> None:
    """The same words on both ways; who may come back has missed nothing."""
    name = f"{way}-{word}"
    asked = {"channel": "contracts", "history": 0}
    options = {"transport": way, "client": name}
    async with listening(hub.url, asked, options=options) as listener:
        await listener.until(subscribed())
        async with httpx.AsyncClient(base_url=hub.url) as http:
            found = (await http.get("/api/connections", params={"search": name})).json()
            (one,) = found["connections"]
            await http.delete(f"/api/connections/{one['client_id']}{query}")
        await listener.until(lambda one: (state, word) in one.states())
        (offset,) = await post(client, 1)
        if state == "connecting":
            await listener.until(heard(offset))

    assert listener.of("client")[-1]["state"] == ("connected" if query else "disconnected")
    assert listener.offsets() == ([offset] if query else [])


@pytest.mark.parametrize("form", ["JSON", "MessagePack"])
async def test_a_snapshot_and_what_follows_it_are_the_hubs_own_state(
    hub: HubProcess, client: AsyncMCPClient, form: str
) -> None:
    """By key, stale updates and tests left out, in either format."""
    await post(client, 1, 2, 3, status="active")
    async with listening(
        hub.url, {"channel": "contracts", "snapshot": True}, packed=form == "MessagePack"
    ) as listener:
        await listener.until(subscribed())
        await post(client, 2, status="inactive", timestamp=_now())
        await post(client, 2, status="active", timestamp="2020-01-01T12:00:00")
        await client.test_contract({**CONTRACT, "contract_id": "c-3", "status": "inactive"})
        (last,) = await post(client, 9, location="Chennai")
        await listener.until(heard(last))

        items = listener.of("event")[-1]["items"]
        async with listening(hub.url, {"channel": "contracts", "snapshot": True}) as fresh:
            await fresh.until(subscribed())
            assert _by_id(items) == _by_id(fresh.of("snapshot")[0]["items"])


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _by_id(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {item["contract_id"]: item for item in items}


async def test_two_views_of_one_channel_are_two_connections_and_both_right(
    hub: HubProcess, client: AsyncMCPClient
) -> None:
    """The hub keeps one subscription of a channel on a connection."""
    asked = [{"channel": "contracts", "where": {"location": [city]}} for city in CITIES]
    async with listening(hub.url, *asked, {"channel": "jobs"}) as listener:
        await listener.until(subscribed(times=3))
        offsets = [(await post(client, 1, location=city))[0] for city in CITIES * 3]

        await listener.until(lambda one: len(one.offsets()) == len(offsets))

    assert sorted(listener.offsets()) == offsets


async def test_a_loop_that_is_slow_gets_everything(hub: HubProcess) -> None:
    """More than is read ahead: it follows no longer, and goes on where the loop stands."""
    async with httpx.AsyncClient(base_url=hub.url) as http:

        async def flood(count: int) -> None:
            events = [{"type": "said", "data": {}}] * count
            (await http.post("/api/channels/flood/events", json=events)).raise_for_status()

        async def followers() -> int:
            return int((await http.get("/api/channels/flood")).json()["followers"])

        await flood(1)
        asked = {"channel": "flood", "history": 0, "iterate": True}
        async with listening(hub.url, asked) as listener:
            await listener.until(subscribed())
            for _ in range(12):
                await flood(100)
            async with asyncio.timeout(60):
                while await followers():  # noqa: ASYNC110 another process unsubscribes
                    await asyncio.sleep(0.02)
            listener.tell("go on")

            await listener.until(lambda one: len(one.of("read")) == 1200)

    read = listener.of("read")
    assert [line["offset"] for line in read] == list(range(2, 1202))
    assert all(line["kept"] == line["position"] for line in read[:-1])


async def test_a_volatile_channel_begins_with_its_state_and_resumes_without_a_gap(
    hub: HubProcess,
) -> None:
    """Nothing was promised of it, so nothing is missed; the newest state comes instead."""
    async with AsyncMCPClient(hub.url) as client, proxy_to(hub.port) as proxy:
        await client.define_channel("scene.1", durable=False)
        await client.publish("scene.1", "moved", {"thing": "a", "x": 1}, key="a")
        asked = {"channel": "scene.1", "snapshot": True, "key": "thing"}
        async with listening(f"http://127.0.0.1:{proxy.port}", asked) as listener:
            await listener.until(subscribed())
            proxy.cut()
            await client.publish("scene.1", "moved", {"thing": "a", "x": 2}, key="a")
            proxy.mend()
            await listener.until(subscribed(times=2))

    assert listener.of("snapshot")[-1]["items"] == [{"thing": "a", "x": 2}]
    assert listener.of("gap") == []


def fresh_token(lifetime_s: int) -> str:
    """Return a token that is good for so long from now on; the hub adds its leeway."""
    return token(exp=int(time.time()) + lifetime_s - LEEWAY_S, roles=["admin"])


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that asks who comes."""
    with hub_process(tmp_path_factory.mktemp("guarded"), JWT_SECRET=SECRET) as process:
        yield process


async def test_a_token_is_renewed_before_it_runs_out_and_the_connection_stays(
    guarded: HubProcess,
) -> None:
    """The event that comes when the first token is over comes over the same connection."""
    async with (
        AsyncMCPClient(guarded.url, token=fresh_token(600)) as client,
        listening(guarded.url, {"channel": "contracts", "history": 0}, asks=True) as listener,
    ):
        await listener.until(lambda one: one.of("ask"))
        over = time.time() + 4
        listener.tell(fresh_token(4))
        await listener.until(lambda one: len(one.of("ask")) == 2)
        listener.tell(fresh_token(600))
        await asyncio.sleep(over - time.time())  # until the first is over, by the hub's clock
        (offset,) = await post(client, 1)
        await listener.until(heard(offset))

    assert [line["reason"] for line in listener.of("ask")] == ["connect", "renew"]
    assert [state for state, _ in listener.states()] == ["connecting", "connected"]


@pytest.mark.parametrize("way", ["websocket", "sse"])
async def test_a_token_that_ran_out_is_followed_by_a_newer_one(
    guarded: HubProcess, way: str
) -> None:
    """The hub closes with token_expired; the client asks for another and misses nothing."""
    asked = {"channel": "contracts", "history": 0}
    async with (
        AsyncMCPClient(guarded.url, token=fresh_token(600)) as client,
        listening(guarded.url, asked, asks=True, options={"transport": way}) as listener,
    ):
        await listener.until(lambda one: one.of("ask"))
        listener.tell(fresh_token(2))
        await listener.until(subscribed())
        await listener.until(lambda one: ("connecting", "token_expired") in one.states())
        (missed,) = await post(client, 1)
        await _answered(listener)

        await listener.until(heard(missed))

    assert "token_expired" in [line["reason"] for line in listener.of("ask")]
    assert listener.offsets() == [missed]


async def _answered(listener: Listener) -> None:
    """Answer what is asked, until it is connected again."""
    answered = 1
    while [state for state, _ in listener.states()].count("connected") < 2:
        await listener.until(partial(_goes_on, answered))
        for _ in listener.of("ask")[answered:]:
            listener.tell(fresh_token(600))
            answered += 1


def _goes_on(answered: int, listener: Listener) -> bool:
    connected = [state for state, _ in listener.states()].count("connected")
    return connected > 1 or len(listener.of("ask")) > answered


async def test_who_shows_nothing_is_told_so_and_does_not_knock_again(guarded: HubProcess) -> None:
    """One connection, refused for good, with the page that helps."""
    async with listening(guarded.url, {"channel": "contracts"}) as listener:
        await listener.until(lambda one: one.states()[-1:] and one.states()[-1][0] != "connecting")

    (state,) = listener.of("client")[-1:]
    assert (state["state"], state["code"], state["reason"]) == (
        "disconnected", 4501, "E_AUTHENTICATION_FAILED"
    )  # fmt: skip
    assert state["help"] == f"{guarded.url}/docs/errors/E_AUTHENTICATION_FAILED"


async def test_a_ticket_opens_a_socket(guarded: HubProcess) -> None:
    """Tickets are asked for over HTTP by whoever has a token, and open one connection."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {fresh_token(60)}"}) as http:
        answer = await http.post(f"{guarded.url}/api/ws/ticket")
        ticket = answer.json()["ticket"]
    asked = {"channel": "contracts", "history": 0}
    async with listening(guarded.url, asked, ticket=ticket) as listener:
        await listener.until(subscribed())

    assert ("connected", "") in listener.states()
