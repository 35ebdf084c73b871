"""Contracts (seed 3): take an update, tell how things stand."""

from collections.abc import Sequence
from functools import partial

import msgspec

from hub.clock import Clock
from hub.model.contract import Contract, ContractUpdate, is_stale, read_update, to_draft
from hub.model.event import CONTRACTS, Event
from hub.model.principal import Principal
from hub.model.unit import Answered, Decision, IdempotencyKey, Rows, Unit
from hub.services.publisher import Publisher

_encode = msgspec.json.Encoder().encode


class UpdateAnswer(msgspec.Struct):
    """Answer of `POST /update`; joined by hand in `_answer`, a test compares."""

    status: str
    id: str
    channel: str
    epoch: str
    offset: int
    applied: bool


class TestAnswer(msgspec.Struct):
    """Answer of `POST /test/update`."""

    status: str
    id: str
    channel: str
    test: bool


class Contracts:
    """The updates of contracts.

    Args:
        publisher: Where units go.
        clock: Judges timestamps that lie ahead.
        epoch: The log's epoch; stands in every answer.
        locations: The cities that exist.
    """

    def __init__(
        self, publisher: Publisher, clock: Clock, epoch: str, locations: frozenset[str]
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._epoch = epoch
        self._locations = locations

    async def update(
        self, principal: Principal, update: ContractUpdate, key: IdempotencyKey | None
    ) -> Answered:
        """Store an update and push it, or push it as stale where newer state is stored.

        Raises:
            InvalidFields: See `model.contract.read_update`.
        """
        sent_at_us = read_update(update, self._locations, self._clock.now_us())
        decide = partial(
            _decide, update=update, sent_at_us=sent_at_us, owner=principal.name, epoch=self._epoch
        )
        refs = (("contract", update.contract_id),)
        return await self._publisher.submit(Unit(principal.name, refs, (CONTRACTS,), decide, key))

    async def test(
        self, principal: Principal, update: ContractUpdate, key: IdempotencyKey | None
    ) -> Answered:
        """Push an update marked as a test; it changes neither state nor history."""
        read_update(update, self._locations, self._clock.now_us())
        decide = partial(_decide_test, update=update)
        return await self._publisher.submit(Unit(principal.name, (), (CONTRACTS,), decide, key))


def _decide(
    rows: Rows, *, update: ContractUpdate, sent_at_us: int, owner: str, epoch: str
) -> Decision:
    stored = rows.contract(update.contract_id)
    stale = is_stale(stored, sent_at_us)
    changes: Sequence[Contract] = ()
    if not stale:
        changes = (
            Contract(
                update.contract_id,
                stored.owner if stored else owner,
                update.location,
                update.status,
                update.timestamp,
                sent_at_us,
                rows.now_us,
            ),
        )
    draft = to_draft(update, _encode(update), stale=stale)
    return Decision(changes, (draft,), partial(_answer, epoch=epoch, applied=not stale))


def _decide_test(_rows: Rows, *, update: ContractUpdate) -> Decision:
    draft = to_draft(update, _encode(update), stale=False, test=True)
    return Decision((), (draft,), _answer_test)


def _answer(events: Sequence[Event], *, epoch: str, applied: bool) -> bytes:
    event = events[0]
    return (
        f'{{"status":"ok","id":"{event.id}","channel":"{event.channel}","epoch":"{epoch}",'
        f'"offset":{event.offset},"applied":{"true" if applied else "false"}}}'
    ).encode()


def _answer_test(events: Sequence[Event]) -> bytes:
    return _encode(TestAnswer("ok", events[0].id, CONTRACTS, test=True))
