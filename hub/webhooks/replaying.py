"""Replaying: deliveries are sent again, or events sent after all, page by page.

Oldest first, so that what is ordered stays so. Each page and how far it has come are one
transaction: any process may do the next one, and one that was cancelled goes no further.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from hub.clock import Clock
from hub.model.delivery import Body, NewDelivery
from hub.model.endpoint import Endpoint, Registry
from hub.model.pattern import is_like
from hub.model.replay import Replay
from hub.stores.base import EventQuery
from hub.stores.webhooks import DeliveryQuery, Webhooks
from hub.telemetry.logging import logger
from hub.webhooks.dispatcher import PAGE_BYTES, Reader, Waking
from hub.webhooks.matching import Matcher, may_have, readers_of
from hub.webhooks.pace import Pace

PAGE = 100
# Replays that run at the same time, each a page in turn.
MOST = 100
POLL_S = 1.0


class _Page(NamedTuple):
    """What the next page of a replay does, and where the replay stands then."""

    then: Replay
    again: Sequence[str] = ()
    new: Sequence[NewDelivery] = ()
    bodies: Sequence[Body] = ()


class Replaying:
    """Does the replays that run.

    Args:
        log: Whose events.
        store: Where replays and deliveries are.
        clock: The wall time.
        pace: Says when there is time.
        made: Called when something has become due.
    """

    def __init__(
        self, log: Reader, store: Webhooks, clock: Clock, *, pace: Pace, made: Waking
    ) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._pace = pace
        self._made = made
        self._news = asyncio.Event()
        self._lines = logger("webhooks")

    def wake(self) -> None:
        """Look now: there is a new one."""
        self._news.set()

    async def run(self) -> None:
        """Do them, for ever."""
        while True:
            try:
                while await self.round():
                    pass
            except Exception:  # noqa: BLE001 logged with its traceback; it must not end
                self._lines.exception("replays cannot go on, they are tried again")
            try:
                async with asyncio.timeout(POLL_S):
                    await self._news.wait()
            except TimeoutError:
                continue
            self._news.clear()

    async def round(self) -> bool:
        """Do a page of each; say whether there may be another one."""
        more = False
        for one in await self._store.replays(MOST, running=True):
            await self._pace.turn()
            more |= await self._pace.timed(self._step(one))
        return more

    async def _step(self, one: Replay) -> bool:
        found = await self._store.endpoint(one.endpoint_id)
        if found is None:
            await self._store.cancel_replay(one.id, self._clock.now_us())
            return False
        of = self._of_deliveries if one.after is None else self._of
        page = await of(one, found[0])
        if not await self._store.replay_step(one, page.then, page.again, page.new, page.bodies):
            return True
        if page.again or page.new:
            self._made()
        if page.then.state == "done":
            self._lines.info(
                "replay done", replay=one.id, endpoint=one.endpoint_id, again=page.then.again
            )
        return page.then.state == "running"

    async def _of_deliveries(self, one: Replay, endpoint: Endpoint) -> _Page:
        """Return the next page of deliveries that were made, without what it may not read now."""
        since_us = one.since_us or None
        query = DeliveryQuery(
            PAGE, one.endpoint_id, states=one.states, since_us=since_us, after=one.cursor
        )
        rows = await self._store.deliveries(query)
        due = [row for row in rows if _is_due(one, row[0].seq, row[0].created_at_us)]
        heads = (await self._log.state()).heads
        again = [
            row.id for row, body in due
            if _is_wanted(one, body.type)
            and may_have(endpoint, body, readers_of(heads.get(body.channel)))
        ]  # fmt: skip
        cursor = due[-1][0].seq if due else one.cursor
        done = len(due) < PAGE
        return _Page(self._then(one, cursor, len(due), len(again), done=done), again)

    async def _of(self, one: Replay, endpoint: Endpoint) -> _Page:
        """Return the next page of events that an endpoint would get."""
        state = await self._log.state()
        head = state.heads.get(one.channel)
        query = EventQuery(one.channel, PAGE, after=one.cursor, max_bytes=PAGE_BYTES)
        events = await self._log.events(query) if head is not None else ()
        due = [event for event in events if _is_due(one, event.offset, event.at_us)]
        readers = readers_of(head)
        # As the dispatcher would do it, but also with what came before the endpoint.
        matcher = Matcher(Registry(0, [replace(endpoint, starts={})]))
        wanted = [event for event in due if _is_wanted(one, event.type)]
        matched = matcher.match(wanted, readers, self._clock.now_us(), len(wanted) + 1)
        cursor = due[-1].offset if due else one.cursor
        # A page may be short because of its bytes; only an empty one is the end.
        done = not due or len(due) < len(events)
        then = self._then(one, cursor, len(due), len(matched.deliveries), done=done)
        return _Page(then, (), matched.deliveries, matched.bodies)

    def _then(self, one: Replay, cursor: int, seen: int, again: int, *, done: bool) -> Replay:
        return replace(
            one,
            cursor=cursor,
            seen=one.seen + seen,
            again=one.again + again,
            state="done" if done else "running",
            ended_at_us=self._clock.now_us() if done else 0,
        )


def _is_due(one: Replay, at: int, at_us: int) -> bool:
    """Say whether something was there when the replay was asked for."""
    return at_us <= one.until_us if one.to is None else at <= one.to


def _is_wanted(one: Replay, type_: str) -> bool:
    return any(is_like(type_, pattern) for pattern in one.event_types)
