"""What was held goes out, page by page, once its endpoint takes deliveries again."""

import asyncio

import pytest

from hub.model.channel import Definition
from hub.model.delivery import NewDelivery
from hub.model.unit import Head
from hub.stores.webhooks import Step
from hub.webhooks.backlogs import PAGE, Backlogs
from hub.webhooks.pace import Pace
from support.clocks import FakeClock
from support.memory_webhooks import MemoryWebhooks
from support.principals import principal
from support.waiting import until
from support.webhook_log import HandLog
from support.webhook_scene import pause, resume
from support.webhooks import body, endpoint

OLGA = principal("olga", "operator")


class Attic:
    """A store in which much is held; `woken` counts how often something became due."""

    def __init__(self) -> None:
        self.log = HandLog()
        self.clock = FakeClock()
        self.store = MemoryWebhooks(self.clock)
        self.woken = 0
        self.backlogs = Backlogs(self.log, self.store, self.clock, pace=Pace(), made=self.note)

    def note(self) -> None:
        """Count calls."""
        self.woken += 1

    async def hold(self, name: str, count: int) -> None:
        """Make an endpoint for which so many are held."""
        await self.store.add_endpoint(endpoint(name, state="paused", reader=OLGA))
        at = self.store.cursor.get("orders", 0)
        events = [f"{name}-{n}" for n in range(count)]
        new = [NewDelivery(f"dl_{e}", name, e, None, self.clock.now, held=True) for e in events]
        step = Step("orders", at, at + 1, self.store.known.revision, [body(e) for e in events], new)
        assert await self.store.dispatch(step)


@pytest.fixture
def attic() -> Attic:
    """Nothing yet."""
    return Attic()


async def test_each_page_is_of_its_own(attic: Attic) -> None:
    """Every endpoint has one in turn, and each time somebody is told; then there is nothing."""
    await attic.hold("ep_1", PAGE + 1)
    await attic.hold("ep_2", 1)
    for name in ("ep_1", "ep_2"):
        await resume(attic.store, name)

    assert await attic.backlogs.round()

    counts = {name: {**by} for name, by in (await attic.store.counts()).items()}
    assert counts == {"ep_1": {"held": 1, "pending": PAGE}, "ep_2": {"pending": 1}}
    assert await attic.backlogs.round()
    assert not await attic.backlogs.round()
    assert await attic.store.counts() == {"ep_1": {"pending": PAGE + 1}, "ep_2": {"pending": 1}}
    assert attic.woken == 3


async def test_whoever_does_not_go_on_keeps_what_is_held(attic: Attic) -> None:
    """Also who is paused again before it began."""
    await attic.hold("ep_1", 1)
    assert not await attic.backlogs.round()
    await resume(attic.store)
    await pause(attic.store)

    assert not await attic.backlogs.round()

    assert await attic.store.counts() == {"ep_1": {"held": 1}}
    assert attic.woken == 0


async def test_what_a_reader_may_not_have_any_more_is_not_sent(attic: Attic) -> None:
    """The channel is for others by now."""
    await attic.hold("ep_1", 2)
    attic.log.heads["orders"] = Head(1, definition=Definition(readers=("service",)))
    await resume(attic.store)

    await attic.backlogs.round()

    found = [(row.state, row.reason) for row in attic.store.rows.values()]
    assert found == [("cancelled", "unreadable")] * 2


async def test_it_goes_on_after_a_fault(attic: Attic, monkeypatch: pytest.MonkeyPatch) -> None:
    """And begins when it is woken, not when the next look is due."""
    await attic.hold("ep_1", 1)
    known = attic.store.registry
    looks = 0

    async def fail_first(*args: object) -> object:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise OSError("the disk is full")
        return await known(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(attic.store, "registry", fail_first)
    task = asyncio.create_task(attic.backlogs.run())
    await until(lambda: looks == 1)
    await resume(attic.store)
    attic.backlogs.wake()

    await until(lambda: attic.woken == 1)

    assert await attic.store.counts() == {"ep_1": {"pending": 1}}
    task.cancel()
