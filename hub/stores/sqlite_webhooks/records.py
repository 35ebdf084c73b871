"""The deliveries in the data file, for those who look, and who want them sent again."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial

from hub.model.delivery import ENDED, Attempt, Body, Delivery
from hub.stores.sqlite_webhooks import blocks, making
from hub.stores.sqlite_webhooks.part import SqlitePart, marks, move_up
from hub.stores.webhook_rows import (
    DELIVERED,
    by_endpoint,
    delivered_of,
    select_attempts,
    select_deliveries,
)
from hub.stores.webhooks import AttemptQuery, DeliveryQuery

_ONE = f"{DELIVERED} WHERE d.id = ?"
# Each from its own index, without the rows.
_COUNTS = " UNION ALL ".join(
    f"SELECT endpoint_id, '{state}', count(*) FROM webhook_deliveries INDEXED BY {index} "  # noqa: S608 own words
    f"WHERE state = '{state}' GROUP BY endpoint_id"
    for state, index in (
        ("queued", "webhook_queued"),
        ("pending", "webhook_pending"),
        ("sending", "webhook_sending"),
        ("held", "webhook_unsent"),
    )
)


class SqliteRecords(SqlitePart):
    """The deliveries, for those who look, and who want them sent again."""

    async def delivery(self, delivery_id: str) -> tuple[Delivery, Body] | None:
        """Return a delivery and its event, or None."""
        rows = await self._rows(_ONE, (delivery_id,))
        return delivered_of(rows[0]) if rows else None

    async def deliveries(self, query: DeliveryQuery) -> Sequence[tuple[Delivery, Body]]:
        """Return a page, newest first."""
        if blocks.fits(query):
            rows = await self._threads.read(partial(blocks.read, query=query))
        else:
            values, mark = marks()
            rows = await self._rows(select_deliveries(query, mark), values)
        return [delivered_of(row) for row in rows]

    async def attempts(self, query: AttemptQuery) -> Sequence[Attempt]:
        """Return a page, newest first."""
        values, mark = marks()
        return [Attempt(*row) for row in await self._rows(select_attempts(query, mark), values)]

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many deliveries are open, by endpoint and state."""
        return by_endpoint(await self._rows(_COUNTS))

    async def again(self, delivery_id: str, due_us: int) -> Delivery | None:
        """Send one again."""
        return await self._write(partial(_again, delivery_id=delivery_id, due_us=due_us))

    async def cancel(self, delivery_id: str, now_us: int, reason: str) -> Delivery | None:
        """End an open one that nobody sends now."""
        work = partial(_cancel, delivery_id=delivery_id, now_us=now_us, reason=reason)
        return await self._write(work)


def _again(db: sqlite3.Connection, delivery_id: str, due_us: int) -> Delivery | None:
    delivery = making.by_id(db, delivery_id)
    return None if delivery is None else making.send_again(db, delivery, due_us)


def _cancel(db: sqlite3.Connection, delivery_id: str, now_us: int, reason: str) -> Delivery | None:
    delivery = making.by_id(db, delivery_id)
    if delivery is None or delivery.state == "sending" or delivery.state in ENDED:
        return delivery
    after = delivery._replace(state="cancelled", reason=reason, ended_at_us=now_us)
    making.move(db, after)
    if delivery.state == "pending":
        move_up(db, [(delivery.endpoint_id, delivery.lane)])
    return after
