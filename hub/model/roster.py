"""The roster: who is connected, as nodes tell it each other, and how pages of it are put together.

Newest first. A page of a hub is the merger of one page of each node; what a node has left out must
not be passed over because another has told more.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from heapq import nlargest
from sys import intern
from typing import Literal

import msgspec

from hub.model.audit import clean

MAX_PAGE = 200
# Of one node's page: it goes through the broker.
MAX_BYTES = 256 * 1024
MAX_SUBSCRIPTIONS = 64
_LONGEST_CLIENT = 200

Mode = Literal["live", "replay", "lossless", "conflated", "latest"]
Protocol = Literal["json", "msgpack", "sse"]
# When it was opened, and its client_id: unique, and its place in the roster.
Place = tuple[int, str]
# A field that is asked for, and the values that it may have.
Names = Mapping[str, Sequence[str | int | float | bool | None]]


class Followed(msgspec.Struct, frozen=True, array_like=True):
    """One channel that a client follows.

    Attributes:
        channel: Its name.
        offset: Up to where the client has everything; None in a volatile channel.
        behind: Events that it is behind its node.
        mode: `live`; `replay`, what it asked for is on its way; `lossless` or `conflated`, its
            socket has been full since; `latest`, the same in a volatile channel.
        where: What it has asked for, perhaps not all of it; None: everything.
        key: Of its conflation; empty: it has none.
        max_hz: Of its conflation.
    """

    channel: str
    offset: int | None
    behind: int
    mode: Mode
    where: Names | None = None
    key: str = ""
    max_hz: float = 0.0


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One connection. Nodes send it to each other: added to at the end only.

    Attributes:
        opened_us: When it was opened.
        client_id: Unique on all nodes.
        principal: Name of who it is; empty: it has not said so yet.
        protocol: That of a WebSocket, or `sse`.
        client: What the program calls itself.
        address: Where it comes from.
        queued_bytes: That wait in its send queue.
        written: Frames that were written to it.
        channels: How many it follows.
        followed: These, or some of them.
    """

    opened_us: int
    client_id: str
    principal: str
    protocol: Protocol
    client: str
    address: str
    queued_bytes: int
    written: int
    channels: int
    followed: Sequence[Followed]

    @property
    def place(self) -> Place:
        """Return its place in the roster."""
        return self.opened_us, self.client_id


class Query(msgspec.Struct, frozen=True, array_like=True):
    """What is asked of the roster. Nodes send it to each other: added to at the end only.

    Attributes:
        limit: Most entries.
        before: Only those before this place.
        search: Part of the principal's name, of the client_id or of the client, in small letters.
        principal: Its whole name.
        channel: Followed.
        behind: In one of its channels at least so many events.
    """

    limit: int
    before: Place | None = None
    search: str = ""
    principal: str = ""
    channel: str = ""
    behind: int = 0


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A page of one node.

    Attributes:
        matching: Connections of the node that the query asks for, on whatever page.
        entries: Newest first.
        more: There are others behind them.
    """

    matching: int
    entries: Sequence[Entry]
    more: bool


class Page(msgspec.Struct, frozen=True):
    """A page of the hub: each entry with its node's name."""

    matching: int
    entries: Sequence[tuple[str, Entry]]
    next: Place | None


def together(parts: Mapping[str, Part], limit: int) -> Page:
    """Return the page of all nodes."""
    # Behind the last that a node has told there may be others of it.
    ends = [part.entries[-1].place for part in parts.values() if part.more and part.entries]
    end = max(ends, default=None)
    told = [
        (name, entry)
        for name, part in parts.items()
        for entry in part.entries
        if end is None or entry.place >= end
    ]
    shown = nlargest(limit, told, key=lambda one: one[1].place)
    more = end is not None or len(told) > len(shown)
    place = shown[-1][1].place if more and shown else None
    return Page(sum(part.matching for part in parts.values()), shown, place)


def bounded(entries: Iterable[Entry]) -> tuple[Sequence[Entry], bool]:
    """Return as many entries as one message may hold, at least one; and whether that is all."""
    kept: list[Entry] = []
    size = 0
    for entry in entries:
        size += len(msgspec.msgpack.encode(entry))
        if kept and size > MAX_BYTES:
            return kept, False
        kept.append(entry)
    return kept, True


def client_name(text: str) -> str:
    """Return what a program calls itself, as it may be kept and shown (see `audit.clean`)."""
    # All that `clean` looks at; a longer one would be kept, too.
    return _client_name(text[: _LONGEST_CLIENT * 2])


@lru_cache(256)
def _client_name(text: str) -> str:
    """Thousands of clients are of one kind."""
    return intern(clean(text, _LONGEST_CLIENT))
