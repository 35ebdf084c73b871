"""The grace: how long clients have, and what is left of a socket that is cut."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from hub.transports.grace import CLOSE_TIMEOUT_S, REVOKED_TIMEOUT_S, cut, grace_s

# More than the kernel takes for a client that reads nothing.
MUCH = bytes(8 * 1024 * 1024)


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.Transport, socket.socket]]:
    """A server's transport, and its client with little room, which does not block."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[asyncio.Transport] = loop.create_future()

    class Held(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            made.set_result(transport)

    server = await loop.create_server(Held, "127.0.0.1", 0)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.setblocking(False)  # noqa: FBT003 the standard library's signature
    await loop.sock_connect(client, server.sockets[0].getsockname())
    try:
        yield await made, client
    finally:
        client.close()
        server.close()
        await server.wait_closed()


async def read_all(client: socket.socket) -> int:
    """Return how many bytes there are until the end."""
    read = 0
    while data := await asyncio.get_running_loop().sock_recv(client, 65_536):
        read += len(data)
    return read


@pytest.mark.parametrize(
    ("code", "grace"),
    [
        (4501, REVOKED_TIMEOUT_S),
        (4401, REVOKED_TIMEOUT_S),
        (1000, CLOSE_TIMEOUT_S),
        (4408, CLOSE_TIMEOUT_S),
        (None, CLOSE_TIMEOUT_S),
    ],
    ids=["revoked", "expired", "in good order", "too slow", "without a code"],
)
def test_who_may_not_be_here_has_less_time(code: int | None, grace: float) -> None:
    """With the half second of a look it is less than two."""
    assert grace_s(code) == grace


async def test_what_a_client_has_not_taken_is_taken_back() -> None:
    """Else the kernel would offer it for minutes, from a socket that nobody holds."""
    async with connected() as (transport, client):
        transport.write(MUCH)

        cut(transport)

        with pytest.raises(ConnectionResetError):
            await read_all(client)


async def test_a_client_that_has_taken_all_is_told_of_the_end_in_peace() -> None:
    """A reset may cost it what it has not looked at yet."""
    async with connected() as (transport, client):
        transport.write(b"why")
        await asyncio.get_running_loop().sock_recv(client, 3)

        cut(transport)

        assert await read_all(client) == 0


async def test_a_socket_that_is_gone_can_be_cut() -> None:
    """The client was quicker."""
    async with connected() as (transport, client):
        client.close()
        transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

        cut(transport)

        assert transport.is_closing()
