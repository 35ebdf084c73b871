"""io_uring: one call to the kernel sends the same bytes to a thousand sockets.

A send costs the kernel 3 us, and the way to it through a transport almost half as much again
(docs/performance.md). Here the requests for a whole crowd are written into memory that the kernel
reads, by a few copies, and handed over together. Each is done before the call returns: none of
them waits (MSG_DONTWAIT), so nothing is ever under way, and the bytes need not be kept.

Layouts and numbers are those of linux/io_uring.h; io_uring_setup(2), io_uring_enter(2).
"""

import ctypes
import mmap
import os
import socket
import struct
import sys
import weakref
from array import array
from collections.abc import Iterator, Sequence

from hub.telemetry.logging import logger

ENTRIES = 1024
_SETUP, _ENTER = 425, 426
_OFF_SQES = 0x10000000
_SETUP_SUBMIT_ALL = 1 << 7
_FEAT_SINGLE_MMAP, _FEAT_CQE_SKIP = 1 << 0, 1 << 11
_OP_SEND = 26
# Tell only of those that did not take all: WAITALL makes less than all a failure.
_SKIP_SUCCESS = 1 << 6
# MSG_DONTWAIT, MSG_NOSIGNAL, MSG_WAITALL: other systems lack some, and this must be importable.
_FLAGS = 0x40 | 0x4000 | 0x100
_SQE = struct.Struct("=BBHiQQIIQQQQ")
_CQE = struct.Struct("=QiI")
# struct io_uring_params: ten words, then the offsets of the two rings.
_PARAMS = struct.Struct("=10I 8IQ 8IQ")
# More than a socket of `_TRIAL_BUFFER` takes.
_TRIAL = bytes(range(256)) * 1_024
_TRIAL_BUFFER = 8 * 1_024


