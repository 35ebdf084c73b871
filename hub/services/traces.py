"""Traces: what became of one event, from its request to the sockets."""

from collections.abc import Sequence

import msgspec

from hub.errors import EventNotFound
from hub.model.delivery import Attempt, DeliveryState
from hub.model.event import Event
from hub.model.timestamp import to_rfc3339
from hub.services.sights import Sights
from hub.stores.base import Records
from hub.stores.webhooks import AttemptQuery, DeliveryQuery, DeliveryRecords
from hub.telemetry.journal import Sight

# An event may have thousands; who wants them all asks for the deliveries of an endpoint.
MAX_WEBHOOKS = 100
MAX_ATTEMPTS = 500


class NodeTrace(msgspec.Struct):
    """What a node remembers of an event; its times are by its own clock.

    `received_at` is null at the node that took the event, and where it was read from the log.
    `clients` are those who follow live and were written to; who was behind reads from the log later
    and is not among them. It is null when the node does not remember so far back.
    """

    node: str
    received_at: str | None
    delivered_at: str | None
    clients: int | None


class WebhookTry(msgspec.Struct):
    """One request of a webhook, and what was answered; `failure` is null when it succeeded."""

    at: str
    number: int
    worker: str
    status: int | None
    failure: str | None
    duration_ms: float


class WebhookTrace(msgspec.Struct):
    """What became of an event at one webhook; `reason` is why it ended, or is tried again."""

    webhook_id: str
    delivery_id: str
    state: DeliveryState
    reason: str | None
    attempts: list[WebhookTry]


class EventTrace(msgspec.Struct, kw_only=True):
    """Answer of `GET /api/events/{event_id}/trace`.

    The first part is in the log. What `accepted_by` says and the three times behind it are in the
    memory of the node that took the event, and null when that is gone: it remembers the newest
    4,096 updates. `incomplete` names the nodes that did not answer within a second; `?` stands for
    those that cannot be asked while the broker is away. `webhooks` are the newest 100 deliveries,
    with their newest attempts.
    """

    id: str
    channel: str
    epoch: str
    offset: int
    type: str
    owner: str
    timestamp: str
    trace: str | None
    accepted_by: str | None
    accepted_at: str | None
    committed_at: str | None
    announced_at: str | None
    nodes: list[NodeTrace]
    incomplete: list[str]
    webhooks: list[WebhookTrace]


class Traces:
    """Tells what became of an event.

    Args:
        records: Where events are found by their ids.
        webhooks: Where deliveries are found by their events.
        epoch: The log's.
        sights: What the nodes remember.
    """

    def __init__(
        self, records: Records, webhooks: DeliveryRecords, epoch: str, sights: Sights
    ) -> None:
        self._records = records
        self._webhooks = webhooks
        self._epoch = epoch
        self._sights = sights

    async def find(self, event_id: str) -> Event:
        """Return an event.

        Raises:
            EventNotFound: The log holds none of this id.
        """
        event = await self._records.event(event_id)
        if event is None:
            raise missing(event_id)
        return event

    async def of(self, event: Event) -> EventTrace:
        """Return what is known of an event.

        Raises:
            Overloaded: See `Sights.of`.
        """
        seen = await self._sights.of(event)
        told = _told(event, self._epoch, seen.sights, [*seen.silent])
        told.webhooks = await self._sent(event.id)
        return told

    async def _sent(self, event_id: str) -> list[WebhookTrace]:
        """Return what the webhooks of an event have answered, in the order of their making."""
        rows = await self._webhooks.deliveries(DeliveryQuery(MAX_WEBHOOKS, event_id=event_id))
        tried: dict[str, list[WebhookTry]] = {}
        if rows:
            query = AttemptQuery(MAX_ATTEMPTS, event_id=event_id)
            for one in reversed(await self._webhooks.attempts(query)):
                tried.setdefault(one.delivery_id, []).append(_try(one))
        return [
            WebhookTrace(
                row.endpoint_id, row.id, row.state, row.reason or None, tried.get(row.id, [])
            )
            for row, _ in reversed(rows)
        ]


def missing(event_id: str) -> EventNotFound:
    """Return the refusal for an event that is not there."""
    return EventNotFound(f"expected the id of an event that the log holds, got {event_id[:80]!r}")


def _told(event: Event, epoch: str, sights: Sequence[Sight], silent: list[str]) -> EventTrace:
    taken = next((sight for sight in sights if sight.accepted_us is not None), None)
    return EventTrace(
        id=event.id,
        channel=event.channel,
        epoch=epoch,
        offset=event.offset,
        type=event.type,
        owner=event.owner,
        timestamp=to_rfc3339(event.at_us),
        trace=event.trace or None,
        accepted_by=taken.node if taken else None,
        accepted_at=_time(taken.accepted_us) if taken else None,
        committed_at=_time(taken.committed_us) if taken else None,
        announced_at=_time(taken.announced_us) if taken else None,
        nodes=[
            NodeTrace(s.node, _time(s.received_us), _time(s.delivered_us), s.clients)
            for s in sights
        ],
        incomplete=silent,
        webhooks=[],
    )


def _try(attempt: Attempt) -> WebhookTry:
    return WebhookTry(
        to_rfc3339(attempt.at_us),
        attempt.number,
        attempt.worker,
        attempt.status,
        attempt.failure,
        attempt.total_us / 1000,
    )


def _time(at_us: int | None) -> str | None:
    return None if at_us is None else to_rfc3339(at_us)
