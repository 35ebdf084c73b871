"""Positions: where a reader stands in several channels of one log, as one line of text.

It is the `id` of Server-Sent Events, which browsers give back as `Last-Event-ID`. No part of it
can hold a line break, so no id can break out of its line.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from hub.model.event import is_channel_name, is_epoch

# 64 channels of the longest names, each with an offset.
MAX_TEXT = 16 * 1024
_OFFSET = re.compile(r"[0-9]{1,18}\Z")


class Positions(NamedTuple):
    """A reader has seen everything up to these offsets, by channel; at least one."""

    epoch: str
    offsets: Mapping[str, int]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `9f2c4e1a;contracts=17;jobs=4`.

        Raises:
            ValueError: The text is not of that form, or names a channel twice or none.
        """
        epoch, *parts = text[: MAX_TEXT + 1].split(";")
        if len(text) > MAX_TEXT or not is_epoch(epoch):
            raise ValueError("no positions")
        offsets = dict(map(_read, parts))
        if not offsets or len(offsets) < len(parts):
            raise ValueError("no channel, or one of them twice")
        return cls(epoch, offsets)

    def __str__(self) -> str:
        return self.epoch + "".join(f";{name}={offset}" for name, offset in self.offsets.items())


def _read(part: str) -> tuple[str, int]:
    channel, _, offset = part.partition("=")
    if not (is_channel_name(channel) and _OFFSET.match(offset)):
        raise ValueError("no position in a channel")
    return channel, int(offset)
