"""The event as its readers see it: types of what the hot path joins by hand.

`hub.model.event.encode`, `hub.model.job.to_data` and `hub.services.snapshots` write these shapes
without going through a type; tests hold them together.
"""

from typing import Annotated, Any, Literal

import msgspec

from hub.model.alert import Alert
from hub.model.job import Artifact, InputRequest, Progress, Status

Offset = Annotated[int, msgspec.Meta(ge=1, description="Grows by exactly one a channel")]

Trace = Annotated[
    str,
    msgspec.Meta(
        pattern="^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        description="W3C traceparent of the request behind it, if it had one",
    ),
]


class Envelope(msgspec.Struct, kw_only=True):
    """One fact. A test has no `offset` and `"test": true`; a volatile event has neither."""

    type: str
    channel: str
    offset: Offset | msgspec.UnsetType = msgspec.UNSET
    id: str
    timestamp: str
    test: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    trace: Trace | msgspec.UnsetType = msgspec.UNSET
    data: dict[str, Any]
    prev: (
        Annotated[int, msgspec.Meta(ge=0, description="Under a filter: the offset before it")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class ContractData(msgspec.Struct):
    """A contract, echoed as it was sent."""

    contract_id: str
    location: str
    status: Literal["active", "inactive"]
    timestamp: str


class JobData(msgspec.Struct, kw_only=True):
    """A job, without what it was created from."""

    job_id: str
    status: Status
    created_at: str
    updated_at: str
    progress: Progress
    artifacts: list[Artifact]
    metadata: dict[str, Any]
    message: str | None
    summary: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    input_request: InputRequest | msgspec.UnsetType = msgspec.UNSET
    input: Any = msgspec.UNSET


class AlertRaised(Envelope, kw_only=True):
    """Something that a person should look at. Without `offset`: the log cannot be written now."""

    type: Literal["alert_raised"]
    channel: Literal["alerts"]
    data: Alert  # type: ignore[assignment]


class AlertCleared(Envelope, kw_only=True):
    """It is over."""

    type: Literal["alert_cleared"]
    channel: Literal["alerts"]
    data: Alert  # type: ignore[assignment]


class ContractUpdated(Envelope, kw_only=True):
    """A contract has new state."""

    type: Literal["contract_update"]
    channel: Literal["contracts"]
    data: ContractData  # type: ignore[assignment]


class ContractStale(Envelope, kw_only=True):
    """An update came that is older than what is known: kept and told, but not to be painted."""

    type: Literal["contract_stale"]
    channel: Literal["contracts"]
    data: ContractData  # type: ignore[assignment]


class JobUpdated(Envelope, kw_only=True):
    """A job has moved on."""

    type: Literal["job_update"]
    channel: Literal["jobs"]
    data: JobData  # type: ignore[assignment]
