"""The HTTP shells over real sockets."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub_client import AsyncMCPClient, MCPClient, NetworkError, TimedOut

DRIP = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def dripping_server() -> Iterator[str]:
    """Answer the first bytes at once, then one byte every 20 ms."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(DRIP)
            try:
                while not over.wait(0.02):
                    peer.sendall(b" ")
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        thread.join()
        listener.close()


def closed_port() -> str:
    """Return an address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_dripping_answer_is_a_timeout() -> None:
    """The timeout bounds a whole try, not the pause between two bytes."""
    started = time.monotonic()
    with (
        dripping_server() as url,
        MCPClient(url, max_retries=0, timeout=0.2) as client,
        pytest.raises(TimedOut),
    ):
        client.contracts_status()

    assert time.monotonic() - started < 5


async def test_a_dripping_answer_is_a_timeout_async() -> None:
    """The same for asyncio."""
    with dripping_server() as url:
        async with AsyncMCPClient(url, max_retries=0, timeout=0.2) as client:
            with pytest.raises(TimedOut):
                await client.contracts_status()


def test_a_hub_that_is_not_there_is_a_network_error() -> None:
    """Nothing listens: E_NETWORK_ERROR."""
    with MCPClient(closed_port(), max_retries=1, backoff_factor=0) as client:
        with pytest.raises(NetworkError):
            client.contracts_status()
        client.close()


async def test_a_hub_that_is_not_there_is_a_network_error_async() -> None:
    """The same for asyncio, with a real wait of no length."""
    async with AsyncMCPClient(closed_port(), max_retries=1, backoff_factor=0) as client:
        with pytest.raises(NetworkError):
            await asyncio.wait_for(client.contracts_status(), 10)
