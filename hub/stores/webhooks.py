"""What every store of webhooks promises; `tests/contracts/test_webhooks*.py` hold them to it.

Whatever writes raises LogUnavailable or OutcomeUnknown when it cannot, like `base.Log`; it is one
transaction, and on return it is on disk.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from hub.model.delivery import Attempt, Body, Delivery, NewDelivery
from hub.model.endpoint import Endpoint, Health, Registry
from hub.stores.clearing import Held
from hub.stores.received import Received
from hub.stores.replays import Replays


class Step(NamedTuple):
    """One step of the dispatcher: what becomes of the events behind a cursor.

    Attributes:
        channel: Whose cursor.
        after: Where the cursor must stand for the step to be taken.
        to: Where it stands then.
        revision: Of the registry that the deliveries were chosen by.
        bodies: Of the events that go somewhere.
        deliveries: In the order of the log.
    """

    channel: str
    after: int
    to: int
    revision: int
    bodies: Sequence[Body] = ()
    deliveries: Sequence[NewDelivery] = ()


class Lane(NamedTuple):
    """An active endpoint for which deliveries are due.

    Attributes:
        sending: How many are leased now, to any worker.
        due: How many are due now, counted up to the limit of the claim.
    """

    endpoint: Endpoint
    health: Health
    sending: int
    due: int = 1


class Grant(NamedTuple):
    """How many of a lane's deliveries may go now, and its health from then on."""

    endpoint_id: str
    take: int
    health: Health


# Pure: asked before the transaction, of some lanes at a time, to choose them, and inside it, of
# those chosen, with what is stored then. What it leaves out gets nothing.
Allot = Callable[[Sequence[Lane]], Sequence[Grant]]


class Claim(NamedTuple):
    """What a worker asks for.

    Attributes:
        worker: Its name.
        now_us: What is due by then.
        until_us: When its leases end.
        limit: Deliveries at most.
        after: The endpoint served last: those behind it come first, then around.
        allot: Says how many of each.
    """

    worker: str
    now_us: int
    until_us: int
    limit: int
    after: str
    allot: Allot


class Leased(NamedTuple):
    """A delivery that a worker has leased, with all that it needs to send it."""

    delivery: Delivery
    endpoint: Endpoint
    body: Body


class Settled(NamedTuple):
    """What an attempt comes to.

    Attributes:
        delivery: As it is from now on.
        health: The endpoint's.
        attempt: With its number and its receipt.
        endpoint: Where it changes too: it is disabled, or was a callback that has been made.
    """

    delivery: Delivery
    health: Health
    attempt: Attempt
    endpoint: Endpoint | None = None


class Result(NamedTuple):
    """An attempt, the token of the lease that it was made under, and what is decided of it.

    `settle` is pure and asked inside the transaction, with what is stored then.
    """

    attempt: Attempt
    token: int
    settle: Callable[[Endpoint, Health, Delivery, Attempt], Settled]


class DeliveryQuery(NamedTuple):
    """A page of deliveries, newest first; `before` is the last page's `seq`.

    With `after`, another page's `seq` or 0, oldest first.
    """

    limit: int
    endpoint_id: str | None = None
    event_id: str | None = None
    states: tuple[str, ...] = ()
    before: int | None = None
    since_us: int | None = None
    after: int | None = None


class AttemptQuery(NamedTuple):
    """A page of attempts, newest first; `before` is the last page's receipt number or id.

    Of one delivery, one event or one endpoint; the last can be paged by `before_receipt`.
    """

    limit: int
    endpoint_id: str | None = None
    delivery_id: str | None = None
    event_id: str | None = None
    before_receipt: int | None = None


