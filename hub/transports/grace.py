"""The grace: how long a client may take to read its end, before its socket is cut."""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios

CLOSE_TIMEOUT_S = 5.0
# Whoever may not be here any more is gone within two seconds of the revocation: half a second until
# this node has looked, this to read why, the rest for a busy machine. Else who reads nothing could
# go on for longer to fetch what waits for it.
REVOKED_TIMEOUT_S = 0.75
_REVOKED = frozenset((4401, 4501))
_AT_ONCE = struct.pack("ii", 1, 0)


def grace_s(close_code: int | None) -> float:
    """Return the seconds between the close frame of a client and the abort of its socket.

    Args:
        close_code: Ours or its own; None: it goes without one.
    """
    return REVOKED_TIMEOUT_S if close_code in _REVOKED else CLOSE_TIMEOUT_S


def cut(transport: asyncio.WriteTransport) -> None:
    """Close a socket at once, and take back what its client has not taken.

    Who has taken all learns of the end in peace.

    The kernel would keep that after an abort too, some 64 KiB, and offer it for minutes: the
    connection would be there, of nobody, and its client could fetch all of it when it likes.
    """
    if untaken_bytes(transport):
        sock = transport.get_extra_info("socket")
        # It may be gone meanwhile; some systems refuse options then.
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


def untaken_bytes(transport: asyncio.WriteTransport) -> int:
    """Return what the kernel holds that the client has not acknowledged; 0 where nobody knows."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return 0
    # One that is gone meanwhile has no number any more.
    with contextlib.suppress(OSError, ValueError):
        (untaken,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4)))
        return int(untaken)
    return 0
