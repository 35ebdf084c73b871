"""Idle connections, kept for the next request to the same place."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from hub.webhooks.targets import Target
from hub.webhooks.wire import Wire

# Receivers close theirs after five seconds to a minute; what is closed then is dialled anew.
IDLE_S = 20.0
# However busy: its address was judged at its beginning, and may have been given to another one.
AGE_S = 300.0
MAX_PLACE = 16
MAX_ALL = 512

_Place = tuple[str, str, int, bool]


class Idle:
    """Connections on which nothing is under way."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._wires: dict[_Place, deque[Wire]] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self, target: Target) -> Wire | None:
        """Return a connection for a target, the one used last; None: there is none."""
        place = _place(target)
        wires = self._wires.get(place)
        while wires:
            wire = wires.pop()
            self._count -= 1
            if not wires:
                del self._wires[place]
            if not wire.lost and not self._is_old(wire):
                return wire
            wire.drop()
        return None

    def keep(self, target: Target, wire: Wire) -> None:
        """Keep a connection that could be used further, if there is room."""
        place = _place(target)
        here = len(self._wires.get(place, ()))
        if self._closed or self._count >= MAX_ALL or here >= MAX_PLACE:
            wire.drop()
            return
        wire.idle_s = self._now_s()
        self._wires.setdefault(place, deque()).append(wire)
        self._count += 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S / 4, self.sweep)

    def sweep(self) -> None:
        """Let go of those that have been idle for long."""
        for place in list(self._wires):
            wires = self._wires[place]
            while wires and (wires[0].lost or self._is_old(wires[0])):
                wires.popleft().drop()
                self._count -= 1
            if not wires:
                del self._wires[place]
        self._timer = None
        if self._wires and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(IDLE_S / 4, self.sweep)

    def close(self) -> None:
        """Let go of all, also of those that are still to come."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for wires in self._wires.values():
            for wire in wires:
                wire.drop()
        self._wires.clear()
        self._count = 0

    def _is_old(self, wire: Wire) -> bool:
        now_s = self._now_s()
        return now_s - wire.idle_s > IDLE_S or now_s - wire.since_s > AGE_S


def _place(target: Target) -> _Place:
    # To the hub itself only its receiver is called: such a connection is for nothing else.
    return target.scheme, target.host, target.port, target.receiver