class Endpoints(Protocol):
    """Endpoints and callbacks: the second are endpoints for one end."""

    async def add_endpoint(self, endpoint: Endpoint) -> Endpoint:
        """Keep an endpoint; return it with its `starts`.

        `starts` are the heads, as of this transaction, of the channels whose cursor stands behind.
        No step of the dispatcher that was chosen without it is taken afterwards.
        """
        ...

    async def endpoint(self, endpoint_id: str) -> tuple[Endpoint, Health] | None:
        """Return an endpoint and its health, or None."""
        ...

    async def endpoints(
        self, limit: int, before: tuple[int, str] | None = None, owner: str | None = None
    ) -> Sequence[tuple[Endpoint, Health]]:
        """Return a page, newest first, without callbacks; `before`: `(created_at_us, id)`."""
        ...

    async def callbacks(self, kind: str, subject: str, limit: int) -> Sequence[Endpoint]:
        """Return the callbacks of one resource, oldest first."""
        ...

    async def change_endpoint(
        self, endpoint_id: str, decide: Callable[[Endpoint, Health], tuple[Endpoint, Health]]
    ) -> Endpoint | None:
        """Change one as `decide` says, which nobody else does meanwhile; None: there is none.

        When its state becomes active, what is held for it stays held, unless it is `clearing`; see
        `Held`. When it was active, what is pending or queued for it becomes held. So it does when
        `record` or `settle` changes it; and what is given back, or was sent in vain, is then held.

        Raises:
            Exception: What `decide` raises; nothing was changed.
        """
        ...

    async def remove_endpoint(self, endpoint_id: str) -> bool:
        """Remove one; its open deliveries are cancelled, its records stay. False: there is none.

        Also those under way: what comes of them is not kept.
        """
        ...

    async def registry(self, known: Registry | None = None) -> Registry:
        """Return all that events may go to; the same object where nothing has changed.

        Callbacks that have fired, which are those disabled, are not in it any more.
        """
        ...


class DeliveryQueue(Protocol):
    """The deliveries, for those who make and send them: any number of workers."""

    async def cursors(self) -> Mapping[str, int]:
        """Return where the dispatcher stands in each channel; 0 where a channel is missing."""
        ...

    async def dispatch(self, step: Step) -> bool:
        """Take a step, whole or not at all.

        False: the cursor or the registry is another by now. Of a pair of endpoint and event that
        has a delivery already, none is made. In a lane only the first open one is pending, those
        behind it are queued; what is held is in nobody's way.
        """
        ...

    async def claim(self, claim: Claim) -> Sequence[Leased]:
        """Lease what is due, in the order in which it is due; each to one worker.

        Leases that have ended are pending again before, without an attempt.
        """
        ...

    async def renew(self, leases: Mapping[str, int], until_us: int) -> Sequence[str]:
        """Prolong leases, tokens by delivery; return the deliveries whose lease was lost."""
        ...

    async def record(self, results: Sequence[Result]) -> Sequence[Settled | None]:
        """Keep attempts and what they come to; None where the lease was lost: nothing is kept.

        The next one of a lane becomes pending when the one before it has ended. Receipts of an
        endpoint have numbers without holes, each with the hash of the one before.
        """
        ...

    async def release(self, leases: Mapping[str, int], due_us: int) -> None:
        """Give leases back unused: pending again, due at a time, without an attempt.

        What is another's by now stays as it is.
        """
        ...

    async def next_due_us(self) -> int | None:
        """Return when the next one is due, or its lease ends, at an active endpoint; or None."""
        ...

    async def forget_deliveries(self, before_us: int, limit: int) -> int:
        """Forget deliveries that ended before a time, with attempts, and bodies that none needs.

        At most `limit`, those that ended first; return how many. A callback that has fired goes
        with its delivery.
        """
        ...


class DeliveryRecords(Protocol):
    """The deliveries, for those who look, and who want them sent again."""

    async def delivery(self, delivery_id: str) -> tuple[Delivery, Body] | None:
        """Return a delivery and its event, or None."""
        ...

    async def deliveries(self, query: DeliveryQuery) -> Sequence[tuple[Delivery, Body]]:
        """Return a page."""
        ...

    async def attempts(self, query: AttemptQuery) -> Sequence[Attempt]:
        """Return a page, newest first."""
        ...

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many deliveries are open, by endpoint and state."""
        ...

    async def again(self, delivery_id: str, due_us: int) -> Delivery | None:
        """Send one again: a new round; None: there is none, or its endpoint is no more.

        An open one becomes due, but for one that is under way. In a lane it waits for the one
        before it; at an endpoint that is not active it is held, also while that one is clearing.
        """
        ...

    async def cancel(self, delivery_id: str, now_us: int, reason: str) -> Delivery | None:
        """End an open one that nobody sends now; the next of its lane becomes pending.

        Return it as it is then, also one under way or ended before; None: there is none.
        """
        ...


class Webhooks(Endpoints, DeliveryQueue, DeliveryRecords, Held, Replays, Received, Protocol):
    """All of it, as a database holds it."""