class Uring:
    """One ring of this process, used from one thread; it goes with its last user.

    Raises:
        OSError: The kernel has none, or does not let this process have one.
    """

    def __init__(self) -> None:
        if sys.platform != "linux":
            # There the number may be that of another call.
            raise OSError(f"expected Linux, got {sys.platform}")
        libc = ctypes.CDLL(None, use_errno=True)
        self._call = libc.syscall
        self._call.restype = ctypes.c_long
        self._descriptor, params = self._set_up()
        # Its memory goes with the views of it.
        self.close = weakref.finalize(self, os.close, self._descriptor)
        entries, cq_entries, features = params[0], params[1], params[5]
        head, tail, _, _, _, _, order, _, _ = params[10:19]
        cq_head, cq_tail, _, _, _, cqes, _, _, _ = params[19:28]
        if not (features & _FEAT_SINGLE_MMAP and features & _FEAT_CQE_SKIP):
            self.close()
            raise OSError("expected a kernel of 5.18 or newer, got an older one")
        size = max(order + entries * 4, cqes + cq_entries * _CQE.size)
        self._ring = mmap.mmap(self._descriptor, size)
        self._requests = mmap.mmap(self._descriptor, entries * _SQE.size, offset=_OFF_SQES)
        self._words = words = memoryview(self._ring)[: size & ~3].cast("I")
        self._head, self._tail = head // 4, tail // 4
        self._done_head, self._done_tail = cq_head // 4, cq_tail // 4
        self._results, self._result_mask = cqes, cq_entries - 1
        self._order = words[order // 4 : order // 4 + ENTRIES]
        self._numbers = memoryview(array("I", range(ENTRIES)))
        self._begins_at = -1
        self._fill()

    def send(self, descriptors: "array[int]", data: bytes) -> Sequence[tuple[int, int]]:
        """Send to all; return who has not taken all of it, and how many bytes it took."""
        left: list[tuple[int, int]] = []
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
        for first in range(0, len(descriptors), ENTRIES):
            part = descriptors[first : first + ENTRIES]
            count = len(part)
            self._descriptors[:count] = part
            self._addresses[:count] = array("Q", (address,)) * count
            self._lengths[:count] = array("I", (len(data),)) * count
            left += ((first + place, sent) for place, sent in self._submit(count))
        return left

    def _set_up(self) -> tuple[int, tuple[int, ...]]:
        params = bytearray(_PARAMS.size)
        struct.pack_into("=I", params, 8, _SETUP_SUBMIT_ALL)
        buffer = (ctypes.c_char * len(params)).from_buffer(params)
        descriptor = self._call(ctypes.c_long(_SETUP), ctypes.c_uint(ENTRIES), ctypes.byref(buffer))
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return descriptor, _PARAMS.unpack(params)

    def _fill(self) -> None:
        """Write what is the same in each request, once."""
        for place in range(ENTRIES):
            one = (_OP_SEND, _SKIP_SUCCESS, 0, -1, 0, 0, 0, _FLAGS, place, 0, 0, 0)
            _SQE.pack_into(self._requests, place * _SQE.size, *one)
        view = memoryview(self._requests)
        self._descriptors = view.cast("i")[1::16]
        self._addresses = view.cast("Q")[2::8]
        self._lengths = view.cast("I")[6::16]

    def _submit(self, count: int) -> list[tuple[int, int]]:
        words = self._words
        tail = words[self._tail]
        self._begin_at(tail % ENTRIES)
        words[self._tail] = (tail + count) & 0xFFFFFFFF
        taken = self._call(
            ctypes.c_long(_ENTER),
            ctypes.c_uint(self._descriptor),
            ctypes.c_uint(count),
            ctypes.c_uint(0),
            ctypes.c_uint(0),
            None,
            ctypes.c_size_t(0),
        )
        taken = max(taken, 0)
        if taken < count:
            # Out of memory, or told to stop: what the kernel has not taken is not sent.
            words[self._tail] = (tail + taken) & 0xFFFFFFFF
        return [*self._failed(), *((place, 0) for place in range(taken, count))]

    def _begin_at(self, start: int) -> None:
        """Have the next entry of the ring name the first request, and so on."""
        if start != self._begins_at:
            self._begins_at = start
            self._order[start:] = self._numbers[: ENTRIES - start]
            self._order[:start] = self._numbers[ENTRIES - start :]

    def _failed(self) -> Iterator[tuple[int, int]]:
        words = self._words
        head, tail = words[self._done_head], words[self._done_tail]
        while head != tail:
            at = self._results + (head & self._result_mask) * _CQE.size
            place, result, _ = _CQE.unpack_from(self._ring, at)
            yield place, max(result, 0)
            head = (head + 1) & 0xFFFFFFFF
        words[self._done_head] = head


def open_uring() -> Uring | None:
    """Return a ring, or None: then each socket is written to through its transport."""
    try:
        ring = Uring()
        _try_out(ring)
    except (OSError, AttributeError) as failure:
        logger("hub").debug("no io_uring", why=str(failure))
        return None
    return ring


def _try_out(ring: Uring) -> None:
    """Send twice to a socket of our own; what is told must be what comes out of it.

    A sandbox may lend a ring and then forbid to use it. And a kernel may forget what a full socket
    has taken (Linux 6.0, before "io_uring: don't lose partial send/recv on fail"): a client would
    get that twice, and not understand a word of what follows.

    Raises:
        OSError: It is not so.
    """
    ours, other = socket.socketpair()
    with ours, other:
        ours.settimeout(0)
        other.settimeout(0)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _TRIAL_BUFFER)
        for data in (b"all", _TRIAL):
            left = dict(ring.send(array("i", [ours.fileno()]), data))
            taken, came = left.get(0, len(data)), _read(other)
            if not taken:
                raise OSError(
                    f"expected a ring that sends, got one that sent no byte of {len(data)}"
                )
            if came != data[:taken]:
                raise OSError(f"expected the {taken} bytes that were told of, got {len(came)}")


def _read(some: socket.socket) -> bytes:
    came = b""
    while True:
        try:
            came += some.recv(len(_TRIAL))
        except BlockingIOError:
            return came
