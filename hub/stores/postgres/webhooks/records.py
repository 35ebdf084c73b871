"""The deliveries in the database, for those who look, and who want them sent again."""

from collections.abc import Mapping, Sequence

from hub.model.delivery import ENDED, Attempt, Body, Delivery
from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks import making
from hub.stores.postgres.webhooks.part import PostgresPart, marks, move_up
from hub.stores.webhook_rows import (
    DELIVERED,
    by_endpoint,
    delivered_of,
    select_attempts,
    select_deliveries,
)
from hub.stores.webhooks import AttemptQuery, DeliveryQuery

_ONE = f"{DELIVERED} WHERE d.id = $1"
# Each from its own index, without the rows.
_COUNTS = " UNION ALL ".join(
    f"SELECT endpoint_id, '{state}', count(*) FROM webhook_deliveries "  # noqa: S608 own words
    f"WHERE state = '{state}' GROUP BY endpoint_id"
    for state in ("queued", "pending", "sending", "held")
)


class PostgresRecords(PostgresPart):
    """The deliveries, for those who look, and who want them sent again."""

    async def delivery(self, delivery_id: str) -> tuple[Delivery, Body] | None:
        """Return a delivery and its event, or None."""
        rows = await self._rows(_ONE, delivery_id)
        return delivered_of(rows[0]) if rows else None

    async def deliveries(self, query: DeliveryQuery) -> Sequence[tuple[Delivery, Body]]:
        """Return a page, newest first."""
        values, mark = marks()
        rows = await self._rows(select_deliveries(query, mark), *values)
        return [delivered_of(row) for row in rows]

    async def attempts(self, query: AttemptQuery) -> Sequence[Attempt]:
        """Return a page, newest first."""
        values, mark = marks()
        rows = await self._rows(select_attempts(query, mark), *values)
        return [Attempt(*row) for row in rows]

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many deliveries are open, by endpoint and state."""
        return by_endpoint(await self._rows(_COUNTS))

    async def again(self, delivery_id: str, due_us: int) -> Delivery | None:
        """Send one again."""
        return await self._write(lambda c: _again(c, delivery_id, due_us))

    async def cancel(self, delivery_id: str, now_us: int, reason: str) -> Delivery | None:
        """End an open one that nobody sends now."""
        return await self._write(lambda c: _cancel(c, delivery_id, now_us, reason))


async def _again(connection: Connection, delivery_id: str, due_us: int) -> Delivery | None:
    delivery = await making.locked(connection, delivery_id)
    return None if delivery is None else await making.send_again(connection, delivery, due_us)


async def _cancel(
    connection: Connection, delivery_id: str, now_us: int, reason: str
) -> Delivery | None:
    delivery = await making.locked(connection, delivery_id)
    if delivery is None or delivery.state == "sending" or delivery.state in ENDED:
        return delivery
    after = delivery._replace(state="cancelled", reason=reason, ended_at_us=now_us)
    await making.move(connection, after)
    if delivery.state == "pending":
        await move_up(connection, [(delivery.endpoint_id, delivery.lane)])
    return after
