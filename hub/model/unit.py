"""The unit: what one request wants committed, as a value plus a pure decision.

A unit says which rows it needs and which channels it writes, and decides on those rows
inside the transaction that writes. `settle` runs a group of units in arrival order: a later
unit sees the changes of the earlier ones, refused units leave nothing behind. The same
function serves every store; they only load rows before it and write the result after it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub.errors import BodyTooLarge, HubError, IdempotencyKeyReused
from hub.model.channel import Defined, Definition
from hub.model.contract import Contract
from hub.model.event import BUILT_IN_CHANNELS, Draft, Event, new_event_id
from hub.model.job import Job, JobEntry

# Below the 1 MiB that WebSocket clients take by default: a larger frame would end them (1009),
# and end them again at every resume.
MAX_EVENT_BYTES = 512 * 1024

# A row by its kind and id: ("contract", "c-1").
Ref = tuple[str, str]
Row = Contract | Job
Change = Contract | Job | JobEntry | Defined


class Head(msgspec.Struct):
    """The end of a channel: its newest offset, the time of that event, its oldest kept offset.

    `definition` is None while nobody has defined the channel: it is durable then.
    """

    offset: int = 0
    at_us: int = 0
    oldest: int = 1
    definition: Definition | None = None

    @property
    def is_durable(self) -> bool:
        """Say whether the channel's events are in the log."""
        return self.definition is None or self.definition.durable


def existing(heads: Mapping[str, Head]) -> dict[str, Head]:
    """Return the channels that there are: a refused unit may have left an empty row."""
    return {
        name: head
        for name, head in heads.items()
        if head.offset or head.definition is not None or name in BUILT_IN_CHANNELS
    }


class Rows(NamedTuple):
    """What a decision may look at: rows, by reference, the time of the commit, its channels."""

    found: Mapping[Ref, Row]
    now_us: int
    heads: Mapping[str, Head]

    def contract(self, contract_id: str) -> Contract | None:
        """Return the contract, or None where there is none."""
        row = self.found.get(("contract", contract_id))
        return row if isinstance(row, Contract) else None

    def job(self, job_id: str) -> Job | None:
        """Return the job, or None where there is none."""
        row = self.found.get(("job", job_id))
        return row if isinstance(row, Job) else None


class Decision(NamedTuple):
    """What a unit does: rows to store, events to append, and the answer once they have offsets.

    `answer` gets the unit's own events; its bytes are what an idempotent retry is given again.
    """

    changes: Sequence[Change]
    drafts: Sequence[Draft]
    answer: Callable[[Sequence[Event]], bytes]
    status: int = 200


class IdempotencyKey(NamedTuple):
    """Names a request so that its retry is recognised.

    Attributes:
        scope: Principal, method, path and key; unique for 24 h.
        body_hash: SHA-256 of the raw body: the same key with another body is a fault.
    """

    scope: str
    body_hash: bytes


class Unit(NamedTuple):
    """One request's wish.

    Attributes:
        owner: The principal's name; stands in every event.
        refs: Rows that `decide` needs.
        channels: Channels that `decide` may write.
        decide: Pure; raises a HubError to refuse.
        key: Set when the caller sent an Idempotency-Key.
        trace: Stands in every event: the request's traceparent, empty where it had none.
    """

    owner: str
    refs: Sequence[Ref]
    channels: Sequence[str]
    decide: Callable[[Rows], Decision]
    key: IdempotencyKey | None = None
    trace: str = ""


class KeptAnswer(NamedTuple):
    """What an earlier request with the same key was answered."""

    scope: str
    body_hash: bytes
    status: int
    body: bytes
    at_us: int


class Answered(NamedTuple):
    """A unit was committed, or had been before (`replayed`)."""

    status: int
    body: bytes
    events: Sequence[Event]
    replayed: bool = False


Outcome = Answered | HubError


class Loaded(NamedTuple):
    """What the store read at the start of the transaction for the whole group."""

    rows: Mapping[Ref, Row]
    heads: Mapping[str, Head]
    answers: Mapping[str, KeptAnswer]


class Settled(NamedTuple):
    """What the store has to write, and what each unit is told after the commit."""

    outcomes: Sequence[Outcome]
    rows: Mapping[Ref, Row]
    entries: Sequence[JobEntry]
    events: Sequence[Event]
    heads: Mapping[str, Head]
    answers: Sequence[KeptAnswer]
    definitions: Sequence[Defined]


