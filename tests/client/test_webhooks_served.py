"""`client.webhooks`, blocking and not, against a hub that serves and sends."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hub_client import AsyncMCPClient, MCPClient, RequestRefused, verify_webhook
from support.hooks import Receiver, Said, receiver
from support.running import CONTRACT, HubProcess, hub_process

Json = dict[str, Any]


class Sdk:
    """One of the two clients, asked the same way."""

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self._url = url

    def ask(self, verb: str, *args: Any, **named: Any) -> Json:
        """Call a method of `client.webhooks`."""
        if self.kind == "sync":
            with MCPClient(self._url) as client:
                found: Json = getattr(client.webhooks, verb)(*args, **named)
                return found
        return asyncio.run(self._ask(verb, *args, **named))

    async def _ask(self, verb: str, *args: Any, **named: Any) -> Json:
        async with AsyncMCPClient(self._url) as client:
            found: Json = await getattr(client.webhooks, verb)(*args, **named)
            return found


@pytest.fixture(scope="module")
def sending(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that may send to this machine."""
    folder = tmp_path_factory.mktemp("sending")
    with hub_process(folder, WEBHOOK_ALLOW_NETWORKS="127.0.0.0/8") as process:
        yield process


@pytest.fixture(params=["sync", "async"])
def sdk(request: pytest.FixtureRequest, sending: HubProcess) -> Sdk:
    """Each of the clients."""
    return Sdk(request.param, sending.url)


@pytest.fixture
def taking() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with receiver() as made:
        yield made


def change(sending: HubProcess, contract_id: str) -> None:
    """Have a contract change."""
    with MCPClient(sending.url) as client:
        client.send_contract({**CONTRACT, "contract_id": contract_id})


def ended(sdk: Sdk, webhook_id: str, count: int) -> list[Json]:
    """Return the deliveries of an endpoint, once so many have ended."""
    while True:
        page = sdk.ask("deliveries", webhook_id, state="delivered,dead,cancelled")
        if len(page["deliveries"]) >= count:
            found: list[Json] = page["deliveries"]
            return found
        time.sleep(0.01)


def test_an_endpoint_is_made_used_changed_and_removed(
    sdk: Sdk, sending: HubProcess, taking: Receiver
) -> None:
    """What comes is verified by the secrets that the methods returned."""
    name = f"used-{sdk.kind}"
    made = sdk.ask("create", taking.url, where={"contract_id": name}, headers={"x-team": "t"})
    rotated = sdk.ask("rotate_secret", made["id"], overlap_s=60)
    change(sending, name)
    (hook,) = taking.wait_for(1)
    changed = sdk.ask("update", made["id"], description="other", where={"contract_id": "none"})
    tried = sdk.ask("test", made["id"])
    paused = sdk.ask("pause", made["id"], "repair")
    resumed = sdk.ask("resume", made["id"])

    for secret in (made["secret"], rotated["secret"], [made["secret"], rotated["secret"]]):
        event = verify_webhook(hook.body, hook.headers, secret)
        assert (event.id, event.data["contract_id"]) == (hook.headers["webhook-id"], name)
    assert hook.headers["x-team"] == "t"
    assert (changed["description"], changed["headers"]) == ("other", ["x-team"])
    assert (tried["delivered"], paused["why"], resumed["state"]) == (True, "repair", "active")
    assert made["id"] in [one["id"] for one in sdk.ask("list", limit=100)["webhooks"]]
    assert "secret" not in sdk.ask("get", made["id"])
    assert sdk.ask("delete", made["id"])["status"] == "removed"
    with pytest.raises(RequestRefused, match="id of a webhook"):
        sdk.ask("get", made["id"])


def test_what_was_sent_is_looked_at_and_sent_again(
    sdk: Sdk, sending: HubProcess, taking: Receiver
) -> None:
    """Deliveries, attempts and receipts tell the same; one and many go again."""
    taking.answer = lambda _: Said(500)
    name = f"again-{sdk.kind}"
    made = sdk.ask("create", taking.url, where={"contract_id": name}, schedule=[])
    change(sending, name)
    change(sending, name)
    dead = ended(sdk, made["id"], 2)
    taking.answer = lambda _: Said(204)

    sdk.ask("replay_delivery", dead[0]["id"])
    taking.wait_for(3)
    replay = sdk.ask("replay", made["id"], states=["dead"])
    taking.wait_for(4)
    while sdk.ask("replay_status", replay["id"])["state"] == "running":
        time.sleep(0.01)
    last = ended(sdk, made["id"], 2)

    assert [one["state"] for one in dead + last] == ["dead"] * 2 + ["delivered"] * 2
    tried = sdk.ask("delivery", dead[0]["id"])["tried"]
    attempts = sdk.ask("attempts", made["id"])["attempts"]
    receipts = sdk.ask("receipts", made["id"])
    assert [one["status"] for one in tried] == [204, 500]
    assert sorted(one["status"] for one in attempts) == [204, 204, 500, 500]
    assert [one["hash"] for one in attempts] == [one["hash"] for one in receipts["receipts"]]
    assert replay["id"] in [one["id"] for one in sdk.ask("replays")["replays"]]


def test_an_end_is_told_once(sdk: Sdk, sending: HubProcess, taking: Receiver) -> None:
    """A callback that is registered before the end of a job."""
    with MCPClient(sending.url) as client:
        job_id = client.create_job()["job_id"]
        made = sdk.ask("register_callback", "job", job_id, taking.url, client_id="c")
        client.push_status(job_id, "RUNNING")
        client.complete_job(job_id, "DONE")

    (hook,) = taking.wait_for(1)
    ended(sdk, made["callback_id"], 1)
    event = verify_webhook(hook.body, hook.headers, made["secret"])
    assert event.data["status"] == "DONE"
    (known,) = sdk.ask("callbacks", "job", job_id)["callbacks"]
    assert (known["callback_id"], known["state"]) == (made["callback_id"], "delivered")


def test_what_waits_is_cancelled(sdk: Sdk, sending: HubProcess, taking: Receiver) -> None:
    """One delivery, and the rest of a replay."""
    name = f"held-{sdk.kind}"
    made = sdk.ask("create", taking.url, where={"contract_id": name})
    sdk.ask("pause", made["id"])
    change(sending, name)
    while not (held := sdk.ask("deliveries", made["id"], state="held")["deliveries"]):
        time.sleep(0.01)

    cancelled = sdk.ask("cancel_delivery", held[0]["id"])
    sdk.ask("resume", made["id"])
    ended_replay = sdk.ask("cancel_replay", sdk.ask("replay", made["id"])["id"])

    assert cancelled["state"] == "cancelled"
    assert ended_replay["state"] in {"cancelled", "done"}
    assert taking.hooks == []
