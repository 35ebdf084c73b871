"""What the address of a stream asks for, as the commands that a socket would send."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec

from hub.errors import FieldError, InvalidCommand, InvalidFields
from hub.model.contract import shown
from hub.model.event import DEFAULT_CHANNELS
from hub.model.positions import Positions
from hub.model.roster import client_name
from hub.realtime import conflation, filters
from hub.realtime.commands import Conflate, Since, Subscribe
from hub.realtime.filters import Scalar
from hub.realtime.standing import MAX_HISTORY
from hub.transports.http.call import Call

# Each event's id names them all.
MAX_CHANNELS = 64

Where = dict[str, Scalar | list[Scalar]]
_read_where = msgspec.json.Decoder(Where).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class EventsParams(msgspec.Struct, forbid_unknown_fields=True):
    """Query of `GET /api/events`; the header Last-Event-ID goes before all of it."""

    channels: str | None = None
    since: str | None = None
    last_event_id: str | None = None
    history: Annotated[int, msgspec.Meta(ge=0, le=MAX_HISTORY)] | None = None
    snapshot: bool = False
    where: str | None = None
    conflate: str | None = None
    client: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class Asked(NamedTuple):
    """A stream.

    Attributes:
        begin: One command a channel: where it begins now.
        anew: How a channel begins where its position cannot be resumed, unless from now.
        since: Where the reader stood when it came.
        snapshot: Each channel begins with its state where it is not resumed.
        client: What the program calls itself.
    """

    begin: Sequence[Subscribe]
    anew: Mapping[str, Subscribe]
    since: Positions | None
    snapshot: bool
    client: str = ""


def read(call: Call, default: Sequence[str] = DEFAULT_CHANNELS) -> Asked:
    """Read what a client asks for; who names no channels follows the default ones.

    Raises:
        InvalidFields: A parameter, or the Last-Event-ID, is not of its form.
    """
    params = call.query(EventsParams)
    if params.snapshot and params.history is not None:
        raise _wrong("snapshot", "one of snapshot and history", "both")
    since = _since(call.header(b"last-event-id"), params)
    where, conflate = _where(params.where), _conflate(params.conflate)

    def subscribe(channel: str, **start: Any) -> Subscribe:
        return Subscribe(channel=channel, where=where, conflate=conflate, **start)

    fresh = {
        channel: subscribe(channel, history=params.history, snapshot=params.snapshot)
        for channel in _channels(call.values("channels")) or default
    }
    resumed = {
        channel: subscribe(channel, since=Since(since.epoch, since.offsets[channel]))
        for channel in fresh
        if since is not None and channel in since.offsets
    }
    begin = {**fresh, **resumed}
    is_special = params.snapshot or params.history is not None
    client = params.client or call.header(b"user-agent") or ""
    return Asked(
        list(begin.values()),
        fresh if is_special else {},
        since,
        params.snapshot,
        client_name(client),
    )


def _channels(values: Sequence[str]) -> Sequence[str]:
    if not values:
        return ()
    names = list(dict.fromkeys(name for text in values for name in text.split(",") if name))
    if not 1 <= len(names) <= MAX_CHANNELS:
        raise _wrong("channels", f"1 to {MAX_CHANNELS} channels", str(len(names)))
    return names


def _since(header: str | None, params: EventsParams) -> Positions | None:
    """Return the newest position: a browser's own, then its library's, then its page's."""
    for name, text in (
        ("Last-Event-ID", header),
        ("last_event_id", params.last_event_id),
        ("since", params.since),
    ):
        if text:
            try:
                return Positions.parse(text)
            except ValueError:
                expected = "an id of an event, 9f2c4e1a;contracts=17;jobs=4"
                raise _wrong(name, expected, shown(text)) from None
    return None


def _where(text: str | None) -> Where | None:
    if text is None:
        return None
    try:
        where = _read_where(text)
        filters.parse(where)
    except InvalidCommand as failure:
        raise _named(failure) from failure
    except _UNREADABLE:
        expected = 'a JSON object, {"location":["Mumbai"]}'
        raise _wrong("where", expected, shown(text)) from None
    return where


def _conflate(text: str | None) -> Conflate | None:
    """Read `key` or `key:max_hz`."""
    if text is None:
        return None
    key, colon, rate = text.rpartition(":")
    try:
        conflate = Conflate(key, float(rate)) if colon else Conflate(text)
        conflation.parse(conflate.key, conflate.max_hz)
    except InvalidCommand as failure:
        raise _named(failure) from failure
    except ValueError:
        raise _wrong("conflate", "a field, or field:max_hz", shown(text)) from None
    return conflate


def _named(failure: InvalidCommand) -> InvalidFields:
    """Say of a parameter what a socket would be told of its command."""
    name, _, rest = failure.detail.partition(": expected ")
    expected, _, got = rest.rpartition(", got ")
    return _wrong(name, expected, got)


def _wrong(name: str, expected: str, got: str) -> InvalidFields:
    return InvalidFields([FieldError(name, expected, got)])
