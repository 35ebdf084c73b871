"""Resources of the audit log: its records and its seals, in pages."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.types import ASGIApp

from hub.errors import FieldError, InvalidFields
from hub.model.audit import Record, Seal, details_of
from hub.model.contract import shown
from hub.model.timestamp import from_iso8601, to_rfc3339
from hub.stores.audit import AuditLog, AuditQuery
from hub.transports.http.answer import json
from hub.transports.http.call import Call

T = TypeVar("T")
Number = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class AuditParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of the audit log: `since` going up, `before` going down, else the last ones.

    `since_time` and `until_time` are ISO 8601; the first is in the answer, the last is not.
    """

    limit: Limit = 100
    since: Number | None = None
    before: Number | None = None
    since_time: str | None = None
    until_time: str | None = None
    action: str | None = None
    actor: str | None = None


class SealsParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of the seals; `since` and `before` are batches."""

    limit: Limit = 100
    since: Number | None = None
    before: Number | None = None


class RecordView(msgspec.Struct, kw_only=True):
    """What somebody did, or was not let do.

    `actor` is empty where nobody has shown who he is, `outcome` is `done` or the code of an error.
    `sealed` says whether the record is in a seal already, and so cannot be changed unseen.
    """

    seq: int
    timestamp: str
    actor: str
    credential: str
    action: str
    target: str
    outcome: str
    address: str
    node: str
    details: dict[str, Any]
    sealed: bool


class AuditView(msgspec.Struct, kw_only=True):
    """A page of records, oldest first.

    `head` is the newest record there is, `sealed` the newest in a seal, `forgotten` the newest
    that retention has removed. `next` is the value of `since` or `before` for the next page.
    """

    records: list[RecordView]
    head: int
    sealed: int
    forgotten: int
    next: int | None


class SealView(msgspec.Struct, kw_only=True):
    """A sealed batch. `hash` covers the batch and `previous`; `hmac` is empty without a key."""

    batch: int
    first_seq: int
    last_seq: int
    timestamp: str
    node: str
    digest: str
    previous: str
    hash: str
    hmac: str


class SealsView(msgspec.Struct, kw_only=True):
    """A page of seals, by batch; `next` is like that of a page of records."""

    seals: list[SealView]
    next: int | None


class AuditResource:
    """Reads the audit log."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    async def list(self, call: Call) -> ASGIApp:
        """Return a page of records."""
        params = call.query(AuditParams)
        query = AuditQuery(
            params.limit + 1,
            params.since,
            params.before,
            params.action,
            params.actor,
            _time("since_time", params.since_time),
            _time("until_time", params.until_time),
        )
        records = await self._log.records(query)
        # After the page: what it shows as sealed is.
        state = await self._log.audit_state()
        shown_here = _cut(records, params.limit, params.since)
        numbers = [record.seq for record in shown_here]
        return json(
            AuditView(
                records=[_record(record, state.sealed) for record in shown_here],
                head=state.last_seq,
                sealed=state.sealed,
                forgotten=state.forgotten,
                next=_next(numbers, params.since, more=len(records) > params.limit),
            )
        )

    async def seals(self, call: Call) -> ASGIApp:
        """Return a page of seals."""
        params = call.query(SealsParams)
        seals = await self._log.seals(params.limit + 1, after=params.since, before=params.before)
        shown_here = _cut(seals, params.limit, params.since)
        numbers = [seal.batch for seal in shown_here]
        more = len(seals) > params.limit
        views = [_seal(seal) for seal in shown_here]
        return json(SealsView(seals=views, next=_next(numbers, params.since, more=more)))


def _cut(rows: Sequence[T], limit: int, since: int | None) -> Sequence[T]:
    """Return a page of what was read, which is one more where there is more."""
    return rows[-limit:] if since is None else rows[:limit]


def _next(numbers: Sequence[int], since: int | None, *, more: bool) -> int | None:
    if not more:
        return None
    return numbers[0] if since is None else numbers[-1]


def _record(record: Record, sealed: int) -> RecordView:
    return RecordView(
        seq=record.seq,
        timestamp=to_rfc3339(record.at_us),
        actor=record.actor,
        credential=record.credential,
        action=record.action,
        target=record.target,
        outcome=record.outcome,
        address=record.address,
        node=record.node,
        details=details_of(record),
        sealed=record.seq <= sealed,
    )


def _seal(seal: Seal) -> SealView:
    fields = {name: value for name, value in seal._asdict().items() if name != "at_us"}
    return SealView(timestamp=to_rfc3339(seal.at_us), **fields)


def _time(name: str, text: str | None) -> int | None:
    """Return a time in microseconds.

    Raises:
        InvalidFields: It is none.
    """
    if text is None:
        return None
    try:
        return from_iso8601(text)
    except (ValueError, OverflowError):
        raise InvalidFields([FieldError(name, "an ISO 8601 time", shown(text))]) from None
