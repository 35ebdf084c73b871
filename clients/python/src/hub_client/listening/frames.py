"""The frames that the hub sends, as types; fields we do not know are ignored."""

from typing import Any

import msgspec

from hub_client.errors import SerializationError
from hub_client.lag import Lag

ENVELOPE = frozenset(
    {"type", "channel", "offset", "prev", "id", "timestamp", "test", "trace", "data"}
)


class Welcome(msgspec.Struct, frozen=True):
    """The first push of a connection."""

    heartbeat_s: float | None = None


class Heartbeat(msgspec.Struct, frozen=True):
    """Where this client stands in each of its channels."""

    epoch: str | None = None
    positions: dict[str, int] = {}


class Subscribed(msgspec.Struct, frozen=True):
    """The reply to subscribe; `offset` is where the client stands, `head` the channel's newest."""

    channel: str
    epoch: str
    offset: int
    head: int | None = None
    recovered: bool | None = None
    reason: str | None = None
    reply_to: str | int | None = None


class Page(msgspec.Struct, frozen=True):
    """One page of a snapshot."""

    channel: str
    items: list[dict[str, Any]]
    more: bool = False


class Hole(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """A gap from `start` to `to` that the hub cannot repair; it goes on behind it."""

    channel: str
    to: int
    start: int = 0
    epoch: str | None = None
    reason: str | None = None


class Details(msgspec.Struct, frozen=True):
    """Why a command was refused."""

    code: str = "request_refused"
    message: str = ""
    help: str | None = None
    retry_after_ms: float | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The reply to a command that the hub will not do."""

    reply_to: str | int | None = None
    error: str = ""
    details: Details = Details()


class Push(msgspec.Struct, frozen=True):
    """The envelope of an event, and the whole frame around it."""

    type: str
    channel: str
    frame: dict[str, Any]
    offset: int | None = None
    prev: int | None = None
    id: str | None = None
    timestamp: str | None = None
    test: bool = False
    trace: str | None = None

    @property
    def before(self) -> int:
        """The offset a reader must have seen so that nothing is missing in between."""
        return (self.offset or 0) - 1 if self.prev is None else self.prev

    def data(self) -> dict[str, Any]:
        """Return the payload; types without `data` carry it beside the envelope."""
        data = self.frame.get("data")
        if isinstance(data, dict):
            return data
        beside = {name: value for name, value in self.frame.items() if name not in ENVELOPE}
        return beside if data is None else beside | {"data": data}


Control = Welcome | Heartbeat | Subscribed | Page | Hole | Lag | Refusal

CONTROLS: dict[str, type[Control]] = {
    "welcome": Welcome,
    "heartbeat": Heartbeat,
    "subscribed": Subscribed,
    "snapshot": Page,
    "gap": Hole,
    "lag": Lag,
}


def read(data: bytes | str) -> Control | Push | None:
    """Return what a frame says; None for one that says nothing to a listener.

    Raises:
        SerializationError: It is not JSON, or not of the shape its type promises.
    """
    try:
        frame = msgspec.json.decode(data, type=dict[str, Any])
        kind = CONTROLS.get(frame.get("type", ""))
        if kind is not None:
            return msgspec.convert(frame, kind)
        if "channel" not in frame:
            return msgspec.convert(frame, Refusal) if frame.get("type") == "error" else None
        # Only pushes carry channel and id; a reply such as unsubscribed has no id.
        return msgspec.convert(frame | {"frame": frame}, Push) if "id" in frame else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError) as bad:
        raise SerializationError(f"expected a frame of the hub, got {data[:80]!r}: {bad}") from bad
