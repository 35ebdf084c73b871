"""The listener: who a feed writes to."""

from typing import Protocol

from hub.realtime.frames import Batch


class Outlet(Protocol):
    """A socket, as far as it is written to.

    Attributes:
        fd: What it can be sent to by past its transport, while that is free.
        touched: Whether its transport must be asked whether it is free.
        written: Frames written so far.
    """

    fd: int
    touched: bool
    written: int

    def write(self, batch: Batch) -> None:
        """Write frames; whoever listens through it may fall behind meanwhile."""
        ...

    def is_free(self) -> bool:
        """Say whether it can be sent to past its transport: there nothing waits, nor ends."""
        ...

    def write_rest(self, data: memoryview) -> None:
        """Let the transport have what the socket did not take."""
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
