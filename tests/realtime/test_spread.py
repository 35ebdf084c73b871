"""The spread: who is sent to past its transport, and who is not."""

from array import array
from collections.abc import Sequence

import pytest

from hub.realtime.frames import Batch, Frame
from hub.realtime.spread import MANY, AtOnce

BATCH = Batch([Frame(b"one", 1), Frame(b"two", 2)])


class Socket:
    """An outlet that remembers."""

    def __init__(self, fd: int, waiting: int = 0) -> None:
        self.fd = fd
        self.written = 0
        self.through = b""
        self._waiting = waiting

    def write(self, batch: Batch) -> None:
        """Take frames through the transport."""
        self.written += len(batch.frames)
        self.through += batch.wire

    def waiting(self) -> int:
        """Return what waits."""
        return self._waiting

    def write_rest(self, data: bytes) -> None:
        """Take what was left."""
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


def test_what_is_left_goes_through_the_transport() -> None:
    """A socket took three bytes, and one nothing."""
    crowd = [Socket(fd) for fd in range(MANY)]

    AtOnce(Many((4, 3), (9, 0)))(BATCH, crowd)

    assert [crowd[4].through, crowd[9].through] == [BATCH.wire[3:], BATCH.wire]
    assert sum(len(one.through) for one in crowd) == 2 * len(BATCH.wire) - 3


def test_a_few_are_written_to_one_by_one() -> None:
    """The call would cost more than it saves."""
    many = Many()
    few = [Socket(fd) for fd in range(MANY - 1)]

    AtOnce(many)(BATCH, few)

    assert many.sent == []
    assert {one.through for one in few} == {BATCH.wire}
