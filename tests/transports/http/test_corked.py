"""The corked transport: head and body in one write, and nothing ever held back for longer."""

import asyncio
from typing import cast

from hub.transports.http.corked import Cork
from support.clocks import FakeTimers


class Pipe:
    """A transport that notes its writes."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        """Note it."""
        self.writes.append(data)

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def is_closing(self) -> bool:
        """Say so."""
        return self.closed


def corked() -> tuple[Cork, Pipe, FakeTimers]:
    """Return a corked pipe and the loop whose tick ends when the test says so."""
    pipe, loop = Pipe(), FakeTimers()
    cork = Cork(cast("asyncio.Transport", pipe), cast("asyncio.AbstractEventLoop", loop))
    return cork, pipe, loop


def test_head_and_body_of_one_tick_are_one_write() -> None:
    """And what follows goes out as it comes."""
    cork, pipe, loop = corked()

    cork.write(b"head")
    cork.write(b"body")
    cork.write(b"more")
    loop.tick()

    assert pipe.writes == [b"headbody", b"more"]


def test_a_head_without_a_body_goes_at_the_end_of_its_tick() -> None:
    """A stream of events tells its head long before its first event."""
    cork, pipe, loop = corked()

    cork.write(b"head")
    assert pipe.writes == []
    loop.tick()
    cork.write(b"body")

    assert pipe.writes == [b"head", b"body"]


def test_a_close_loses_nothing() -> None:
    """What waits goes first."""
    cork, pipe, _ = corked()

    cork.write(b"head")
    cork.close()

    assert pipe.writes == [b"head"]
    assert cork.is_closing()
