"""Deliveries and attempts, for those who look, send one again, or let it be."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from hub.auth.policy import Deed, demand
from hub.clock import Clock
from hub.errors import Conflict, DeliveryNotFound
from hub.model.delivery import ENDED, Body, Delivery
from hub.model.endpoint import Endpoint
from hub.model.pattern import is_like
from hub.model.principal import Principal
from hub.model.scope import EVENTS_READ
from hub.stores.webhooks import AttemptQuery, DeliveryQuery, Webhooks
from hub.webhooks.delivery_forms import (
    AttemptsView,
    DeliveriesView,
    DeliveryView,
    DeliveryWithAttempts,
    ReceiptsView,
)
from hub.webhooks.delivery_telling import (
    attempt_view,
    delivery_view,
    receipt_view,
    with_attempts,
)
from hub.webhooks.ownership import find, is_seen, owner_seen
from hub.webhooks.settling import MADE

# Attempts that are told with their delivery; all of them are pages of the endpoint's.
MAX_TRIED = 50
# Rows that are read at once: each comes with its event, which may be a megabyte.
_ROWS = 25
# Reads for one page that is narrowed by type.
_MAX_READS = 40

Readers = Callable[[str], Awaitable[Sequence[str] | None]]


class DeliveryPage(NamedTuple):
    """Which deliveries are asked for.

    Attributes:
        before: `next` of the last page.
        event_type: A pattern; empty: any type.
    """

    limit: int
    before: int | None = None
    states: tuple[str, ...] = ()
    event_type: str = ""
    since_us: int | None = None


class Deliveries:
    """The deliveries, for the owners of their endpoints.

    Args:
        store: Where they are kept.
        clock: The wall time.
        readers: Returns the roles that alone may read a channel.
    """

    def __init__(self, store: Webhooks, clock: Clock, readers: Readers) -> None:
        self._store = store
        self._clock = clock
        self._readers = readers

    async def list(
        self, principal: Principal, webhook_id: str, page: DeliveryPage
    ) -> DeliveriesView:
        """Return a page of an endpoint's deliveries, newest first.

        Raises:
            WebhookNotFound: It is not there, for this principal.
        """
        await find(self._store, principal, webhook_id)
        found: list[DeliveryView] = []
        before = page.before
        for _ in range(_MAX_READS):
            wanted = min(_ROWS, page.limit - len(found))
            query = DeliveryQuery(
                wanted, webhook_id, states=page.states, before=before, since_us=page.since_us
            )
            rows = await self._store.deliveries(query)
            found += [delivery_view(*row) for row in rows if _is_of(row[1], page.event_type)]
            if len(rows) < wanted:
                return DeliveriesView(found, None)
            before = rows[-1][0].seq
            if len(found) == page.limit:
                break
        return DeliveriesView(found, before)

    async def attempts(
        self, principal: Principal, webhook_id: str, limit: int, before: int | None
    ) -> AttemptsView:
        """Return a page of an endpoint's attempts, newest first.

        Raises:
            WebhookNotFound: It is not there, for this principal.
        """
        await find(self._store, principal, webhook_id)
        rows = await self._store.attempts(
            AttemptQuery(limit, endpoint_id=webhook_id, before_receipt=before)
        )
        after = rows[-1].receipt if len(rows) == limit else None
        return AttemptsView([attempt_view(one) for one in rows], after)

    async def receipts(
        self, principal: Principal, webhook_id: str, limit: int, before: int | None
    ) -> ReceiptsView:
        """Return a page of an endpoint's chain, newest first.

        Raises:
            WebhookNotFound: It is not there, for this principal.
        """
        rows = await self._store.attempts(
            AttemptQuery(limit, endpoint_id=webhook_id, before_receipt=before)
        )
        # After the page: what it shows is part of what the head says.
        _, health = await find(self._store, principal, webhook_id)
        return ReceiptsView(
            webhook_id=webhook_id,
            count=health.receipts,
            head=health.chain.hex(),
            receipts=[receipt_view(one) for one in rows],
            next=rows[-1].receipt if len(rows) == limit else None,
        )

    async def get(self, principal: Principal, delivery_id: str) -> DeliveryWithAttempts:
        """Return a delivery with its attempts.

        Raises:
            DeliveryNotFound: It is not there, for this principal.
        """
        delivery, body, _ = await self._find(principal, delivery_id)
        query = AttemptQuery(MAX_TRIED, delivery_id=delivery_id)
        attempts = await self._store.attempts(query)
        return with_attempts(delivery_view(delivery, body), attempts)

    async def replay(self, principal: Principal, delivery_id: str) -> DeliveryView:
        """Send one again now, with all its attempts; one that waits is due at once.

        Raises:
            DeliveryNotFound: It is not there, for this principal.
            Conflict: It is being sent, or its endpoint takes nothing.
            Forbidden: The endpoint may not read that channel any more.
        """
        delivery, body, endpoint = await self._find(principal, delivery_id)
        check_takes(endpoint)
        if delivery.state == "sending":
            raise Conflict(
                "expected a delivery that rests, got one that is being sent: wait a moment"
            )
        if endpoint is not None:
            # They may have changed since it was made; a body is kept for weeks.
            deed = Deed(EVENTS_READ, body.channel, await self._readers(body.channel), body.owner)
            demand(endpoint.reader, deed)
        again = await self._store.again(delivery_id, self._clock.now_us())
        if again is None:
            raise _missing(delivery_id)
        return delivery_view(again, body)

    async def cancel(self, principal: Principal, delivery_id: str) -> DeliveryView:
        """Let one be; the next one of its lane goes.

        Raises:
            DeliveryNotFound: It is not there, for this principal.
            Conflict: It is being sent, or has ended otherwise.
        """
        _, body, _ = await self._find(principal, delivery_id)
        reason = f"cancelled by {principal.name[:80]}"
        after = await self._store.cancel(delivery_id, self._clock.now_us(), reason)
        if after is None:
            raise _missing(delivery_id)
        if after.state == "sending":
            raise Conflict("expected a delivery that waits, got one that is being sent: try again")
        if after.state in ENDED and after.state != "cancelled":
            raise Conflict(f"expected a delivery that waits, got one that is {after.state}")
        return delivery_view(after, body)

    async def _find(
        self, principal: Principal, delivery_id: str
    ) -> tuple[Delivery, Body, Endpoint | None]:
        found = await self._store.delivery(delivery_id)
        if found is None:
            raise _missing(delivery_id)
        delivery, body = found
        there = await self._store.endpoint(delivery.endpoint_id)
        if there is None:
            # Whose it was, nobody knows any more.
            if owner_seen(principal) is not None:
                raise _missing(delivery_id)
            return delivery, body, None
        if not is_seen(principal, there[0].owner):
            raise _missing(delivery_id)
        return delivery, body, there[0]


def check_takes(endpoint: Endpoint | None) -> None:
    """Refuse to send again where nothing is sent to.

    Raises:
        Conflict: There is no endpoint any more, or it is not active.
    """
    if endpoint is None:
        raise Conflict("expected a delivery of an endpoint, got one whose endpoint was removed")
    if endpoint.state != "active":
        remedy = "" if endpoint.why == MADE else ": resume it first"
        raise Conflict(
            f"expected an active webhook, got one that is {endpoint.state} ({endpoint.why}){remedy}"
        )


def _missing(delivery_id: str) -> DeliveryNotFound:
    return DeliveryNotFound(f"expected the id of a delivery, got {delivery_id[:80]!r}")


def _is_of(body: Body, pattern: str) -> bool:
    return not pattern or is_like(body.type, pattern)
