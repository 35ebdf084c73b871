"""A position: how far a reader has come, as a string that can be stored.

One channel reads `epoch:12`, several read `epoch;contracts=17;jobs=4`, which is
also the id of a server-sent event. The epoch names the log that was counted;
offsets of another epoch mean nothing in this one.
"""

import re
from collections.abc import Mapping
from typing import Self

import msgspec

_OFFSET = re.compile(r"[0-9]{1,18}")


class Stand(msgspec.Struct, frozen=True):
    """Where a reader stands in one channel: everything up to `offset` was seen."""

    epoch: str
    offset: int


class Position(msgspec.Struct, frozen=True):
    """Where a reader stands in each of its channels."""

    stands: dict[str, Stand]

    @classmethod
    def parse(cls, text: str, channels: tuple[str, ...]) -> Self:
        """Read either form; channels that are not listened to are left out.

        Raises:
            ValueError: It is neither form, or names no channel where several
                are listened to, so that its offset could be any of theirs.
        """
        if ";" in text:
            epoch, *pairs = text.split(";")
            offsets = {}
            for pair in pairs:
                channel, _, offset = pair.rpartition("=")
                offsets[channel] = _offset(offset, text)
        else:
            epoch, _, offset = text.rpartition(":")
            offsets = dict.fromkeys(channels, _offset(offset, text))
            if len(channels) > 1:
                raise ValueError(
                    f"expected 'epoch;channel=offset;…' for {len(channels)} channels, got {text!r}"
                )
        if not epoch:
            raise ValueError(f"expected 'epoch:offset', got {text!r}")
        stands = {name: Stand(epoch, at) for name, at in offsets.items() if name in channels}
        return cls(stands)


def render(stands: Mapping[str, Stand], channels: tuple[str, ...], epoch: str | None) -> str | None:
    """Write the position that names every known channel; None when none is known.

    While the log is being replaced under us some channels stand in the old
    epoch and some in the new one, `epoch`, but one string names one epoch. It
    is then the old one, so that a reader who comes back with it is told of the
    gap; the new one would skip what the slower channels missed, in silence.
    """
    known = [(channel, stands[channel]) for channel in channels if channel in stands]
    if not known:
        return None
    word = next((stand.epoch for _, stand in known if stand.epoch != epoch), known[0][1].epoch)
    if len(channels) == 1:
        return f"{word}:{known[0][1].offset}"
    return ";".join([word, *(f"{channel}={stand.offset}" for channel, stand in known)])


def _offset(digits: str, text: str) -> int:
    if not _OFFSET.fullmatch(digits):
        raise ValueError(f"expected 'epoch:offset' or 'epoch;channel=offset;…', got {text!r}")
    return int(digits)
