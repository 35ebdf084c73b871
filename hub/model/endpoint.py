"""The endpoint: an address that events are delivered to, and how it has fared so far."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from hub.model.principal import Principal

EndpointState = Literal["active", "paused", "disabled"]
# What becomes of the events behind one that cannot be delivered, in order.
HeadPolicy = Literal["block", "skip"]
# Standard Webhooks' own example, in seconds: ten attempts in three days and a bit.
SCHEDULE: tuple[float, ...] = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
CONCURRENCY = 8
ANY_RATE = 0.0


class SigningKey(msgspec.Struct, frozen=True):
    """One key that signs what goes to an endpoint.

    Attributes:
        id: Names it; no secret.
        kind: `v1`: HMAC-SHA256 with a shared secret; `v1a`: Ed25519.
        secret: The secret, enveloped; see `webhooks.envelope`.
        public: The public half of an Ed25519 key, 32 bytes; else empty.
        until_us: When it ends, once there is a newer one; None: it does not.
    """

    id: str
    kind: Literal["v1", "v1a"]
    secret: bytes
    created_at_us: int
    public: bytes = b""
    until_us: int | None = None


class Encryption(msgspec.Struct, frozen=True):
    """What is made unreadable on the way.

    Attributes:
        jwk: The receiver's public key (RFC 7517), as JSON.
        pointers: JSON pointers (RFC 6901) to what is encrypted; empty: the whole body.
    """

    jwk: str
    pointers: tuple[str, ...] = ()


class Callback(msgspec.Struct, frozen=True):
    """Of an endpoint that is for one resource, and only for its end.

    Attributes:
        kind: `job`, `task`: of the channel `jobs`, `tasks`.
        subject: The resource's id; there need not be such a one yet.
        client_id: Who registered, in the words of seed 1.
    """

    kind: str
    subject: str
    client_id: str


class Clearing(msgspec.Struct, frozen=True):
    """What becomes of what is held, page by page, at an endpoint that is active again.

    Attributes:
        discard: Deliveries up to this `seq` are cancelled; those above it are sent.
    """

    discard: int = 0


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Where events go, which, and how; an endpoint for one end alone has a `callback`.

    Attributes:
        id: `ep_…`, of a callback `cb_…`.
        reader: The principal that made it: it gets what that one may read.
        event_types: Types, `*` stands for any characters, also none.
        channels: Patterns of channels; empty: any.
        where: Filter on fields, as JSON; empty: none.
        ordered: One delivery at a time a key, in the order of the log.
        head: What becomes of the events behind one that cannot be delivered; where ordered.
        schedule: Seconds before each further attempt.
        client_errors: Whether a 4xx is tried again.
        rate: Deliveries a second at most; 0: any number.
        concurrency: Deliveries at the same time at most.
        headers: More headers, names and values as JSON, enveloped; empty: none.
        keys: The newest first. What has ended no longer signs.
        why: Why it is paused or disabled.
        clearing: While what was held is sent or cancelled; it counts where the endpoint is active.
        starts: Offsets of the channels where the cursor stood behind when it was made: what is not
            above them came before it.
    """

    id: str
    reader: Principal
    url: str
    event_types: tuple[str, ...]
    created_at_us: int
    updated_at_us: int
    channels: tuple[str, ...] = ()
    where: str = ""
    description: str = ""
    ordered: bool = False
    head: HeadPolicy = "block"
    schedule: tuple[float, ...] = SCHEDULE
    client_errors: Literal["retry", "fail"] = "retry"
    rate: float = ANY_RATE
    concurrency: Annotated[int, msgspec.Meta(ge=1)] = CONCURRENCY
    headers: bytes = b""
    encryption: Encryption | None = None
    keys: tuple[SigningKey, ...] = ()
    state: EndpointState = "active"
    why: str = ""
    clearing: Clearing | None = None
    starts: Mapping[str, int] = msgspec.field(default_factory=dict)
    callback: Callback | None = None

    @property
    def owner(self) -> str:
        """Whose it is."""
        return self.reader.name

    @property
    def is_clearing(self) -> bool:
        """Whether something that was held may have to go first."""
        return self.state == "active" and self.clearing is not None

    @property
    def holds(self) -> bool:
        """Whether what comes for it is held: it takes nothing now, or what is held goes first."""
        return self.state != "active" or self.clearing is not None


class Health(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an endpoint has fared: shared by all workers, changed with each attempt.

    As JSON it is only what is not as at first.

    Attributes:
        failures: Failed attempts in a row.
        opened_us: When the circuit broke; 0: it is closed.
        retry_us: When one probe may be sent through the open circuit.
        probe_us: Until when that probe is under way; 0: none is.
        openings: How often it broke since the last success.
        failing_since_us: Since when nothing has succeeded; 0: it does.
        failed_events: Deliveries that have failed since then.
        warned: How many of the warnings before it is disabled were given.
        next_us: When the next delivery may go by its rate.
        slow_until_us: Until when it asked for fewer (429, Retry-After).
        chain: Hash of the last attempt's receipt; empty: there is none.
        receipts: How many receipts there are.
    """

    failures: int = 0
    opened_us: int = 0
    retry_us: int = 0
    probe_us: int = 0
    openings: int = 0
    failing_since_us: int = 0
    failed_events: int = 0
    warned: int = 0
    next_us: int = 0
    slow_until_us: int = 0
    chain: bytes = b""
    receipts: int = 0


class Registry(msgspec.Struct, frozen=True):
    """Every endpoint and callback that events may go to, as of one revision.

    Attributes:
        revision: Grows with every change of an endpoint.
        endpoints: Also paused and disabled ones: what is for them is held.
    """

    revision: int
    endpoints: Sequence[Endpoint]
