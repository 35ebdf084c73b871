"""Gathering: the 101, the welcome and what follows it at once are one write."""

import asyncio
from typing import Any


class Gather(asyncio.Transport):
    """A transport for a moment: what is written goes to the real one together.

    Each write of its own is a system call, a packet and a wake-up of the client.
    """

    __slots__ = ("_parts", "_transport")

    def __init__(self, transport: asyncio.Transport, first: bytes) -> None:
        self._transport = transport
        self._parts = [first]

    def let_go(self) -> asyncio.Transport:
        """Write what was gathered; return the real transport."""
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._parts))
        return self._transport

    def write(self, data: Any) -> None:
        """Keep it."""
        self._parts.append(data)

    def is_closing(self) -> bool:
        """Ask the real one."""
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """Return what waits in both."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._parts))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Ask the real one."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Tell the real one."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Tell the real one."""
        self._transport.resume_reading()

    def abort(self) -> None:
        """Tell the real one."""
        self._transport.abort()