def settle(units: Sequence[Unit], loaded: Loaded, now_us: int) -> Settled:
    """Decide a group in arrival order and give its events their offsets and times.

    Returns:
        One outcome a unit, in order, and what is to be stored.

    Raises:
        Exception: Only what a faulty `decide` raises; refusals are outcomes.
    """
    return _Group(loaded, now_us).run(units)


class _Group:
    """The state of a group while it is decided; lives inside one call of `settle`."""

    def __init__(self, loaded: Loaded, now_us: int) -> None:
        self.loaded = loaded
        self.now_us = now_us
        self.rows: dict[Ref, Row] = {}
        self.entries: list[JobEntry] = []
        self.events: list[Event] = []
        self.heads: dict[str, Head] = {}
        self.answers: dict[str, KeptAnswer] = {}
        self.definitions: list[Defined] = []

    def run(self, units: Sequence[Unit]) -> Settled:
        outcomes = [self._outcome(unit) for unit in units]
        answers = list(self.answers.values())
        return Settled(
            outcomes,
            self.rows,
            self.entries,
            self.events,
            self.heads,
            answers,
            self.definitions,
        )

    def _outcome(self, unit: Unit) -> Outcome:
        try:
            kept = None if unit.key is None else self._kept(unit.key)
            if kept is not None:
                return Answered(kept.status, kept.body, (), replayed=True)
            return self._apply(unit)
        except HubError as refusal:
            return refusal

    def _kept(self, key: IdempotencyKey) -> KeptAnswer | None:
        kept = self.answers.get(key.scope) or self.loaded.answers.get(key.scope)
        if kept is not None and kept.body_hash != key.body_hash:
            raise IdempotencyKeyReused(
                "expected the body that this Idempotency-Key was first used with, got another one"
            )
        return kept

    def _apply(self, unit: Unit) -> Answered:
        now_us = self.now_us
        heads = {channel: self._head(channel) for channel in unit.channels}
        for head in heads.values():
            # Clocks step back; the times of a channel never do.
            now_us = max(now_us, head.at_us)
        found: dict[Ref, Row] = {}
        for ref in unit.refs:
            row = self.rows.get(ref) or self.loaded.rows.get(ref)
            if row is not None:
                found[ref] = row
        decision = unit.decide(Rows(found, now_us, heads))
        for draft in decision.drafts:
            if len(draft.data) > MAX_EVENT_BYTES:
                raise BodyTooLarge(
                    f"expected an event of at most {MAX_EVENT_BYTES} bytes, got {len(draft.data)}"
                )
        events = [self._append(unit, draft, now_us) for draft in decision.drafts]
        body = decision.answer(events)
        self._keep(decision.changes)
        if unit.key is not None:
            self.answers[unit.key.scope] = KeptAnswer(
                unit.key.scope, unit.key.body_hash, decision.status, body, now_us
            )
        return Answered(decision.status, body, events)

    def _head(self, channel: str) -> Head:
        """Return this group's own head of a channel, to be moved on."""
        head = self.heads.get(channel)
        if head is None:
            before = self.loaded.heads.get(channel) or Head()
            head = self.heads[channel] = Head(
                before.offset, before.at_us, before.oldest, before.definition
            )
        return head

    def _append(self, unit: Unit, draft: Draft, now_us: int) -> Event:
        offset = 0
        if not draft.test:
            head = self._head(draft.channel)
            head.offset = offset = head.offset + 1
            head.at_us = now_us
        event = Event(
            draft.channel,
            offset,
            new_event_id(now_us),
            draft.type,
            now_us,
            draft.owner or unit.owner,
            draft.data,
            draft.key,
            draft.tag,
            False,  # noqa: FBT003 in order: names cost as much as all fields
            unit.trace,
        )
        if offset:
            self.events.append(event)
        return event

    def _keep(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, JobEntry):
                self.entries.append(change)
            elif isinstance(change, Job):
                self.rows["job", change.job_id] = change
            elif isinstance(change, Defined):
                self._head(change.channel).definition = change.definition
                self.definitions.append(change)
            else:
                self.rows["contract", change.contract_id] = change
