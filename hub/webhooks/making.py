"""Making: what a delivery and its body are made of, once it is known who gets an event."""

from hub.model.delivery import Body, NewDelivery
from hub.model.endpoint import Endpoint
from hub.model.event import Event, new_event_id


def channel_of(kind: str) -> str:
    """Return the channel that tells of resources of a kind, as callbacks name it."""
    return f"{kind}s"


def new_delivery_id(now_us: int) -> str:
    """Return the id of a new delivery."""
    return f"dl_{new_event_id(now_us)}"


def body_of(event: Event, text: bytes) -> Body:
    """Return an event as it is delivered."""
    return Body(
        event.id,
        event.channel,
        event.offset,
        event.type,
        event.key,
        event.at_us,
        event.owner,
        text,
        event.trace,
    )


def lane_of(endpoint: Endpoint, channel: str, key: str) -> str | None:
    """Return in what an event is delivered one after the other; None: it need not be.

    Of an ordered endpoint that is one entity of one channel; events of none are one after the
    other, too. What has ended may be told again: a callback's second event waits for its first, and
    once that is delivered nobody wants it any more.
    """
    if endpoint.callback is not None:
        return endpoint.id
    return f"{endpoint.id}|{channel}|{key}" if endpoint.ordered else None


def delivery_of(endpoint: Endpoint, event: Event, now_us: int) -> NewDelivery:
    """Return a new delivery of an event."""
    return NewDelivery(
        new_delivery_id(now_us),
        endpoint.id,
        event.id,
        lane_of(endpoint, event.channel, event.key),
        now_us,
        held=endpoint.holds,
    )
