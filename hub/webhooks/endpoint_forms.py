"""What is asked and told of endpoints, as it stands in bodies."""

from typing import Annotated, Any, Literal

import msgspec

from hub.model.endpoint import CONCURRENCY, EndpointState, HeadPolicy
from hub.realtime.filters import Where

DAY_S = 24 * 3600
MAX_URL = 2_048
MAX_PATTERNS = 100
MAX_CHANNELS = 32
MAX_DELAYS = 20
MAX_DELAY_S = 7 * DAY_S
MAX_CONCURRENCY = 100
MAX_RATE = 10_000.0
MAX_POINTERS = 32
MAX_OVERLAP_S = 7 * DAY_S

Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Types = Annotated[list[Pattern], msgspec.Meta(min_length=1, max_length=MAX_PATTERNS)]
Channels = Annotated[list[Pattern], msgspec.Meta(max_length=MAX_CHANNELS)]
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL)]
Description = Annotated[str, msgspec.Meta(max_length=500)]
Delay = Annotated[float, msgspec.Meta(ge=1, le=MAX_DELAY_S)]
Schedule = Annotated[list[Delay], msgspec.Meta(max_length=MAX_DELAYS)]
Profile = Literal["default", "fast"]
ClientErrors = Literal["retry", "fail"]
Rate = Annotated[float, msgspec.Meta(ge=0, le=MAX_RATE)]
Concurrency = Annotated[int, msgspec.Meta(ge=1, le=MAX_CONCURRENCY)]
Headers = dict[str, str]
Signature = Literal["v1", "v1a"]
Circuit = Literal["closed", "open", "half-open"]
Unset = msgspec.UnsetType


class EncryptionForm(msgspec.Struct, forbid_unknown_fields=True):
    """What is made unreadable on the way: for which key, and which parts; none: the whole body."""

    jwk: dict[str, Any]
    pointers: Annotated[list[str], msgspec.Meta(max_length=MAX_POINTERS)] = []


class NewEndpoint(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST /api/webhooks`.

    `event_types` and `channels` may have a `*` for any characters; no channels are all. `where`
    are values that fields must have. `schedule` are the seconds before each further attempt; or
    `profile` names a schedule. `rate_per_s` 0 is any number. `signature` is what the key is of:
    `v1`, HMAC-SHA256; `v1a`, Ed25519.
    """

    url: Url
    event_types: Types = msgspec.field(default_factory=lambda: ["*"])
    channels: Channels = []
    where: Where = {}
    description: Description = ""
    ordered: bool = False
    head: HeadPolicy = "block"
    schedule: Schedule | None = None
    profile: Profile | None = None
    client_errors: ClientErrors = "retry"
    rate_per_s: Rate = 0.0
    concurrency: Concurrency = CONCURRENCY
    headers: Headers = {}
    encryption: EncryptionForm | None = None
    signature: Signature = "v1"


class EndpointChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `PATCH /api/webhooks/{webhook_id}`: what is left out stays as it is."""

    url: Url | Unset = msgspec.UNSET
    event_types: Types | Unset = msgspec.UNSET
    channels: Channels | Unset = msgspec.UNSET
    where: Where | Unset = msgspec.UNSET
    description: Description | Unset = msgspec.UNSET
    ordered: bool | Unset = msgspec.UNSET
    head: HeadPolicy | Unset = msgspec.UNSET
    schedule: Schedule | Unset | None = msgspec.UNSET
    profile: Profile | Unset | None = msgspec.UNSET
    client_errors: ClientErrors | Unset = msgspec.UNSET
    rate_per_s: Rate | Unset = msgspec.UNSET
    concurrency: Concurrency | Unset = msgspec.UNSET
    headers: Headers | Unset = msgspec.UNSET
    encryption: EncryptionForm | Unset | None = msgspec.UNSET


class SecretRotation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST …/rotate-secret`: how long the keys that there are still sign, in seconds.

    With 0 they end at once. `signature` may change the kind of key.
    """

    overlap_s: Annotated[int, msgspec.Meta(ge=0, le=MAX_OVERLAP_S)] = DAY_S
    signature: Signature | None = None


class Pause(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST …/pause`: why, for those who look later."""

    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Resuming(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of `POST …/resume`: what becomes of what was held.

    `send`, the default: it goes first, oldest first, before whatever comes from then on. `leave`:
    it stays held until a replay, or until the next time that it is resumed. `discard`: it is
    cancelled. At a webhook that is active only what is named is done. `adopt`: one that was
    made with AUTH=off becomes yours, and gets what you may read.
    """

    held: Literal["send", "leave", "discard"] | None = None
    adopt: bool = False


class SigningKeyView(msgspec.Struct, kw_only=True, rename={"key_id": "id"}):
    """A key that signs. `public_key` is that of Ed25519, null of others; `until` is its end."""

    key_id: str
    kind: Signature
    created_at: str
    until: str | None
    public_key: str | None


class HealthView(msgspec.Struct, kw_only=True):
    """How an endpoint fares.

    `failures` are failed attempts in a row. While `circuit` is open nothing is sent, and what waits
    spends no attempts; `retry_at` is when one probe goes through.
    """

    circuit: Circuit
    failures: int
    failing_since: str | None
    retry_at: str | None


class ChainView(msgspec.Struct, kw_only=True):
    """Where the chain of receipts stands: how many there are, and the hash of the newest (hex)."""

    count: int
    hash: str


class EndpointView(msgspec.Struct, kw_only=True, rename={"webhook_id": "id"}):
    """An endpoint, as it may be shown.

    `headers` are the names alone, for values may be secret. `why` says why it is not active.
    `waiting` counts its open deliveries by state; while it is not active they are held. While it is
    `clearing`, those are sent or discarded, and what comes is held behind them.
    """

    webhook_id: str
    url: str
    owner: str
    state: EndpointState
    why: str
    clearing: bool
    event_types: list[str]
    channels: list[str]
    where: dict[str, Any]
    description: str
    ordered: bool
    head: HeadPolicy
    schedule: list[float]
    client_errors: ClientErrors
    rate_per_s: float
    concurrency: int
    headers: list[str]
    encryption: EncryptionForm | None
    signature: Signature
    keys: list[SigningKeyView]
    health: HealthView
    receipts: ChainView
    waiting: dict[str, int]
    created_at: str
    updated_at: str


class EndpointCreated(EndpointView, kw_only=True):
    """Answer with a new key. `secret` is shown this once; with Ed25519, which has none, null."""

    secret: str | None


class EndpointsView(msgspec.Struct):
    """Answer of `GET /api/webhooks`; `next` is the `before` of the next page, null at the end."""

    webhooks: list[EndpointView]
    next: str | None


class EndpointRemoved(msgspec.Struct, kw_only=True, rename={"webhook_id": "id"}):
    """Answer of `DELETE /api/webhooks/{webhook_id}`: what waited for it is cancelled."""

    webhook_id: str
    url: str
    status: Literal["removed"] = "removed"


class TestOutcome(msgspec.Struct, kw_only=True):
    """Answer of `POST …/test`; `failure` is one word, null where it was delivered.

    Nothing of what the receiver said is in it.
    """

    id: str
    delivered: bool
    status: int | None
    failure: str | None
    duration_ms: float
