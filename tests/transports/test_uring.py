"""io_uring: one call, many sockets; whoever has not taken all is told of."""

import ctypes
import os
import runpy
import socket
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hub.transports import uring
from hub.transports.uring import ENTRIES, Uring, open_uring

Pairs = Callable[[int], Sequence[tuple[socket.socket, socket.socket]]]


@pytest.fixture
def ring() -> Iterator[Uring]:
    """A ring, where the kernel has one."""
    made = open_uring()
    if made is None:
        pytest.skip("this kernel lends no io_uring: nothing to try")
    yield made
    made.close()


@pytest.fixture
def pairs() -> Iterator[Pairs]:
    """Makes connected sockets, ours and the client's."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))

        def make(count: int) -> Sequence[tuple[socket.socket, socket.socket]]:
            made = []
            for _ in range(count):
                client = stack.enter_context(socket.create_connection(listener.getsockname()))
                ours = stack.enter_context(listener.accept()[0])
                ours.settimeout(0)
                client.settimeout(10)
                made.append((ours, client))
            return made

        yield make


def fds(some: Sequence[tuple[socket.socket, socket.socket]]) -> "array[int]":
    """Return the descriptors of our ends."""
    return array("i", [ours.fileno() for ours, _ in some])


def read(client: socket.socket, size: int) -> bytes:
    """Return so many bytes."""
    got = b""
    while len(got) < size:
        got += client.recv(size - len(got))
    return got


def test_all_get_the_same_bytes(ring: Uring, pairs: Pairs) -> None:
    """Nobody is told of who has taken everything."""
    some = pairs(50)

    left = ring.send(fds(some), b"an event")

    assert left == []
    assert [client.recv(100) for _, client in some] == [b"an event"] * 50


def test_what_is_sent_one_after_another_arrives_so(ring: Uring, pairs: Pairs) -> None:
    """Also when the ring begins again from its start, and crowds are not of one size."""
    some = pairs(7)
    sent = [b"%d," % number * (1 + number % 3) for number in range(600)]

    for number, data in enumerate(sent):
        ring.send(fds(some[: 3 + number % 5]), data)

    for place, (_, client) in enumerate(some):
        mine = b"".join(data for n, data in enumerate(sent) if place < 3 + n % 5)
        assert read(client, len(mine)) == mine


def test_a_crowd_may_be_larger_than_the_ring(ring: Uring, pairs: Pairs) -> None:
    """It goes in several calls."""
    [(ours, client)] = pairs(1)
    crowd = array("i", [ours.fileno()] * (2 * ENTRIES + 5))

    left = ring.send(crowd, b"x")

    assert left == []
    assert read(client, len(crowd)) == b"x" * len(crowd)


def test_who_is_full_is_told_of_with_what_it_took(ring: Uring, pairs: Pairs) -> None:
    """Of a large buffer a part, of the next nothing: together with the rest it is whole."""
    some = pairs(3)
    data = bytes(range(256)) * 64 * 1024

    [(first, took), *_] = left = ring.send(fds(some), data)
    again = ring.send(fds(some[:1]), data)

    assert [place for place, _ in left] == [0, 1, 2]
    assert first == 0
    assert 0 < took < len(data)
    assert again == [(0, 0)]
    assert read(some[0][1], took) == data[:took]


def test_who_is_gone_is_told_of(ring: Uring, pairs: Pairs) -> None:
    """It has taken nothing, the others all, and no signal ends the process."""
    some = pairs(3)
    some[1][0].shutdown(socket.SHUT_WR)

    left = ring.send(fds(some), b"an event")

    assert left == [(1, 0)]
    assert [some[0][1].recv(100), some[2][1].recv(100)] == [b"an event"] * 2


def test_what_the_kernel_does_not_take_is_told_of(
    ring: Uring, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be short of memory: the rest has taken nothing, and the next call is whole again."""
    some = pairs(5)
    call = ring._call

    def take_two(number: Any, descriptor: Any, _count: Any, *others: Any) -> int:
        return int(call(number, descriptor, ctypes.c_uint(2), *others))

    monkeypatch.setattr(ring, "_call", take_two)
    short = ring.send(fds(some), b"one")
    monkeypatch.setattr(ring, "_call", lambda *_: -1)
    none = ring.send(fds(some), b"two")
    monkeypatch.undo()
    whole = ring.send(fds(some), b"three")

    assert short == [(2, 0), (3, 0), (4, 0)]
    assert none == [(place, 0) for place in range(5)]
    assert whole == []
    assert [client.recv(100) for _, client in some] == [b"onethree"] * 2 + [b"three"] * 3


def test_a_kernel_that_lends_none_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers often forbid it, and old kernels have none."""
    monkeypatch.setattr(uring, "_SETUP", 1_000_000)

    assert open_uring() is None


def test_other_systems_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of the call is another call there."""
    asked: list[object] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: asked.append(1))

    assert open_uring() is None
    assert asked == []


def test_it_can_be_imported_where_sockets_have_fewer_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python on macOS knows no MSG_NOSIGNAL, and the hub runs there, too."""
    monkeypatch.delattr(socket, "MSG_NOSIGNAL")

    assert runpy.run_path(uring.__file__)["ENTRIES"] == ENTRIES


def test_the_flags_are_those_of_this_system() -> None:
    """They are written out, so that other systems can import them."""
    assert socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL | socket.MSG_WAITALL == uring._FLAGS


def forbidden(*_: object) -> list[tuple[int, int]]:
    """Return what is told when the kernel takes no request."""
    return [(0, 0)]


def forgetful(_ring: Uring, descriptors: "array[int]", data: bytes) -> list[tuple[int, int]]:
    """Send, and tell nothing of what a full socket has taken, as Linux 6.0 did."""
    taken = os.write(descriptors[0], data)
    return [] if taken == len(data) else [(0, 0)]


def careless(_ring: Uring, descriptors: "array[int]", data: bytes) -> list[tuple[int, int]]:
    """Send, and tell of nobody."""
    os.write(descriptors[0], data)
    return []


@pytest.mark.parametrize(
    "send",
    [forbidden, forgetful, careless],
    ids=["forbidden when it is used", "takes bytes and does not tell", "tells of no full socket"],
)
def test_a_ring_that_does_not_do_as_it_says_is_not_used(
    monkeypatch: pytest.MonkeyPatch, send: Callable[..., Sequence[tuple[int, int]]]
) -> None:
    """Bytes would be lost, or come twice: it is tried once, before there are clients."""
    monkeypatch.setattr(Uring, "send", send)

    assert open_uring() is None


def test_a_ring_leaves_nothing_open() -> None:
    """Neither its own descriptor, nor those of its memory."""
    before = len([*Path("/proc/self/fd").iterdir()])

    made = open_uring()
    del made

    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_an_old_kernel_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that tells of every send costs more than it saves."""
    monkeypatch.setattr(uring, "_FEAT_CQE_SKIP", 1 << 31)

    assert open_uring() is None
