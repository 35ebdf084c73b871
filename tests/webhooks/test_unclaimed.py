"""Webhooks of nobody are paused once people have to say who they are."""

import asyncio

import pytest

from hub.model.principal import ANONYMOUS
from hub.webhooks.unclaimed import RETRY_S, WHY, Unclaimed
from support.clocks import FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.webhooks import endpoint


@pytest.fixture
async def store() -> MemoryWebhooks:
    """Endpoints of nobody, of somebody, and of somebody who is called like nobody."""
    made = MemoryWebhooks(FakeClock())
    await made.add_endpoint(endpoint("ep_nobody", reader=ANONYMOUS))
    await made.add_endpoint(endpoint("ep_ann"))
    await made.add_endpoint(endpoint("ep_like", reader=ANONYMOUS._replace(credential="key:1")))
    return made


async def test_what_is_nobodys_is_paused_before_anything_is_sent(store: MemoryWebhooks) -> None:
    """With a reason; everything else waits for that, and then goes on."""
    unclaimed = Unclaimed(store, store.clock, required=True)
    begun: list[str] = []

    async def work() -> None:
        begun.append(store.stored["ep_nobody"].state)

    waiting = asyncio.ensure_future(unclaimed.first(work)())
    await asyncio.sleep(0)
    before = list(begun)
    await unclaimed.run()
    await waiting

    assert (before, begun) == ([], ["paused"])
    assert {name: (one.state, one.why) for name, one in store.stored.items()} == {
        "ep_nobody": ("paused", WHY), "ep_ann": ("active", ""), "ep_like": ("active", ""),
    }  # fmt: skip


async def test_with_auth_off_everything_goes_on(store: MemoryWebhooks) -> None:
    """Nothing waits, nothing is paused."""
    unclaimed = Unclaimed(store, store.clock, required=False)
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()

    await unclaimed.run()
    await unclaimed.first(work)()

    assert begun.is_set()
    assert store.stored["ep_nobody"].state == "active"


async def test_a_store_that_is_away_is_asked_again(
    store: MemoryWebhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent until it answers."""
    monkeypatch.setattr("hub.webhooks.unclaimed.RETRY_S", RETRY_S / 1_000)
    known, asked = store.registry, []

    async def fail_first(*args: object) -> object:
        asked.append(args)
        if len(asked) == 1:
            raise OSError("the disk is away")
        return await known(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "registry", fail_first)

    await Unclaimed(store, store.clock, required=True).run()

    assert store.stored["ep_nobody"].state == "paused"
