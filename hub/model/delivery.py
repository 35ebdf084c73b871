"""The delivery: one event on its way to one endpoint; and the attempt, one request of it."""

from typing import Literal, NamedTuple

# queued: waits behind another one of its key. pending: to be sent when due. sending: leased to a
# worker. held: its endpoint is paused or disabled. The others have ended.
DeliveryState = Literal["queued", "pending", "sending", "held", "delivered", "dead", "cancelled"]
ENDED = frozenset({"delivered", "dead", "cancelled"})
OPEN = frozenset({"queued", "pending", "sending", "held"})
STATES: tuple[DeliveryState, ...] = (
    "queued",
    "pending",
    "sending",
    "held",
    "delivered",
    "dead",
    "cancelled",
)
# Why an attempt failed, one word each; also why a delivery is dead, with `exhausted` and `gone`.
Failure = Literal[
    "status",
    "redirect",
    "timeout",
    "dns",
    "blocked",
    "connect",
    "tls",
    "protocol",
    "too_large",
    "encryption",
    "loop",
]


class Body(NamedTuple):
    """An event as it is delivered, kept until its last delivery has ended and is forgotten.

    Attributes:
        event_id: Of the event: also the `webhook-id`.
        text: The JSON object that sockets get.
        owner: Whose event it is.
    """

    event_id: str
    channel: str
    offset: int
    type: str
    key: str
    at_us: int
    owner: str
    text: bytes
    trace: str = ""


class NewDelivery(NamedTuple):
    """A delivery that is to be made.

    Attributes:
        id: `dl_` and a UUIDv7.
        lane: What is delivered in order, one at a time; None: it need not be.
        held: Its endpoint takes none now.
    """

    id: str
    endpoint_id: str
    event_id: str
    lane: str | None
    due_us: int
    held: bool = False


class Delivery(NamedTuple):
    """One event on its way to one endpoint; there is one of each pair.

    Attributes:
        seq: The order in which they were made.
        round: 1, and one more each time that it is sent again on demand.
        attempts: Of this round.
        due_us: When the next attempt is due.
        token: Grows with each lease: who holds an older one has lost it.
        lease_until_us: When the lease ends; 0: nobody has it.
        reason: Why it is dead, cancelled, or why the last attempt failed.
        ended_at_us: When it ended; 0: it has not.
    """

    id: str
    seq: int
    endpoint_id: str
    event_id: str
    lane: str | None
    state: DeliveryState
    created_at_us: int
    due_us: int
    round: int = 1
    attempts: int = 0
    token: int = 0
    worker: str = ""
    lease_until_us: int = 0
    reason: str = ""
    ended_at_us: int = 0


class Attempt(NamedTuple):
    """One request, with what came of it. Times are microseconds.

    Attributes:
        id: `at_` and a UUIDv7: the request id.
        number: Counted over all rounds of the delivery, from 1; the store gives it.
        url: As it was then, without a query.
        address: That was dialled; empty: none was.
        status: Of the answer; None: there was none.
        failure: One word; None: it succeeded.
        detail: What happened, in one line.
        dns_us: To look the name up; like the next three, None where it did not come to that.
        connect_us: To connect, with TLS.
        first_byte_us: From the request to the answer's first byte.
        total_us: Over the whole exchange.
        sent: SHA-256 of the body that was sent.
        answer: The first 16 KiB of the answer's body, as they came.
        answer_bytes: How many came until it ended or was cut.
        receipt: Its number in the endpoint's chain; the store gives it.
        previous: Hash of the receipt before it.
        hash: Of this one; see `webhooks.receipts`.
    """

    id: str
    delivery_id: str
    endpoint_id: str
    event_id: str
    worker: str
    at_us: int
    url: str
    address: str
    status: int | None
    failure: Failure | None
    detail: str
    dns_us: int | None
    connect_us: int | None
    first_byte_us: int | None
    total_us: int
    sent: bytes
    answer: bytes
    answer_bytes: int
    number: int = 0
    receipt: int = 0
    previous: bytes = b""
    hash: bytes = b""
