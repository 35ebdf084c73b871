"""Commands: what a client may ask for over its socket (docs/protocol.md)."""

import re
from typing import Any

import msgspec

from hub.errors import BadFrame, InvalidCommand
from hub.model.event import Position
from hub.realtime.filters import Scalar


class Since(msgspec.Struct, forbid_unknown_fields=True):
    """The last position that a client has seen."""

    epoch: str
    offset: int


class _Command(msgspec.Struct, tag_field="type", forbid_unknown_fields=True, kw_only=True):
    id: str | int | msgspec.UnsetType = msgspec.UNSET


class Conflate(msgspec.Struct, forbid_unknown_fields=True):
    """Only the newest event of each value of `key`, `max_hz` times a second at most.

    Attributes:
        key: The field that tells one entity from another.
        max_hz: Times a second.
    """

    key: str
    max_hz: float = 20.0


class Subscribe(_Command, tag="subscribe"):
    """Follow a channel: from now, from `since`, from the last `history`, or from a snapshot.

    Attributes:
        channel: Which one.
        since: Begin behind this position: what was missed comes first, each event once.
        history: Begin with the last so many events.
        snapshot: Begin with the newest state of everything.
        where: Only events with one of these values, in every field that is named.
        conflate: Only the newest event of each entity, now and then.
    """

    channel: str
    since: Since | str | None = None
    history: int | None = None
    snapshot: bool = False
    where: dict[str, Scalar | list[Scalar]] | None = None
    conflate: Conflate | None = None


class Unsubscribe(_Command, tag="unsubscribe"):
    """Stop following a channel."""

    channel: str


class GetHistory(_Command, tag="get_history"):
    """Read a page of history; `since` and `before` are offsets or positions.

    Attributes:
        limit: Events at most.
        channel: Of which one.
        before: The newest that are older than this.
        since: The oldest that are newer than this.
    """

    limit: int = 10
    channel: str = "contracts"
    before: int | str | None = None
    since: int | str | Since | None = None


class GetStatus(_Command, tag="get_status"):
    """Ask how the hub is."""


class Heartbeat(_Command, tag="heartbeat"):
    """Ask where this client stands."""


class Ping(_Command, tag="ping"):
    """Ask for the hub's time."""


class Auth(_Command, tag="auth"):
    """Say who one is: the first frame where the upgrade did not, or a newer token (seed 2)."""

    token: str


Command = Subscribe | Unsubscribe | GetHistory | GetStatus | Heartbeat | Ping | Auth

_decoder: "msgspec.json.Decoder[Command]" = msgspec.json.Decoder(Command)
_KNOWN = frozenset(
    {"subscribe", "unsubscribe", "get_history", "get_status", "heartbeat", "ping", "auth"}
)


def read(text: bytes) -> Command:
    """Read one command.

    Raises:
        BadFrame: The text is no JSON object; the connection must end.
        InvalidCommand: It is, but no command we know; the connection stays.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidCommand(_explain(text, str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrame("expected one JSON object a frame, got text that is no JSON") from error


def read_id(text: bytes) -> str | int | msgspec.UnsetType:
    """Return the `id` of a command that could not be read, so that its error finds its way."""
    try:
        value = msgspec.json.decode(text).get("id")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
        return msgspec.UNSET
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return msgspec.UNSET


def position_of(since: Since | str) -> Position:
    """Return the position that a `since` names.

    Raises:
        InvalidCommand: It is not of the form `epoch:12`, or the offset is negative.
    """
    if isinstance(since, Since):
        if since.offset < 0:
            raise InvalidCommand(f"since.offset: expected 0 or more, got {since.offset}")
        return Position(since.epoch, since.offset)
    try:
        return Position.parse(since)
    except ValueError:
        got = since[:80]
        raise InvalidCommand(f'since: expected a position "epoch:12", got {got!r}') from None


def _explain(text: bytes, message: str) -> str:
    """Put msgspec's message into the words of the protocol."""
    value = _shallow(text)
    if not isinstance(value, dict):
        raise BadFrame("expected one JSON object a frame, got another JSON value")
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _KNOWN:
        names = ", ".join(sorted(_KNOWN))
        return f"type: expected one of {names}, got {str(kind)[:80]!r}"
    found = re.fullmatch(r"Expected (.+?), got (.+?)(?: - at `\$\.?(.+)`)?", message)
    if found:
        return f"{found[3] or 'command'}: expected {found[1]}, got {found[2]}"
    named = re.fullmatch(r"Object (missing required|contains unknown) field `(.+?)`.*", message)
    if named and named[1].startswith("missing"):
        return f"{named[2]}: expected a value, got nothing"
    if named:
        return f"{named[2][:80]}: expected no such field, got one"
    return message


def _shallow(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise BadFrame("expected a JSON object of sane depth, got one nested too deep") from None
    except msgspec.DecodeError:
        # It was read once, as a command; what fails now is a number that no field was made for.
        raise InvalidCommand("expected numbers of 64 bits, got a larger one") from None
