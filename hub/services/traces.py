"""Traces: what became of one event, from its request to the sockets."""

from collections.abc import Sequence

import msgspec

from hub.errors import EventNotFound
from hub.model.event import Event
from hub.model.timestamp import to_rfc3339
from hub.services.sights import Sights
from hub.stores.base import Records
from hub.telemetry.journal import Sight


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


class EventTrace(msgspec.Struct, kw_only=True):
    """Answer of `GET /api/events/{event_id}/trace`.

    The first part is in the log. What `accepted_by` says and the three times behind it are in the
    memory of the node that took the event, and null when that is gone: it remembers the newest
    4,096 updates. `incomplete` names the nodes that did not answer within a second; `?` stands for
    those that cannot be asked while the broker is away.
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
    webhooks: list[dict[str, str]]


class Traces:
    """Tells what became of an event.

    Args:
        records: Where events are found by their ids.
        epoch: The log's.
        sights: What the nodes remember.
    """

    def __init__(self, records: Records, epoch: str, sights: Sights) -> None:
        self._records = records
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
        return _told(event, self._epoch, seen.sights, [*seen.silent])


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


def _time(at_us: int | None) -> str | None:
    return None if at_us is None else to_rfc3339(at_us)
