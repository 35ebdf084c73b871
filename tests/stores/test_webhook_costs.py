"""What waits, and what is over, costs nothing: SQLite's own steps are counted, not time."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from hub.stores.webhooks import AttemptQuery, DeliveryQuery, Grant, Lane, Webhooks
from support.clocks import START_US, FakeClock
from support.webhook_scene import a_new, a_result, an_endpoint, claim, dispatch

T = TypeVar("T")

DEAD = "ep_0dead"
BACKLOG = 30_000
HOUR_US = 3_600_000_000
# Steps are counted by the hundred.
GRAIN = 100
PAGES = {
    "page": DeliveryQuery(20),
    "page of one": DeliveryQuery(20, endpoint_id="ep_1"),
    "dead ones": DeliveryQuery(20, states=("dead", "held")),
    "unsent of one": DeliveryQuery(20, endpoint_id="ep_1", states=("dead", "held", "pending")),
    "since": DeliveryQuery(20, since_us=START_US + 9),
    "of an event": DeliveryQuery(20, event_id="f1"),
}
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO webhook_deliveries
    (id, endpoint_id, event_id, lane, state, created_at_us, due_us, ended_at_us)
SELECT :name || :state || i, :name, :state || i, :lane, :state, :at_us, :at_us - 1, :ended FROM n
"""


class Meter:
    """A database whose steps are counted."""

    def __init__(self, path: Path) -> None:
        self.steps = 0
        self.file = DataFile(path)
        self.count(self.file.writer)
        connect = self.file.connect
        self.file.connect = lambda: self.count(connect())  # type: ignore[method-assign]
        self.log = SqliteLog(self.file, FakeClock())
        self.log.migrate()

    def count(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Count the steps of a connection from now on."""
        connection.set_progress_handler(self._count, GRAIN)
        return connection

    async def fill(self) -> None:
        """Put much that waits, is held, and is over, past the hub."""
        rows = (
            *((DEAD, "pending", None, 0), (DEAD, "held", None, 0), ("ep_1", "held", None, 0)),
            *((DEAD, "delivered", None, START_US), ("ep_1", "delivered", None, START_US)),
            ("ep_1", "dead", "k", START_US),
        )
        for name, state, lane, ended in rows:
            values = {"rows": BACKLOG, "name": name, "state": state, "lane": lane, "ended": ended}
            values["at_us"] = START_US - HOUR_US
            await self.log._threads.write(partial(_fill, values=values))

    def _count(self) -> int:
        self.steps += GRAIN
        return 0


def _fill(db: sqlite3.Connection, values: Mapping[str, object]) -> None:
    db.execute(_FILL, values)


async def costs(meter: Meter) -> Mapping[str, int]:
    """Do everything that goes on all the time; return the steps that each takes."""
    hooks: Webhooks = meter.log.webhooks
    spent: dict[str, int] = {}

    async def spend(name: str, doing: Awaitable[T]) -> T:
        meter.steps = 0
        result = await doing
        spent[name] = meter.steps
        return result

    plain = [a_new(f"ep_{n}", "f1") for n in range(20)]
    laned = [a_new(f"ep_{n}", "f2", lane="k") for n in range(20)]
    await spend("dispatch", dispatch(hooks, *plain))
    await spend("dispatch in lanes", dispatch(hooks, *laned))
    await spend("nothing to claim", claim(hooks, START_US - 5, limit=40, allot=living))
    leased = await spend("claim", claim(hooks, limit=40, allot=living))
    assert len(leased) == 40
    await spend("renew", hooks.renew({one.delivery.id: 1 for one in leased}, START_US * 2))
    await spend("release", hooks.release({one.delivery.id: 1 for one in leased[:3]}, START_US))
    await spend("record", hooks.record([a_result(one) for one in leased[3:]]))
    await spend("next due", hooks.next_due_us())
    await spend("again", hooks.again(leased[9].delivery.id, START_US))
    await spend("cancel", hooks.cancel(leased[9].delivery.id, START_US, "r"))
    for name, query in PAGES.items():
        await spend(name, hooks.deliveries(query))
    await spend("attempts", hooks.attempts(AttemptQuery(20, endpoint_id="ep_1")))
    await spend("forget", hooks.forget_deliveries(START_US - 2 * HOUR_US, 100))
    await spend("remove", hooks.remove_endpoint("ep_3"))
    return spent


def living(lanes: Sequence[Lane]) -> list[Grant]:
    """Grant all but the dead one what they want."""
    return [Grant(one.endpoint.id, 9, one.health) for one in lanes if one.endpoint.id != DEAD]


@pytest.fixture
async def meter(tmp_path: Path) -> AsyncIterator[Meter]:
    """A database with endpoints, one of which is dead."""
    made = Meter(tmp_path / "hub.db")
    for name in (DEAD, *(f"ep_{n}" for n in range(20))):
        await made.log.webhooks.add_endpoint(an_endpoint(name))
    yield made
    await made.log.close()


async def test_what_waits_costs_nobody_else(meter: Meter, tmp_path: Path) -> None:
    """With 180,000 deliveries that wait, are held or over, everything takes as many steps."""
    empty = Meter(tmp_path / "empty.db")
    for name in (DEAD, *(f"ep_{n}" for n in range(20))):
        await empty.log.webhooks.add_endpoint(an_endpoint(name))
    await meter.fill()

    few, many = await costs(empty), await costs(meter)

    await empty.log.close()
    slow = {name: (few[name], many[name]) for name in few if many[name] > 1.5 * few[name] + 2_000}
    assert slow == {}


@pytest.mark.parametrize("states", [(), ("delivered", "held")])
async def test_an_endpoints_pages_go_through_all_blocks(
    meter: Meter, states: tuple[str, ...]
) -> None:
    """Either way: none is missing where a block ends, however few of it are the endpoint's."""
    await meter.log._threads.write(
        lambda db: db.executescript(
            """
            INSERT INTO webhook_deliveries
                (id, endpoint_id, event_id, state, created_at_us, due_us)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
            SELECT 'dl_' || i, iif(i / 5000 % 2 AND i % 7 = 0, 'ep_1', 'ep_2'), 'e' || i,
                iif(i % 14 = 0, 'dead', 'delivered'), 1, 1 FROM n;
            INSERT INTO webhook_bodies
            SELECT event_id, 'c', 1, 't', 'k', 1, 'o', x'', '' FROM webhook_deliveries;
            """
        )
    )
    query = DeliveryQuery(300, endpoint_id="ep_1", states=states)
    wanted = [i for i in range(20_000) if i // 5_000 % 2 and i % 7 == 0 and (i % 14 or not states)]

    down: list[int] = []
    while page := await meter.log.webhooks.deliveries(query._replace(before=(down or [10**9])[-1])):
        down += [delivery.seq for delivery, _ in page]
    up: list[int] = []
    while page := await meter.log.webhooks.deliveries(query._replace(after=(up or [0])[-1])):
        up += [delivery.seq for delivery, _ in page]

    assert up == down[::-1] == wanted
