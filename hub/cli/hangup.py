"""Hangup: SIGHUP, which a terminal and a service manager mean differently."""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType


class Hangup:
    """SIGHUP as a wish to read the settings again, from the first moment on.

    One that comes before anybody can fulfil it is kept. A terminal sends it, too, when somebody
    closes it: then it is the end, as it always was.
    """

    def __init__(self) -> None:
        self._wished: Callable[[], None] | None = None
        self._waits = False
        self._had_terminal = _has_terminal()
        signal.signal(signal.SIGHUP, self._came)

    def begin(self, wished: Callable[[], None]) -> None:
        """Call this from now on, and at once where a wish has come already."""
        self._wished = wished
        if self._waits:
            wished()

    def done(self) -> None:
        """Ignore what still comes."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _came(self, _number: int, _frame: FrameType | None) -> None:
        if self._had_terminal and not _has_terminal():
            _speak_to_nobody()
            os.kill(os.getpid(), signal.SIGTERM)
        elif self._wished is None:
            self._waits = True
        else:
            self._wished()


def _has_terminal() -> bool:
    """Say whether a terminal is there; one that was closed is not."""
    try:
        return os.isatty(sys.stdin.fileno())
    except (OSError, ValueError, AttributeError):
        return False


def _speak_to_nobody() -> None:
    """Let what is still said go nowhere: writing to a terminal that is gone fails."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if _is_gone(stream.fileno()):
                os.dup2(nowhere, stream.fileno())


def _is_gone(handle: int) -> bool:
    """Say whether it is a terminal that was closed; a file and a pipe are none."""
    try:
        os.ttyname(handle)
    except OSError as error:
        return error.errno == errno.EIO
    return False
