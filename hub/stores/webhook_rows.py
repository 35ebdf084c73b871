"""Webhooks as rows of either database, and the statements of their pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from hub.model.delivery import STATES, Body, Delivery
from hub.model.endpoint import Endpoint, Health
from hub.model.replay import Replay
from hub.stores.webhooks import AttemptQuery, DeliveryQuery

BODY = 'event_id, channel, "offset", type, "key", at_us, owner, text, trace'
DELIVERY = (
    "id, seq, endpoint_id, event_id, lane, state, created_at_us, due_us, round, attempts, token, "
    "worker, lease_until_us, reason, ended_at_us"
)
ATTEMPT = (
    "id, delivery_id, endpoint_id, event_id, worker, at_us, url, address, status, failure, detail, "
    "dns_us, connect_us, first_byte_us, total_us, sent, answer, answer_bytes, number, receipt, "
    "previous, hash"
)
# A delivery and its event.
DELIVERED = (
    f"SELECT {', '.join(f'd.{name}' for name in DELIVERY.split(', '))}, "  # noqa: S608 own words
    f"{', '.join(f'b.{name}' for name in BODY.split(', '))} FROM webhook_deliveries AS d "
    "JOIN webhook_bodies AS b ON b.event_id = d.event_id"
)
# A delivery, and what it takes to know whether its endpoint may still have it.
HELD = f"{', '.join(f'd.{name}' for name in DELIVERY.split(', '))}, b.channel, b.owner"
# How far the clocks of two nodes may be apart, where rows are looked for by time.
SKEW_US = 60_000_000
FIRST = (
    "SELECT seq FROM webhook_deliveries WHERE created_at_us >= {} ORDER BY created_at_us LIMIT 1"
)
# Few: they are found through an index of that state alone, and sorted.
_OPEN = ("queued", "pending", "sending")

Mark = Callable[[object], str]

encode = msgspec.json.Encoder().encode
_to_endpoint = msgspec.json.Decoder(Endpoint).decode
_to_health = msgspec.json.Decoder(Health).decode
_to_replay = msgspec.json.Decoder(Replay).decode
_HEALTHY = Health()


def text_of(value: object) -> str:
    """Return an endpoint, a replay or a list as JSON."""
    return encode(value).decode()


def endpoint_of(text: str) -> Endpoint:
    """Return the endpoint of such a text."""
    return _to_endpoint(text)


def replay_of(text: str) -> Replay:
    """Return the replay of such a text."""
    return _to_replay(text)


def health_text(health: Health) -> str:
    """Return the health as JSON."""
    return text_of(health)


def health_of(text: str | None) -> Health:
    """Return the health of such a text; without one it is as at first."""
    return _HEALTHY if text is None else _to_health(text)


def endpoint_row(endpoint: Endpoint, changed: int, sweep: int = 0) -> Sequence[object]:
    """Return an endpoint as the row of `webhook_endpoints`, its columns in their order."""
    callback = endpoint.callback
    kind, subject = (None, None) if callback is None else (callback.kind, callback.subject)
    return (
        *(endpoint.id, endpoint.owner, endpoint.state, endpoint.created_at_us, kind, subject),
        *(int(is_live(endpoint)), changed, sweep, text_of(endpoint)),
    )


def is_live(endpoint: Endpoint) -> bool:
    """Whether events may go to it, now or once it is active again; see `Endpoints.registry`."""
    return endpoint.callback is None or endpoint.state != "disabled"


def delivery_of(row: Sequence[Any]) -> Delivery:
    """Return the delivery of a row of `DELIVERY`."""
    return Delivery(*row)


def delivered_of(row: Sequence[Any]) -> tuple[Delivery, Body]:
    """Return a delivery and its event, of a row of both."""
    return Delivery(*row[:15]), Body(*row[15:])


def by_endpoint(rows: Sequence[Sequence[Any]]) -> Mapping[str, Mapping[str, int]]:
    """Return counts by endpoint and state, of rows of all three."""
    found: dict[str, dict[str, int]] = {}
    for endpoint_id, state, count in rows:
        found.setdefault(endpoint_id, {})[state] = count
    return found


def check(query: DeliveryQuery) -> None:
    """Refuse states that there are not: they stand in statements as they are.

    Raises:
        ValueError: There is no such state.
    """
    strange = set(query.states) - set(STATES)
    if strange:
        raise ValueError(f"expected states of {', '.join(STATES)}, got {sorted(strange)}")


def select_deliveries(query: DeliveryQuery, mark: Mark) -> str:
    """Return the statement of a page of deliveries with their events, in their order.

    Args:
        query: What is wanted.
        mark: Takes a value, in their order, and returns what stands for it.

    Raises:
        ValueError: There is no such state.
    """
    check(query)
    # One index a state: their pages are merged, rather than all states read for a rare one.
    parts = [_page(query, mark, state) for state in dict.fromkeys(query.states) or (None,)]
    pages = " UNION ALL ".join(f"SELECT seq FROM ({part}) AS page" for part in parts)  # noqa: S608 own words
    return (
        f"{DELIVERED} JOIN ({pages}) AS found ON found.seq = d.seq "
        f"ORDER BY d.seq{_way(query)} LIMIT {mark(query.limit)}"
    )


def select_attempts(query: AttemptQuery, mark: Mark) -> str:
    """Return the statement of a page of attempts, newest first; see `select_deliveries`."""
    wanted = (
        ("endpoint_id =", query.endpoint_id),
        ("delivery_id =", query.delivery_id),
        ("event_id =", query.event_id),
        ("receipt <", query.before_receipt),
    )
    order = "seq"
    if query.delivery_id is not None:
        order = "number"
    elif query.event_id is None and query.endpoint_id is not None:
        order = "receipt"
    where = _where(wanted, mark)
    end = f"ORDER BY {order} DESC LIMIT {mark(query.limit)}"
    return f"SELECT {ATTEMPT} FROM webhook_attempts {where} {end}"  # noqa: S608 own words


def _page(query: DeliveryQuery, mark: Mark, state: str | None) -> str:
    wanted = (
        ("endpoint_id =", query.endpoint_id),
        ("event_id =", query.event_id),
        ("seq <", query.before),
        ("seq >", query.after),
        ("created_at_us >=", query.since_us),
    )
    where = _where(wanted, mark)
    if query.since_us is not None:
        first = FIRST.format(mark(query.since_us - SKEW_US))
        where += f" AND seq >= coalesce(({first}), {2**62})"
    if state is not None:
        # A word of ours and no value, so that its own index can be taken.
        where += f"{' AND' if where else 'WHERE'} state = '{state}'"
    order = "+seq" if state in _OPEN else "seq"
    end = f"ORDER BY {order}{_way(query)} LIMIT {mark(query.limit)}"
    return f"SELECT seq FROM webhook_deliveries {where} {end}"  # noqa: S608 own words


def _way(query: DeliveryQuery) -> str:
    return " DESC" if query.after is None else ""


def _where(wanted: Sequence[tuple[str, object]], mark: Mark) -> str:
    found = [f"{left} {mark(value)}" for left, value in wanted if value is not None]
    return f"WHERE {' AND '.join(found)}" if found else ""
