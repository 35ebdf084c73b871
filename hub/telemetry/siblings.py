"""Siblings: the worker processes behind one port, and how each learns the numbers of the others.

Prometheus asks the port, and the kernel gives its question to any of them. So each worker answers
its siblings on a Unix socket in a folder that only their user may enter, and whoever is asked asks
all others, for a second at most. A worker that has died does not answer, and so is not told; its
next life has the same name, so no series is left behind.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from hub.telemetry.logging import logger
from hub.telemetry.metric import Sample

# What has not come by then is left out: a worker that hangs must not make all of them unseen.
WITHIN_S = 1.0

# By the field of the reading.
Told = Mapping[str, Sequence[Sample]]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, list[Sample]]).decode


class Siblings(Protocol):
    """The other processes behind this one's port.

    Attributes:
        own: Name of this process among them; empty where there are none.
    """

    @property
    def own(self) -> str:
        """Return the name of this process; empty where it is alone."""
        ...

    async def ask(self) -> Mapping[str, Told]:
        """Return the numbers of the others, by their names; of those that answer."""
        ...


class _Alone:
    own = ""

    async def ask(self) -> Mapping[str, Told]:
        return {}


ALONE: Siblings = _Alone()


class Workers:
    """This worker among its siblings.

    Args:
        path: Of its own socket, named after it; those of the others lie beside it.
    """

    def __init__(self, path: Path) -> None:
        self.own = path.stem
        self._path = path
        self._server: asyncio.Server | None = None
        self._log = logger("metrics")

    async def open(self, tell: Callable[[], Told]) -> None:
        """Answer the others from now on.

        Where that cannot be they go without these numbers, and a line says why: metrics must not
        keep a hub from starting.
        """

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                writer.write(_encode(tell()))
                await writer.drain()
            writer.close()

        try:
            # It takes the place of a socket that was left by an earlier life.
            self._server = await asyncio.start_unix_server(answer, self._path)
        except OSError as error:
            self._log.warning("other workers cannot tell the numbers of this one", why=str(error))

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._path.unlink(missing_ok=True)

    async def ask(self) -> Mapping[str, Told]:
        """Return the numbers of the others."""
        others = sorted(path for path in self._path.parent.glob("*.sock") if path != self._path)
        told = await asyncio.gather(*map(self._hear, others))
        return {path.stem: one for path, one in zip(others, told, strict=True) if one is not None}

    async def _hear(self, path: Path) -> Told | None:
        """Return what one says; None when it does not, in time or in our words."""
        try:
            async with asyncio.timeout(WITHIN_S):
                reader, writer = await asyncio.open_unix_connection(path)
                try:
                    return _decode(await reader.read(-1))
                finally:
                    writer.close()
        except (OSError, TimeoutError, msgspec.DecodeError):
            return None
