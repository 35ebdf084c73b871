"""What every store of the audit log promises; `tests/contracts/test_audit.py` holds them to it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from hub.model.audit import Note, Record, Seal

# What is forgotten in one transaction: so many records, or one batch; events wait meanwhile.
FORGET_RECORDS = 500
FORGET_BATCHES = 100
RECORD = "seq, at_us, actor, credential, action, target, outcome, address, node, details"
SEAL = "batch, first_seq, last_seq, at_us, node, digest, previous, hash, hmac"

# Makes a seal of what follows the one before it.
Make = Callable[[Seal | None, Sequence[Record]], Seal]


class AuditQuery(NamedTuple):
    """A page of records, oldest first.

    With `after` those that follow it, else the last `limit` below `before` (None: the end).
    """

    limit: int
    after: int | None = None
    before: int | None = None
    action: str | None = None
    actor: str | None = None
    since_us: int | None = None
    until_us: int | None = None


class AuditState(NamedTuple):
    """Where the log ends: newest record, newest that is sealed, newest that is forgotten."""

    last_seq: int
    sealed: int
    forgotten: int


class AuditReader(Protocol):
    """Reads the audit log, as last committed."""

    async def records(self, query: AuditQuery) -> Sequence[Record]:
        """Return a page of records, oldest first."""
        ...

    async def seals(
        self, limit: int, *, after: int | None = None, before: int | None = None
    ) -> Sequence[Seal]:
        """Return a page of seals, by batch; the arguments are like those of a query."""
        ...

    async def audit_state(self) -> AuditState:
        """Return where the log ends."""
        ...


class AuditLog(AuditReader, Protocol):
    """Records that only come, and the seals that chain them.

    What writes raises LogUnavailable or OutcomeUnknown when it cannot, like `base.Log`.
    """

    async def append(self, notes: Sequence[Note]) -> int:
        """Write records, in order; on return they are on disk. Return the `seq` of the last.

        At least once: where the way to the database broke at the commit, they may stand twice.
        """
        ...

    async def lease(self, holder: str, now_us: int, until_us: int) -> int | None:
        """Take or renew the right to seal until a time; return its token, None: another has it.

        A holder keeps its token until another one takes the right after it has expired. A time
        that is not in the future gives it back.
        """
        ...

    async def seal(self, token: int, limit: int, make: Make) -> Seal | None:
        """Seal the next records, at most `limit`, in one transaction.

        None: all are sealed, or the token is not the last one given any more. However many do
        it at the same time, there is one chain.
        """
        ...

    async def forget(self, token: int, before_us: int, note: Note, key: bytes | None = None) -> int:
        """Remove the oldest records whose seals are older than the time; the seals stay.

        In one transaction with a record of it, made of the note and signed with the key. Return
        how many were removed: some hundred, or one batch; 0 also where the token is not the last.
        """
        ...


def due(seals: Sequence[tuple[int, int]], forgotten: int, before_us: int) -> int | None:
    """Return the newest record to be forgotten now; None: none is old enough.

    Args:
        seals: `last_seq` and time of those whose records are there, the oldest first.
        forgotten: Newest record that is gone already.
        before_us: How old a seal must be.
    """
    last = None
    for last_seq, at_us in seals:
        if at_us >= before_us or (last is not None and last_seq - forgotten > FORGET_RECORDS):
            break
        last = last_seq
    return last


def select_records(query: AuditQuery, mark: Callable[[object], str]) -> str:
    """Return the statement of a page of records, oldest first.

    Args:
        query: What is wanted.
        mark: Takes a value, in their order, and returns what stands for it.
    """
    wanted = (("action =", query.action), ("actor =", query.actor))
    ends = (("seq >", query.after), ("seq <", query.before))
    found = [f"{left} {mark(value)}" for left, value in (*wanted, *ends) if value is not None]
    times = (("seq >=", query.since_us), ("seq <", query.until_us))
    found += [f"{left} {_first(mark(at_us))}" for left, at_us in times if at_us is not None]
    order = f"seq {'DESC' if query.after is None else 'ASC'} LIMIT {mark(query.limit)}"
    return _page(RECORD, "audit_records", found, order)


def select_seals(
    limit: int, after: int | None, before: int | None, mark: Callable[[object], str]
) -> str:
    """Return the statement of a page of seals, by batch; see `select_records`."""
    ends = (("batch >", after), ("batch <", before))
    found = [f"{left} {mark(value)}" for left, value in ends if value is not None]
    order = f"batch {'DESC' if after is None else 'ASC'} LIMIT {mark(limit)}"
    return _page(SEAL, "audit_seals", found, order)


def _first(mark: str) -> str:
    """Return the first `seq` that is not older than a time: times never fall with it."""
    first = f"SELECT seq FROM audit_records WHERE at_us >= {mark} ORDER BY at_us, seq LIMIT 1"  # noqa: S608 own words
    return f"coalesce(({first}), {2**62})"


def _page(columns: str, table: str, conditions: Sequence[str], order: str) -> str:
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    first = columns.partition(",")[0]
    page = f"SELECT {columns} FROM {table} {where}ORDER BY {order}"  # noqa: S608 own words
    return f"SELECT {columns} FROM ({page}) AS page ORDER BY {first}"  # noqa: S608 own words
