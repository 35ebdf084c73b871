"""What a session needs of its node; `app` builds it once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from hub.clock import Clock, Timers
from hub.errors import HubError
from hub.model.principal import Principal
from hub.model.unit import Head
from hub.realtime.fanout import Fanout
from hub.realtime.heartbeat import Heartbeats
from hub.realtime.ladder import Ladder
from hub.realtime.pages import Spawn
from hub.realtime.standing import Reason

# Of a token and the address that it came from. Raises Unauthenticated, RateLimited; see
# `auth.authentication.Authentication.find`.
FindPrincipal = Callable[[str, str], Awaitable[Principal]]
# Called with why somebody was refused, who it is, and from which address.
NoteRefusal = Callable[[HubError, Principal, str], None]


class SnapshotPages(Protocol):
    """The state of a channel at one offset, as JSON objects, in pages."""

    epoch: str
    offset: int

    async def page(self, limit: int) -> tuple[Sequence[msgspec.Raw], bool]:
        """Return the next items, and whether more follow."""
        ...

    async def close(self) -> None:
        """Let it go."""
        ...


class Page(NamedTuple):
    """The channel's head, encoded events, oldest first, and why some are gone, if they are."""

    head: int
    events: Sequence[bytes]
    reason: Reason | None = None


class Queries(Protocol):
    """What a client may ask the hub besides events."""

    async def history(
        self,
        channel: str,
        *,
        limit: int,
        since: int | None,
        before: int | None,
        owner: str | None = None,
    ) -> Page:
        """Return a page of encoded events, oldest first; with `owner` only what is theirs."""
        ...

    async def head(self, channel: str) -> Head | None:
        """Return what the log holds of a channel; None when there is no such channel."""
        ...

    async def snapshot(self, channel: str, owner: str | None = None) -> SnapshotPages:
        """Open the state of a channel; with `owner` only of what is theirs."""
        ...

    async def status(self) -> Mapping[str, Any]:
        """Return how the hub is."""
        ...


class Realtime(Protocol):
    """One node, seen by its sessions."""

    @property
    def fanout(self) -> Fanout:
        """The feeds."""
        ...

    @property
    def queries(self) -> Queries:
        """Reads of the log."""
        ...

    @property
    def clock(self) -> Clock:
        """The wall time."""
        ...

    @property
    def timers(self) -> Timers:
        """The loop's timers."""
        ...

    @property
    def ladder(self) -> Ladder:
        """What happens to clients that do not keep up."""
        ...

    @property
    def spawn(self) -> Spawn:
        """Runs an awaitable in the background."""
        ...

    @property
    def heartbeats(self) -> Heartbeats:
        """When each client hears from the node."""
        ...

    @property
    def find(self) -> FindPrincipal:
        """Tells who shows a token."""
        ...

    @property
    def refused(self) -> NoteRefusal:
        """Told of commands that are refused; most refusals are not worth a record."""
        ...
