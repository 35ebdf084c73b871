"""The spread: one buffer goes to many sockets, by one call to the kernel where there is one."""

from array import array
from collections.abc import Callable, Sequence
from typing import Protocol

from hub.realtime.frames import Batch
from hub.realtime.listener import Outlet

# For fewer it saves nothing.
MANY = 16

Spread = Callable[[Batch, Sequence[Outlet]], None]


class SendMany(Protocol):
    """Sends the same bytes to many sockets at once, and waits for none."""

    def send(self, descriptors: "array[int]", data: bytes) -> Sequence[tuple[int, int]]:
        """Return who has not taken all of it: its place among them, and how many bytes it took."""
        ...


def one_by_one(batch: Batch, outlets: Sequence[Outlet]) -> None:
    """Write to each through its transport."""
    for outlet in outlets:
        outlet.write(batch)


class AtOnce:
    """Sends past the transports to all sockets for which nothing waits there.

    What a socket does not take its transport gets, and any socket for which something waits: so
    bytes stay in order, and a full socket is noticed as ever. Nothing is sent to a socket whose
    transport is closing: that may have dropped what waited, and half a frame.
    """

    def __init__(self, many: SendMany) -> None:
        self._many = many

    def __call__(self, batch: Batch, outlets: Sequence[Outlet]) -> None:
        """Write to all."""
        if len(outlets) < MANY:
            one_by_one(batch, outlets)
            return
        # To ask a transport costs 0.25 us; most have not been written to since they were asked.
        busy = [one for one in outlets if one.touched and not one.is_free()]
        free = outlets
        if busy:
            others = set(map(id, busy))
            free = [one for one in outlets if id(one) not in others]
            one_by_one(batch, busy)
        frames, data = len(batch.frames), batch.wire
        for one in free:
            one.written += frames
        # What is left is a view: a thousand full sockets share the buffer, too.
        rest = memoryview(data)
        for place, sent in self._many.send(array("i", [one.fd for one in free]), data):
            free[place].write_rest(rest[sent:])
