"""The spread: who is sent to past its transport, and who is not."""

import asyncio
from array import array
from collections.abc import Callable, Sequence
from typing import cast

import pytest

from hub.realtime.connection import Connection, Sink
from hub.realtime.frames import Batch, Frame
from hub.realtime.spread import MANY, AtOnce

BATCH = Batch([Frame(b"one", 1), Frame(b"two", 2)])


class Socket:
    """An outlet that remembers."""

    def __init__(self, fd: int, waiting: int = 0) -> None:
        self.fd = fd
        self.touched = True
        self.written = 0
        self.through = b""
        self.rest = memoryview(b"")
        self._waiting = waiting

    def write(self, batch: Batch) -> None:
        """Take frames through the transport."""
        self.written += len(batch.frames)
        self.through += batch.wire

    def is_free(self) -> bool:
        """Say whether nothing waits; who was free is not asked again until it is touched."""
        free = self.fd >= 0 and not self._waiting
        self.touched = not free
        return free

    def wait(self, *, touched: bool) -> None:
        """Let bytes wait from now on."""
        self._waiting, self.touched = 1, touched

    def write_rest(self, data: memoryview) -> None:
        """Take what was left."""
        self.rest = data
        self.through += data


class Many:
    """Sends to descriptors; some take only a part."""

    def __init__(self, *left: tuple[int, int]) -> None:
        self.sent: list[tuple[list[int], bytes]] = []
        self._left = left

    def send(self, descriptors: "array[int]", data: bytes) -> Sequence[tuple[int, int]]:
        """Note it."""
        self.sent.append((list(descriptors), data))
        return self._left


def test_a_crowd_is_sent_to_by_one_call() -> None:
    """Nothing goes through a transport; what was written is counted all the same."""
    many = Many()
    crowd = [Socket(fd) for fd in range(100, 100 + MANY)]

    AtOnce(many)(BATCH, crowd)

    assert many.sent == [(list(range(100, 100 + MANY)), BATCH.wire)]
    assert {(one.written, one.through) for one in crowd} == {(2, b"")}


@pytest.mark.parametrize(
    "other", [Socket(-1), Socket(99, waiting=1)], ids=["under TLS", "with bytes that wait"]
)
def test_order_is_kept_where_something_waits(other: Socket) -> None:
    """Who cannot be sent to past its transport is written to through it, once."""
    many = Many()
    crowd = [Socket(fd) for fd in range(MANY)]

    AtOnce(many)(BATCH, [other, *crowd])

    assert many.sent == [(list(range(MANY)), BATCH.wire)]
    assert (other.written, other.through) == (2, BATCH.wire)


def test_who_was_not_written_to_is_not_asked_again() -> None:
    """A question costs as much as a tenth of a send; what has touched a transport is asked."""
    many = Many()
    crowd = [Socket(fd) for fd in range(MANY + 2)]
    spread = AtOnce(many)
    spread(BATCH, crowd)
    crowd[0].wait(touched=True)
    crowd[1].wait(touched=False)

    spread(BATCH, crowd)

    assert crowd[0].through == BATCH.wire
    assert many.sent[-1] == (list(range(1, MANY + 2)), BATCH.wire)


def test_what_is_left_goes_through_the_transport() -> None:
    """A socket took three bytes, and one nothing."""
    crowd = [Socket(fd) for fd in range(MANY)]

    AtOnce(Many((4, 3), (9, 0)))(BATCH, crowd)

    assert [crowd[4].through, crowd[9].through] == [BATCH.wire[3:], BATCH.wire]
    assert sum(len(one.through) for one in crowd) == 2 * len(BATCH.wire) - 3


def test_what_is_left_is_no_copy() -> None:
    """A crowd of full sockets would take as many times the memory of a large buffer."""
    crowd = [Socket(fd) for fd in range(MANY)]

    AtOnce(Many((4, 3), (9, 0)))(BATCH, crowd)

    assert {id(crowd[place].rest.obj) for place in (4, 9)} == {id(BATCH.wire)}


def test_a_few_are_written_to_one_by_one() -> None:
    """The call would cost more than it saves."""
    many = Many()
    few = [Socket(fd) for fd in range(MANY - 1)]

    AtOnce(many)(BATCH, few)

    assert many.sent == []
    assert {one.through for one in few} == {BATCH.wire}


class Transport:
    """Of it as much as is lent."""

    def __init__(self) -> None:
        self.waiting = 0
        self.closing = False
        self.written: list[bytes] = []

    def get_write_buffer_size(self) -> int:
        """Return what waits."""
        return self.waiting

    def is_closing(self) -> bool:
        """Say whether it ends."""
        return self.closing

    def write(self, data: bytes) -> None:
        """Take it; one that has ended does not."""
        assert not self.closing
        self.written.append(data)


def lend(transport: Transport, fd: int = 5) -> Connection:
    """Return a connection of which a socket was lent."""
    connection = Connection("a client", cast("Sink", None))
    connection.lend(fd, cast("asyncio.WriteTransport", transport))
    return connection


def test_a_socket_is_free_while_its_transport_has_nothing_to_do() -> None:
    """What waits there goes first."""
    transport = Transport()
    connection = lend(transport)

    before = connection.is_free()
    transport.waiting = 1

    assert (before, connection.is_free()) == (True, False)


@pytest.mark.parametrize(
    "touch",
    [
        lambda one: one.write(BATCH),
        lambda one: one.write_rest(memoryview(b"x")),
        Connection.lost,
    ],
    ids=["frames", "what a socket did not take", "its end"],
)
def test_what_may_make_a_transport_busy_touches_it(touch: Callable[[Connection], None]) -> None:
    """Frames that are sent past it would come before bytes that wait in it."""
    connection = lend(Transport())
    connection.sink = cast("Sink", Transport())
    connection.is_free()
    before = connection.touched

    touch(connection)

    assert (before, connection.touched) == (False, True)


def test_nothing_is_sent_past_a_transport_that_is_closing() -> None:
    """It may have dropped half a frame: what came next would be read as the rest of that."""
    transport = Transport()
    connection = lend(transport)

    transport.closing = True
    connection.write_rest(memoryview(b"the rest"))

    assert not connection.is_free()
    assert transport.written == []


def test_who_has_gone_is_not_free() -> None:
    """The number of its socket may be another client's by now."""
    connection = lend(Transport())

    connection.lost()

    assert not connection.is_free()
    assert connection.fd == -1


def test_under_tls_nothing_is_lent() -> None:
    """What is sent past it would be plain text."""
    assert not lend(Transport(), -1).is_free()
