"""What is told of deliveries, attempts, receipts and replays, as it stands in bodies."""

from typing import Annotated, Literal

import msgspec

from hub.model.delivery import DeliveryState, Failure
from hub.model.replay import ReplayState

MAX_PAGE = 200

Encoding = Literal["text", "base64"]
Again = Literal["delivered", "dead", "cancelled", "held"]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Types = Annotated[list[Word], msgspec.Meta(min_length=1, max_length=100)]


class NewReplay(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST /api/webhooks/{webhook_id}/replay`.

    Either deliveries that there are, in these `states`, made since a time; or, with `channel` and
    `after` (`epoch:offset`), every event behind a position, also those that the endpoint never got.
    """

    states: Annotated[list[Again], msgspec.Meta(min_length=1)] | None = None
    event_types: Types = msgspec.field(default_factory=lambda: ["*"])
    since: str | None = None
    channel: Word | None = None
    after: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class ReplayView(msgspec.Struct, kw_only=True, rename={"replay_id": "id"}):
    """A replay: `seen` is how many deliveries or events it has looked at, `again` those it sent.

    `after` is the offset it began behind, `cursor` how far it has come.
    """

    replay_id: str
    webhook_id: str
    state: ReplayState
    owner: str
    states: list[str]
    event_types: list[str]
    since: str | None
    channel: str | None
    after: int | None
    cursor: int
    seen: int
    again: int
    created_at: str
    ended_at: str | None


class ReplaysView(msgspec.Struct):
    """Answer of `GET /api/replays`: the newest first."""

    replays: list[ReplayView]


class EventRef(msgspec.Struct, kw_only=True, rename={"event_id": "id"}):
    """The event that is delivered. `offset` is 0 where it has no position."""

    event_id: str
    type: str
    channel: str
    offset: int
    key: str
    timestamp: str


class DeliveryView(msgspec.Struct, kw_only=True, rename={"delivery_id": "id"}):
    """One event on its way to one endpoint.

    `round` counts how often it was begun; `attempts` are those of this round. `reason` says why
    the last attempt failed, or why it is dead or cancelled. `due_at` is when it is tried next.
    """

    delivery_id: str
    webhook_id: str
    event: EventRef
    state: DeliveryState
    round: int
    attempts: int
    reason: str | None
    created_at: str
    due_at: str | None
    ended_at: str | None


class AnswerView(msgspec.Struct, kw_only=True):
    """The first 16 KiB of what was answered; `bytes` came in all, until it ended or was cut.

    As text without control characters, or as base64 where it is no text. `sha256` is of those
    that are kept, as they came.
    """

    encoding: Encoding
    body: str
    bytes: int
    sha256: str


class AttemptView(msgspec.Struct, kw_only=True, rename={"attempt_id": "id"}):
    """One request, with what came of it; times are in ms, null where it did not come to that.

    `id` is the request id, `address` what was dialled. `receipt` is its number in the endpoint's
    chain, `previous` the hash of the receipt before it, `hash` its own; `sent_sha256` is of the
    body that was sent.
    """

    attempt_id: str
    delivery_id: str
    webhook_id: str
    event_id: str
    number: int
    at: str
    worker: str
    url: str
    address: str | None
    status: int | None
    failure: Failure | None
    detail: str
    dns_ms: float | None
    connect_ms: float | None
    first_byte_ms: float | None
    total_ms: float
    sent_sha256: str
    answer: AnswerView
    receipt: int
    previous: str
    hash: str


class DeliveriesView(msgspec.Struct):
    """A page of deliveries, newest first.

    `next` is the `before` of the next page, null at the end. Narrowed by type a page may be
    shorter than its limit, and even empty, and yet have a next one.
    """

    deliveries: list[DeliveryView]
    next: int | None


class DeliveryWithAttempts(DeliveryView, kw_only=True):
    """Answer of `GET /api/deliveries/{delivery_id}`: with its newest attempts, newest first."""

    tried: list[AttemptView]


class AttemptsView(msgspec.Struct):
    """A page of attempts, newest first; `next` is the `before` of the next page."""

    attempts: list[AttemptView]
    next: int | None


class ReceiptsView(msgspec.Struct, kw_only=True):
    """A page of an endpoint's chain, newest first: what is hashed, each as one line of JSON.

    The SHA-256 of `line` is `hash`; the third value of each line is the hash of the receipt before
    it. `count` and `head` are where the chain stands now.
    """

    webhook_id: str
    count: int
    head: str
    receipts: "list[ReceiptView]"
    next: int | None


class ReceiptView(msgspec.Struct, kw_only=True):
    """One link of the chain."""

    receipt: int
    line: str
    hash: str
