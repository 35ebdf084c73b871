"""All endpoints are looked at, for numbers, and for alerts about them."""

from pathlib import Path

import pytest

from hub.clock import SECOND_US
from hub.model.alert import Alert
from hub.model.delivery import NewDelivery
from hub.model.endpoint import Health
from hub.model.timestamp import to_rfc3339
from hub.services.alert_board import Board
from hub.services.alert_outbox import AlertOutbox
from hub.stores.webhooks import Step
from hub.webhooks.census import Census
from hub.webhooks.pace import Pace
from support.clocks import START_US
from support.memory_webhooks import MemoryWebhooks
from support.use_cases import UseCases, open_use_cases
from support.webhooks import DAY_US, body, endpoint


class Place:
    """A log, a store of webhooks, and several processes that look at them."""

    def __init__(self, hub: UseCases) -> None:
        self.hub = hub
        self.store = MemoryWebhooks(hub.clock)
        self.board = Board(hub.log)

    def census(self, node: str = "one") -> Census:
        """Return one more."""
        return Census(
            self.store,
            self.hub.clock,
            pace=Pace(),
            node=node,
            board=Board(self.hub.log),
            outbox=AlertOutbox(self.hub.publisher),
            disable_us=5 * DAY_US,
        )

    async def told(self) -> list[Alert]:
        """Return what was told in the log, oldest first."""
        await self.board.refresh()
        return [*reversed(self.board.recent)]


@pytest.fixture
async def place(tmp_path: Path) -> Place:
    """An endpoint, and an empty log."""
    made = Place(await open_use_cases(tmp_path))
    await made.store.add_endpoint(endpoint())
    return made


async def test_what_is_open_is_counted(place: Place) -> None:
    """By state over all endpoints, and circuits that are open."""
    for number in range(450):
        await place.store.add_endpoint(endpoint(f"ep_x{number:04}"))
        if number % 3 == 0:
            place.store.health[f"ep_x{number:04}"] = Health(opened_us=1)
    new = [NewDelivery(f"dl_{n}", "ep_1", f"e{n}", None, START_US, n > 2) for n in range(5)]
    step = Step("orders", 0, 1, place.store.known.revision, [body(f"e{n}") for n in range(5)], new)
    assert await place.store.dispatch(step)
    census = place.census()

    await census.round()

    assert census.open == {"queued": 0, "pending": 3, "sending": 0, "held": 2}
    assert census.circuits == 150


async def test_the_warnings_before_the_end_are_told(place: Place) -> None:
    """Each once, whoever sees it first, and the end of it."""
    warned = Health(failing_since_us=START_US, failures=12, failed_events=4, warned=1)
    place.store.health["ep_1"] = warned
    for node in ("one", "two", "one"):
        await place.census(node).round()
    place.store.health["ep_1"] = Health(
        failing_since_us=START_US, failures=13, failed_events=5, warned=2
    )
    await place.census().round()
    place.store.health["ep_1"] = Health()
    await place.census().round()
    await place.census("two").round()

    told = await place.told()

    assert [(one.alert, one.subject, one.type) for one in told] == [
        ("webhook_failing", "ep_1", "alert_raised"),
        ("webhook_failing", "ep_1", "alert_raised"),
        ("webhook_failing", "ep_1", "alert_cleared"),
    ]
    half_us = START_US + int(2.5 * DAY_US / SECOND_US) * SECOND_US
    assert told[0].since == to_rfc3339(half_us)
    assert (told[0].value, told[0].threshold) == (2.5, 5.0)
    assert "has failed for 2.5 days" in told[0].message
    assert "has failed for 3.5 days" in told[1].message
    assert "https" not in told[0].message


async def test_an_endpoint_that_is_disabled_is_told(place: Place) -> None:
    """With the reason, until it is active again or gone."""
    await place.store.add_endpoint(endpoint("ep_1", state="disabled", why="it answered 410 Gone"))
    await place.census().round()
    await place.census("two").round()
    await place.store.remove_endpoint("ep_1")
    await place.census().round()

    told = await place.told()

    assert [(one.alert, one.type) for one in told] == [
        ("webhook_disabled", "alert_raised"),
        ("webhook_disabled", "alert_cleared"),
    ]
    assert "it answered 410 Gone" in told[0].message
