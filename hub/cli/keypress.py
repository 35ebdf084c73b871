"""Single keys from a terminal, which gets its ways back whatever happens."""

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator

_MANY = 1024


@contextlib.contextmanager
def keys(pressed: Callable[[str], object]) -> Iterator[bool]:
    """Call `pressed` with each key, in this event loop; yield whether there is a keyboard.

    Ctrl-C stays what it is. Without a terminal, or behind another program in it, nothing is read.
    """
    fd = _terminal()
    if fd is None:
        yield False
        return
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd, termios.TCSANOW)
        loop.add_reader(fd, _read, fd, pressed)
        # After Ctrl-Z and `fg` the shell may have put back its own ways.
        loop.add_signal_handler(signal.SIGCONT, _take, fd)
        yield True
    finally:
        loop.remove_signal_handler(signal.SIGCONT)
        loop.remove_reader(fd)
        # A terminal that was closed takes nothing any more; one that is another's must not.
        with contextlib.suppress(termios.error, OSError):
            if _is_in_front(fd):
                termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _read(fd: int, pressed: Callable[[str], object]) -> None:
    try:
        text = os.read(fd, _MANY)
    except OSError:
        text = b""
    if not text:
        # The terminal was closed: it would be ready for ever.
        asyncio.get_running_loop().remove_reader(fd)
    for key in text.decode(errors="ignore"):
        pressed(key)


def _take(fd: int) -> None:
    with contextlib.suppress(termios.error, OSError):
        if _is_in_front(fd):
            tty.setcbreak(fd, termios.TCSANOW)


def _terminal() -> int | None:
    try:
        fd = sys.stdin.fileno()
        return fd if os.isatty(fd) and _is_in_front(fd) else None
    except (OSError, ValueError, AttributeError):
        return None


def _is_in_front(fd: int) -> bool:
    """Say whether the terminal is ours now: setting it from behind would stop the program."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
