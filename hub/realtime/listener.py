"""The listener: who a feed writes to."""

from typing import Protocol

from hub.realtime.frames import Batch


class Outlet(Protocol):
    """A socket, as far as it is written to."""

    def write(self, batch: Batch) -> None:
        """Write frames; whoever listens through it may fall behind meanwhile."""
        ...


class Listener(Protocol):
    """One client's subscription, as its feed sees it."""

    @property
    def outlet(self) -> Outlet:
        """Return its socket, which it may share with subscriptions of other channels."""
        ...

    def fall_behind(self) -> None:
        """Leave the live ones and become a cursor."""
        ...

    def pull(self) -> None:
        """As a cursor, fetch what is missing, or go live."""
        ...
