"""Stop: what SIGTERM and Ctrl-C mean to a running hub."""

import os
import signal
import time
from types import FrameType
from typing import NoReturn, Protocol

_STOPPING = (signal.SIGTERM, signal.SIGINT)
# Beyond the drain: what a process needs to take itself apart.
GRACE_S = 2.0
# Who looks after several programs passes a Ctrl-C on as SIGTERM, to a program that has had it
# from the terminal already. Nobody's second thought is that fast and another signal.
ECHO_S = 1.0


class Stoppable(Protocol):
    """What `Stop` needs of a server."""

    should_exit: bool

    def end_now(self) -> None:
        """Do what must be done before the process ends in this moment."""
        ...


class Stop:
    """Both signals as a wish to stop, from the first moment on; the exit code is 0.

    A second one ends the process at once, with the code that a shell gives to the signal. What
    the hub has acknowledged is on disk, so nothing of it is lost.

    Args:
        patient: A second signal changes nothing.

    Attributes:
        server: Who is told; before it is there, a wish is the end.
        within_s: Seconds that a stop may take. A stop that hangs longer, in a disk say, is cut
            off two seconds later, with exit code 1; 0 lets it take its time.
    """

    def __init__(self, *, patient: bool = False) -> None:
        self.server: Stoppable | None = None
        self.within_s = 0.0
        self._patient = patient
        self._first = 0
        self._first_s = 0.0
        for number in _STOPPING:
            signal.signal(number, self._wish)

    def serve(self, server: Stoppable, within_s: float) -> None:
        """Tell this one from now on."""
        self.server, self.within_s = server, within_s

    def done(self) -> None:
        """Ignore what still comes: Python would die of a signal while it takes itself apart."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)

    def _wish(self, number: int, _frame: FrameType | None) -> None:
        server = self.server
        if server is None:
            raise SystemExit(0)
        if not server.should_exit:
            server.should_exit = True
            self._first, self._first_s = number, time.monotonic()
            if self.within_s:
                signal.signal(signal.SIGALRM, self._late)
                signal.setitimer(signal.ITIMER_REAL, self.within_s + GRACE_S)
        elif not (self._patient or self._is_echo(number)):
            server.end_now()
            # Not SystemExit: the loop would go on to tidy up.
            os._exit(128 + number)

    def _is_echo(self, number: int) -> bool:
        return number != self._first and time.monotonic() - self._first_s < ECHO_S

    def _late(self, _number: int, _frame: FrameType | None) -> NoReturn:
        os.write(2, b"hub: the stop took longer than DRAIN_S; what was acknowledged is on disk\n")
        os._exit(1)
