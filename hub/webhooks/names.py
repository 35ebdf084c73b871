"""Names: which addresses they lead to, now."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address

from hub.webhooks.addresses import Address

# Look-ups at a time. One that hangs keeps its thread: nothing can take it out of libc.
MAX_LOOKUPS = 256


class Names:
    """Looks names up, each in a thread of its own.

    The loop's own pool has a handful of threads (four under uvloop), and a name server that does
    not answer keeps each for half a minute: one dead endpoint would stop all others. Here a name
    is looked up once at a time, whoever asks, and what hangs does not hold up a stop.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[Sequence[Address]]] = {}

    async def __call__(self, name: str) -> Sequence[Address]:
        """Return its addresses, in the order in which they should be tried.

        Raises:
            OSError: It has none, or nobody knows; or too many look-ups hang.
        """
        found = self._under_way.get(name)
        if found is None:
            if len(self._under_way) >= MAX_LOOKUPS:
                raise OSError("too many look-ups hang")
            found = asyncio.get_running_loop().create_future()
            try:
                threading.Thread(target=_look, args=(name, found), daemon=True).start()
            except RuntimeError as error:
                raise OSError("no thread to look names up in") from error
            self._under_way[name] = found
            found.add_done_callback(lambda done: self._ended(name, done))
        return await asyncio.shield(found)

    def _ended(self, name: str, found: "asyncio.Future[Sequence[Address]]") -> None:
        del self._under_way[name]
        if not found.cancelled():
            # Whoever asked may be gone; then nobody else takes note of it.
            found.exception()


def _look(name: str, found: "asyncio.Future[Sequence[Address]]") -> None:
    outcome: Sequence[Address] | OSError
    try:
        entries = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        outcome = [ip_address(str(entry[4][0])) for entry in entries]
    except (OSError, ValueError) as error:
        outcome = OSError(str(error))
    try:
        found.get_loop().call_soon_threadsafe(_tell, found, outcome)
    except RuntimeError:
        return  # the loop has ended meanwhile


def _tell(found: "asyncio.Future[Sequence[Address]]", outcome: Sequence[Address] | OSError) -> None:
    if found.done():
        return
    if isinstance(outcome, OSError):
        found.set_exception(outcome)
    else:
        found.set_result(outcome)
