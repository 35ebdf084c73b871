"""What a listener yields: events, and snapshots when they were asked for."""

import builtins
from typing import Any, TypeVar

import msgspec

from hub_client.errors import SerializationError

T = TypeVar("T")

CONTRACT_TYPES = frozenset({"contract_update", "contract_stale"})


class ContractUpdate(msgspec.Struct, frozen=True):
    """One contract, as it was sent; `timestamp` is the sender's, not the hub's."""

    contract_id: str
    location: str
    status: str
    timestamp: str


class JobUpdate(msgspec.Struct, frozen=True):
    """One step of a job; what else the hub said is in `event.data`."""

    job_id: str
    status: str
    progress: dict[str, Any] | None = None
    message: str | None = None


class TaskUpdate(msgspec.Struct, frozen=True):
    """One step of a task; `progress` runs from 0 to 1."""

    task_id: str
    status: str
    progress: float | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One fact from one channel. Types this version does not know arrive as well.

    Attributes:
        type: contract_update, job_update, …
        channel: Where it was published.
        data: The payload; for types that carry it beside the envelope, those fields.
        offset: Its place in the channel; None for test and volatile events.
        id: The same on WebSocket, SSE, history and webhook.
        timestamp: The hub's clock at commit, RFC 3339.
        position: Store it once this event is handled and give it to
            `listen(since=…)`: what follows arrives, once. None until a
            position is known.
        test: It came from a test route and changed nothing.
        trace: W3C traceparent of the request behind it, if it had one.
    """

    type: str
    channel: str
    data: dict[str, Any]
    offset: int | None = None
    id: str | None = None
    timestamp: str | None = None
    position: str | None = None
    test: bool = False
    trace: str | None = None

    @property
    def contract(self) -> ContractUpdate | None:
        """The update, current or stale; None for an event of another kind."""
        return self.decode(ContractUpdate) if self.type in CONTRACT_TYPES else None

    @property
    def job(self) -> JobUpdate | None:
        """The update; None for an event of another kind."""
        return self.decode(JobUpdate) if self.type == "job_update" else None

    @property
    def task(self) -> TaskUpdate | None:
        """The update; None for an event of another kind."""
        return self.decode(TaskUpdate) if self.type == "task_update" else None

    def decode(self, kind: builtins.type[T]) -> T:
        """Return `data` as `kind`: a msgspec Struct, dataclass or TypedDict of yours.

        Raises:
            SerializationError: The data has another shape.
        """
        try:
            return msgspec.convert(self.data, kind)
        except msgspec.ValidationError as error:
            raise SerializationError(f"{self.type} {self.id}: {error}") from error


class Snapshot(Event, frozen=True, kw_only=True):
    """The state of every entity of a channel at `offset`: forget what you had."""

    @property
    def items(self) -> list[dict[str, Any]]:
        """One object an entity."""
        items: list[dict[str, Any]] = self.data["items"]
        return items
