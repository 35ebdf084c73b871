"""What a batch of attempts comes to, one after the other; pure, the same for every database."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hub.model.delivery import Delivery
from hub.model.endpoint import Endpoint, Health
from hub.stores.webhook_moves import settled
from hub.stores.webhooks import Result, Settled


class Rows(NamedTuple):
    """What is stored when a batch is recorded.

    Attributes:
        sending: Deliveries that are leased, with how many attempts of them there were, by id.
        endpoints: Theirs, by id.
        healths: The same; one that is missing is as at first.
    """

    sending: Mapping[str, tuple[Delivery, int]]
    endpoints: Mapping[str, Endpoint]
    healths: Mapping[str, Health]


class Ledger(NamedTuple):
    """What is to be stored.

    Attributes:
        made: What each attempt comes to; None where the lease was lost.
        kept: Those that are not None.
        healths: As they are at last, by endpoint.
        changed: Endpoints that changed, as they are at last, with whether they were active.
        freed: Lanes whose head has ended or is held, by endpoint and lane.
    """

    made: Sequence[Settled | None]
    kept: Sequence[Settled]
    healths: Mapping[str, Health]
    changed: Sequence[tuple[Endpoint, bool]]
    freed: Sequence[tuple[str, str | None]]


def settle_all(results: Sequence[Result], rows: Rows) -> Ledger:
    """Ask what each attempt comes to, each with what those before it have left.

    Raises:
        ValueError: See `webhook_moves.settled`.
    """
    sending, endpoints, healths = dict(rows.sending), dict(rows.endpoints), dict(rows.healths)
    made: list[Settled | None] = []
    for result in results:
        delivery, requests = sending.get(result.attempt.delivery_id, (None, 0))
        if delivery is None or delivery.token != result.token:
            made.append(None)
            continue
        name = delivery.endpoint_id
        one = settled(result, endpoints[name], healths.get(name, Health()), delivery, requests)
        del sending[delivery.id]
        healths[name] = one.health
        endpoints[name] = one.endpoint or endpoints[name]
        made.append(one)
    kept = [one for one in made if one is not None]
    names = dict.fromkeys(one.delivery.endpoint_id for one in kept)
    return Ledger(
        made,
        kept,
        {name: healths[name] for name in names},
        [
            (endpoints[name], rows.endpoints[name].state == "active")
            for name in names
            if endpoints[name] != rows.endpoints[name]
        ],
        [
            (one.delivery.endpoint_id, one.delivery.lane)
            for one in kept
            if one.delivery.state != "pending"
        ],
    )
