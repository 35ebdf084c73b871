"""A network that a test can cut: TCP through this process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

# Given what a client sends, says whether to forward it and whether to cut the connection then.
Judge = Callable[[bytes], tuple[bool, bool]]


class Proxy:
    """Forwards connections to a port, as long as it is whole."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.whole = True
        self.judge: Judge = lambda _sent: (True, False)
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Break every connection, and refuse new ones until `mend`."""
        self.whole = False
        for writer in tuple(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        """Let new connections through."""
        self.whole = True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        if not self.whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        ends = {writer, far_writer}
        self._writers |= ends
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._up(reader, far_writer, ends), _down(far_reader, writer))
        self._writers -= ends
        for end in ends:
            end.transport.abort()

    async def _up(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: set[asyncio.StreamWriter],
    ) -> None:
        while sent := await reader.read(65_536):
            forward, cut = self.judge(sent)
            if forward:
                writer.write(sent)
                await writer.drain()
            if cut:
                (near,) = ends - {writer}
                near.transport.abort()
                # What was forwarded arrives: the far end is closed in order.
                writer.close()
                return
        writer.close()


async def _down(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while received := await reader.read(65_536):
        writer.write(received)
        await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def proxy_to(port: int) -> AsyncIterator[Proxy]:
    """Stand between a client and a port of this machine."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.sleep(0)
