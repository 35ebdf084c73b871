"""What every store promises; `tests/contracts/test_store.py` holds the adapters to it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from hub.model.contract import Contract
from hub.model.event import Event
from hub.model.job import Job, JobEntry
from hub.model.unit import Head, Outcome, Unit
from hub.stores.audit import AuditLog
from hub.stores.credentials import Credentials, Tickets
from hub.stores.webhooks import Webhooks


class LogState(NamedTuple):
    """The log as a whole: its id among others, its epoch, and the end of every channel."""

    log_id: str
    epoch: str
    heads: Mapping[str, Head]


class EventQuery(NamedTuple):
    """A page of history, oldest first.

    It ends early when its events are `max_bytes` together, after one event at least. With
    `after` the events that follow it, else the last `limit` below `before` (None: the end).
    `key` and `tag` narrow it to one entity or one tag, `owner` to what belongs to one principal.
    """

    channel: str
    limit: int
    after: int | None = None
    before: int | None = None
    key: str | None = None
    tag: str | None = None
    max_bytes: int = 8 * 1024 * 1024
    owner: str | None = None


class JobQuery(NamedTuple):
    """A page of jobs, newest first; `before` is the last page's `(created_at_us, job_id)`."""

    limit: int
    status: str | None = None
    user_id: str | None = None
    before: tuple[int, str] | None = None
    owner: str | None = None


class ContractCount(NamedTuple):
    """How many contracts have this location and status, and their newest update."""

    location: str
    status: str
    contracts: int
    updated_at_us: int


class Snapshot(Protocol):
    """The state of every entity of a channel at one offset, in pages of one read transaction."""

    epoch: str
    offset: int

    async def page(self, limit: int) -> tuple[Sequence[Contract | Job], bool]:
        """Return the next rows, and whether more follow.

        Raises:
            LogUnavailable: The transaction was open longer than the store allows.
        """
        ...

    async def close(self) -> None:
        """Let the transaction go. Harmless when called again."""
        ...


class Log(Protocol):
    """One durable, ordered log a channel, and the rows whose changes it tells."""

    async def commit(self, units: Sequence[Unit]) -> Sequence[Outcome]:
        """Decide and write a group in one transaction; on return it is on disk.

        Offsets of a channel have no holes and grow in commit order; times never fall. All or
        nothing: when it raises, no unit of the group has left a trace.

        Raises:
            LogUnavailable: The log cannot be written now.
            OutcomeUnknown: The disk failed at the commit; the group may or may not be there.
            Exception: One unit is at fault. Run the group again unit by unit.
        """
        ...

    async def state(self) -> LogState:
        """Return epoch and heads as last committed."""
        ...

    async def events(self, query: EventQuery) -> Sequence[Event]:
        """Return a page of history, oldest first. Costs by the page, not by the log."""
        ...

    async def offset_before(self, channel: str, at_us: int) -> int:
        """Return the newest offset whose event is older than the time; 0 when none is."""
        ...

    async def prune(self, channel: str, *, below: int, limit: int) -> Head:
        """Forget at most `limit` events with an offset under `below`; return the new head."""
        ...

    async def forget_answers(self, before_us: int, limit: int) -> int:
        """Forget at most `limit` idempotent answers older than the time; return how many."""
        ...

    async def snapshot(self, channel: str, owner: str | None = None) -> Snapshot:
        """Open the state of a channel at one offset; with `owner` only the jobs that are theirs.

        Raises:
            Overloaded: As many snapshots are open as the store allows.
        """
        ...

    async def probe(self) -> None:
        """Write and forget: raises LogUnavailable when the log cannot be written."""
        ...


class Records(Protocol):
    """The rows as last committed, for those who only look."""

    async def event(self, event_id: str) -> Event | None:
        """Return the event of this id, or None: there is none, or it is no longer kept."""
        ...

    async def job(self, job_id: str) -> Job | None:
        """Return the job, or None."""
        ...

    async def jobs(self, query: JobQuery) -> Sequence[Job]:
        """Return a page of jobs, newest first."""
        ...

    async def job_entries(self, job_id: str) -> Sequence[JobEntry]:
        """Return the job's own history, oldest first."""
        ...

    async def contract_counts(self) -> Sequence[ContractCount]:
        """Return how many contracts there are by location and status."""
        ...


class Store(Log, Records, Protocol):
    """A database that holds both, and who may come in, from open to close."""

    @property
    def credentials(self) -> Credentials:
        """Its API keys and revocations."""
        ...

    @property
    def tickets(self) -> Tickets:
        """Its tickets."""
        ...

    @property
    def audit(self) -> AuditLog:
        """The audit log in it."""
        ...

    @property
    def webhooks(self) -> Webhooks:
        """Its webhooks."""
        ...

    async def open(self) -> None:
        """Connect and bring the schema up to date.

        Raises:
            Misconfigured: It cannot be used like this.
        """
        ...

    async def new_epoch(self, word: str) -> None:
        """Make every position that was handed out before untrusted."""
        ...

    async def close(self) -> None:
        """Finish what runs and let it go."""
        ...
