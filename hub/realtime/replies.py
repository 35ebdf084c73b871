"""Replies and control pushes: what the hub says to one client (docs/protocol.md).

The same types make the served AsyncAPI document. A reply carries the command's `id` as
`reply_to`; a push does not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hub.errors import HubError
from hub.model.timestamp import to_rfc3339
from hub.realtime.ladder import Mode
from hub.realtime.standing import Reason, Standing

PROTOCOL = 1
CommandId = str | int
_Unset = msgspec.UnsetType


class _Push(msgspec.Struct, tag_field="type", kw_only=True):
    pass


class _Reply(msgspec.Struct, tag_field="type", kw_only=True):
    reply_to: CommandId | _Unset = msgspec.UNSET


class Welcome(_Push, tag="welcome"):
    """The first frame of every connection."""

    protocol: int
    client_id: str
    node: str
    heartbeat_s: float
    server_time: str
    epoch: str
    positions: Mapping[str, int]


class Gap(_Push, tag="gap", rename={"start": "from", "end": "to"}):
    """Offsets `from` to `to` will never come; said on the socket, in their place."""

    channel: str
    epoch: str
    start: int
    end: int
    reason: Reason


class Lag(_Push, tag="lag"):
    """This client does not keep up: it is so many events behind; 0 when it is not any more.

    `mode` says what it gets: every event, later (lossless), the newest of each entity (conflated),
    or a fresh snapshot of them all (snapshot).
    """

    channel: str
    behind: int
    mode: Mode


class Snapshot(_Push, tag="snapshot"):
    """One page of a channel's state."""

    channel: str
    items: Sequence[msgspec.Raw]
    more: bool


class AuthOk(_Reply, tag="auth_ok"):
    """The answer to `auth`: who the hub takes the client for, and until when; null: for ever."""

    principal: str
    expires_at: str | None


class Heartbeat(_Reply, tag="heartbeat"):
    """Where this client stands in each of its channels (seed 3's fields first)."""

    timestamp: str
    client_id: str
    epoch: str
    positions: Mapping[str, int]


class Subscribed(_Reply, tag="subscribed"):
    """The answer to `subscribe`, before anything is replayed."""

    channel: str
    epoch: str
    offset: int
    head: int
    recovered: bool
    reason: Reason | None


class Unsubscribed(_Reply, tag="unsubscribed"):
    """The answer to `unsubscribe`; nothing of the channel follows it.

    Without `reply_to` and with a `code` when nobody asked: the client may follow it no longer.
    """

    channel: str
    code: str | _Unset = msgspec.UNSET


class History(_Reply, tag="history"):
    """A page of events, oldest first; not `complete` when events of the asked range are gone."""

    channel: str
    epoch: str
    offset: int
    complete: bool
    reason: Reason | None
    events: Sequence[msgspec.Raw]


class Status(_Reply, tag="status"):
    """How the hub is."""

    node: str
    epoch: str
    positions: Mapping[str, int]
    uptime_s: int
    connections: int
    subscriptions: Mapping[str, int]
    queued_bytes: int


class Pong(_Reply, tag="pong"):
    """The hub's time."""

    server_time: str


class ErrorDetails(msgspec.Struct, omit_defaults=True):
    """What a program and a person need to know of a refusal.

    `retry_after_ms` is there when the same command may succeed later.
    """

    code: str
    message: str
    help: str
    retry_after_ms: int | None = None


class Error(_Reply, tag="error"):
    """A command was refused; the connection stays. Seed 2's shape, without a `channel`."""

    error: str
    details: ErrorDetails
    timestamp: str


Push = Welcome | Gap | Lag | Snapshot
Reply = AuthOk | Heartbeat | Subscribed | Unsubscribed | History | Status | Pong | Error


def subscribed(channel: str, standing: Standing, reply_to: CommandId | _Unset) -> Subscribed:
    """Return the answer to `subscribe`."""
    return Subscribed(channel=channel, reply_to=reply_to, **standing._asdict())


def refusal(failure: HubError, now_us: int, reply_to: CommandId | _Unset) -> Error:
    """Return the answer to a command that was refused."""
    return Error(
        reply_to=reply_to,
        error=(type(failure).__doc__ or failure.code).partition("\n")[0],
        details=ErrorDetails(
            failure.code,
            str(failure),
            f"/docs/errors/{failure.code}",
            None if failure.retry_after_s is None else failure.retry_after_s * 1_000,
        ),
        timestamp=to_rfc3339(now_us),
    )


def status(report: Mapping[str, Any], reply_to: CommandId | _Unset) -> Status:
    """Return the answer to `get_status`."""
    return Status(reply_to=reply_to, **report)
