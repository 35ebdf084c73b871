"""The replays in the data file."""

import sqlite3
from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from hub.model.delivery import ENDED, Body, NewDelivery
from hub.model.replay import Replay
from hub.stores.sqlite_webhooks import making
from hub.stores.sqlite_webhooks.part import SqlitePart
from hub.stores.webhook_rows import replay_of, text_of

_ADD = "INSERT INTO webhook_replays (id, state, created_at_us, document) VALUES (?, ?, ?, ?)"
_ONE = "SELECT document FROM webhook_replays WHERE id = ?"
_PAGE = "SELECT document FROM webhook_replays {where} ORDER BY created_at_us DESC, id DESC LIMIT ?"
_CHANGE = "UPDATE webhook_replays SET state = ?, document = ? WHERE id = ?"
# Whoever has ended was made before, which is what there is an index of.
_FORGET = (
    "DELETE FROM webhook_replays WHERE id IN (SELECT id FROM webhook_replays "
    "WHERE created_at_us < ?1 AND state <> 'running' "
    "AND json_extract(document, '$.ended_at_us') < ?1 ORDER BY created_at_us, id LIMIT ?2)"
)
_PAIR = "SELECT id FROM webhook_deliveries WHERE event_id = ? AND endpoint_id = ?"


class SqliteReplays(SqlitePart):
    """The replays, which go on where they were after any crash."""

    async def add_replay(self, replay: Replay) -> None:
        """Keep one."""
        values = (replay.id, replay.state, replay.created_at_us, text_of(replay))
        await self._write(lambda db: db.execute(_ADD, values))

    async def replay(self, replay_id: str) -> Replay | None:
        """Return one, or None."""
        return await self._threads.read(partial(_find, replay_id=replay_id))

    async def replays(self, limit: int, *, running: bool = False) -> Sequence[Replay]:
        """Return a page, newest first."""
        sql = _PAGE.format(where="WHERE state = 'running'" if running else "")
        return [replay_of(document) for (document,) in await self._glance(sql, limit)]

    async def cancel_replay(self, replay_id: str, now_us: int) -> Replay | None:
        """End one that runs. Return it as it is then."""
        return await self._write(partial(_cancel, replay_id=replay_id, now_us=now_us))

    async def replay_step(
        self, replay: Replay, then: Replay, again: Sequence[str], new: Sequence[NewDelivery],
        bodies: Sequence[Body],
    ) -> bool:  # fmt: skip
        """Send deliveries again and make new ones, and note how far it has come."""
        now_us = self._clock.now_us()

        def take(db: sqlite3.Connection) -> bool:
            if _find(db, replay.id) != replay:
                return False
            _change(db, then)
            _send(db, again, now_us)
            _make(db, new, bodies, now_us)
            return True

        return await self._write(take, 1 + len(again) + 2 * len(new))

    async def forget_replays(self, before_us: int, limit: int) -> int:
        """Forget replays that ended before a time."""
        return await self._write(lambda db: db.execute(_FORGET, (before_us, limit)).rowcount)


def _find(db: sqlite3.Connection, replay_id: str) -> Replay | None:
    row = db.execute(_ONE, (replay_id,)).fetchone()
    return None if row is None else replay_of(row[0])


def _change(db: sqlite3.Connection, replay: Replay) -> None:
    db.execute(_CHANGE, (replay.state, text_of(replay), replay.id))


def _cancel(db: sqlite3.Connection, replay_id: str, now_us: int) -> Replay | None:
    replay = _find(db, replay_id)
    if replay is None or replay.state != "running":
        return replay
    ended = replace(replay, state="cancelled", ended_at_us=now_us)
    _change(db, ended)
    return ended


def _send(db: sqlite3.Connection, ids: Sequence[str], due_us: int) -> None:
    for delivery_id in ids:
        delivery = making.by_id(db, delivery_id)
        if delivery is not None:
            making.send_again(db, delivery, due_us)


def _make(
    db: sqlite3.Connection, new: Sequence[NewDelivery], bodies: Sequence[Body], now_us: int
) -> None:
    fresh: list[NewDelivery] = []
    endpoints = {name: making.stored(db, name) for name in {one.endpoint_id for one in new}}
    for wanted in new:
        there = db.execute(_PAIR, (wanted.event_id, wanted.endpoint_id)).fetchone()
        endpoint = endpoints[wanted.endpoint_id]
        if there is None and endpoint is not None:
            fresh.append(wanted._replace(held=endpoint.holds))
        elif there is not None:
            delivery = making.by_id(db, there[0])
            if delivery is not None and (delivery.state in ENDED or delivery.state == "held"):
                making.send_again(db, delivery, wanted.due_us)
    making.make(db, fresh, bodies, now_us)
