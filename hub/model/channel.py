"""The channel: how one that is not built in was defined."""

from typing import NamedTuple

import msgspec


class Definition(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a channel keeps.

    Attributes:
        durable: Its events are in the log. Else it is *volatile*: each is told and forgotten,
            but for the latest a key.
        max_events: Events that it keeps at most; None: as many as the hub's setting says.
        max_age_us: How old they may get, in microseconds; None: as old as the setting says.
        readers: Roles that alone may read it, and admins; None: whoever may read events.
        revision: How often it was defined; tells the newer of two.
    """

    durable: bool = True
    max_events: int | None = None
    max_age_us: int | None = None
    readers: tuple[str, ...] | None = None
    revision: int = 0


class Defined(NamedTuple):
    """A change: this channel is defined like that from now on."""

    channel: str
    definition: Definition


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Definition).decode


def definition_text(definition: Definition) -> str:
    """Return the text that a row keeps."""
    return _encode(definition).decode()


def definition_of(text: str | None) -> Definition | None:
    """Return the definition of a row; None where nobody has defined the channel."""
    return None if text is None else _decode(text)
