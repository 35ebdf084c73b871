"""The replays in the database."""

from collections.abc import Sequence

from msgspec.structs import replace

from hub.model.delivery import ENDED, Body, NewDelivery
from hub.model.replay import Replay
from hub.stores.postgres.database import Connection
from hub.stores.postgres.webhooks import making
from hub.stores.postgres.webhooks.part import LOCK, PostgresPart
from hub.stores.webhook_rows import replay_of, text_of

_ADD = (
    "INSERT INTO webhook_replays (id, state, created_at_us, document) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (id) DO NOTHING"
)
_ONE = "SELECT document FROM webhook_replays WHERE id = $1"
_PAGE = "SELECT document FROM webhook_replays {where} ORDER BY created_at_us DESC, id DESC LIMIT $1"
_CHANGE = "UPDATE webhook_replays SET state = $1, document = $2 WHERE id = $3"
_OWNERS = (
    "SELECT DISTINCT endpoint_id FROM webhook_deliveries WHERE id = ANY($1::text[]) "
    "UNION SELECT unnest($2::text[])"
)
# Whoever has ended was made before, which is what there is an index of.
_FORGET = (
    "DELETE FROM webhook_replays WHERE id IN (SELECT id FROM webhook_replays "
    "WHERE created_at_us < $1 AND state <> 'running' "
    "AND (document::json ->> 'ended_at_us')::bigint < $1 ORDER BY created_at_us, id LIMIT $2)"
)
_PAIR = "SELECT id FROM webhook_deliveries WHERE event_id = $1 AND endpoint_id = $2"


class PostgresReplays(PostgresPart):
    """The replays, which go on where they were after any crash."""

    async def add_replay(self, replay: Replay) -> None:
        """Keep one."""
        values = (replay.id, replay.state, replay.created_at_us, text_of(replay))
        await self._write(lambda c: c.execute(_ADD, *values))

    async def replay(self, replay_id: str) -> Replay | None:
        """Return one, or None."""
        return await self._database.again(lambda c: _find(c, replay_id))

    async def replays(self, limit: int, *, running: bool = False) -> Sequence[Replay]:
        """Return a page, newest first."""
        sql = _PAGE.format(where="WHERE state = 'running'" if running else "")
        return [replay_of(document) for (document,) in await self._rows(sql, limit)]

    async def cancel_replay(self, replay_id: str, now_us: int) -> Replay | None:
        """End one that runs. Return it as it is then."""
        return await self._write(lambda c: _cancel(c, replay_id, now_us))

    async def replay_step(
        self, replay: Replay, then: Replay, again: Sequence[str], new: Sequence[NewDelivery],
        bodies: Sequence[Body],
    ) -> bool:  # fmt: skip
        """Send deliveries again and make new ones, and note how far it has come."""
        now_us = self._clock.now_us()

        async def take(connection: Connection) -> bool:
            if await _find(connection, replay.id, " FOR UPDATE") != replay:
                return False
            await _change(connection, then)
            names = [one.endpoint_id for one in new]
            owners = await connection.fetch(_OWNERS, list(again), names)
            await connection.fetch(LOCK, [row[0] for row in owners])
            await _send(connection, again, now_us)
            await _make(connection, new, bodies, now_us)
            return True

        return await self._write(take)

    async def forget_replays(self, before_us: int, limit: int) -> int:
        """Forget replays that ended before a time."""
        said = await self._write(lambda c: c.execute(_FORGET, before_us, limit))
        return int(said.rpartition(" ")[2])


async def _find(connection: Connection, replay_id: str, lock: str = "") -> Replay | None:
    document = await connection.fetchval(f"{_ONE}{lock}", replay_id)
    return None if document is None else replay_of(document)


async def _change(connection: Connection, replay: Replay) -> None:
    await connection.execute(_CHANGE, replay.state, text_of(replay), replay.id)


async def _cancel(connection: Connection, replay_id: str, now_us: int) -> Replay | None:
    replay = await _find(connection, replay_id, " FOR UPDATE")
    if replay is None or replay.state != "running":
        return replay
    ended = replace(replay, state="cancelled", ended_at_us=now_us)
    await _change(connection, ended)
    return ended


async def _send(connection: Connection, ids: Sequence[str], due_us: int) -> None:
    for delivery_id in ids:
        delivery = await making.locked(connection, delivery_id)
        if delivery is not None:
            await making.send_again(connection, delivery, due_us)


async def _make(
    connection: Connection, new: Sequence[NewDelivery], bodies: Sequence[Body], now_us: int
) -> None:
    fresh: list[NewDelivery] = []
    names = {one.endpoint_id for one in new}
    endpoints = {name: await making.stored(connection, name) for name in names}
    for wanted in new:
        there = await connection.fetchval(_PAIR, wanted.event_id, wanted.endpoint_id)
        endpoint = endpoints[wanted.endpoint_id]
        if there is None and endpoint is not None:
            fresh.append(wanted._replace(held=endpoint.holds))
        elif there is not None:
            delivery = await making.locked(connection, there)
            if delivery is not None and (delivery.state in ENDED or delivery.state == "held"):
                await making.send_again(connection, delivery, wanted.due_us)
    await making.make(connection, fresh, bodies, now_us)
