"""Workers: several hub processes behind one port, each started again when it dies.

Each listens on a socket of its own, and the kernel shares the clients out among them. The sockets
stay open here while a worker is away, so who connects meanwhile waits instead of being refused.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, cast

from hub.errors import Misconfigured
from hub.settings import Settings
from hub.telemetry.logging import Logger

LOOK_S = 0.05
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
# Beyond the drain: what a process needs to take itself apart.
GRACE_S = 5.0
_MISCONFIGURED = 2
_SERVE = (sys.executable, "-m", "hub", "serve", "-o", "json")


class Worker:
    """One process and its socket.

    Args:
        listener: Its socket.
        environ: Of the process.
        log: Told when it ends.
        place: Its own option, where the others are.

    Attributes:
        answers: It has said that it answers.
    """

    def __init__(
        self,
        listener: socket.socket,
        environ: dict[str, str],
        log: Logger,
        place: Sequence[str] = (),
    ) -> None:
        self.answers = False
        self._place = place
        self._listener = listener
        self._environ = environ
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._pause_s = FIRST_PAUSE_S
        self._due_s = 0.0
        self._must_reload = False

    def look(self, now_s: float) -> None:
        """Start it when it is due, and note when it answers or has ended.

        Raises:
            SystemExit: It cannot start like this; it has said why.
        """
        if self._process is None:
            if now_s >= self._due_s:
                self._start()
            return
        code = self._process.poll()
        if code is not None:
            self._ended(code, now_s)
        elif not self.answers and _pipe(self._process).readline():
            self.answers = True
            if self._must_reload:
                self.reload()
            self._pause_s = FIRST_PAUSE_S

    def stop(self) -> None:
        """Ask it to drain and end."""
        # With it the kernel sends nobody here any more, once the worker has closed its own.
        self._listener.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def reload(self) -> None:
        """Ask it to read its settings again, as soon as it answers: before, the signal kills."""
        if self._process is not None and self.answers:
            self._process.send_signal(signal.SIGHUP)
        else:
            self._must_reload = self._process is not None

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()

    def wait(self, until_s: float) -> None:
        """Wait for its end, and end it when it takes longer."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        self._must_reload = False
        handle = self._listener.fileno()
        self._process = subprocess.Popen(  # noqa: S603 our own program
            [*_SERVE, "--worker-fd", str(handle), *self._place],
            env=self._environ,
            # Its end tells the worker that nobody looks after it any more.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(handle,),
        )
        os.set_blocking(_pipe(self._process).fileno(), False)

    def _ended(self, code: int, now_s: float) -> None:
        self._process = None
        if code == _MISCONFIGURED:
            raise SystemExit(code)
        self._log.warning("a worker ended", code=code, again_in_s=self._pause_s)
        self.answers = False
        self._due_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)


class Workers:
    """Keeps them running until `should_exit` is set.

    Args:
        listeners: One a worker.
        settings: For all of them.
        log: Told when one ends.
        options: Of the command line, as the environment would say them.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        settings: Settings,
        log: Logger,
        options: Mapping[str, str],
    ) -> None:
        self.should_exit = False
        self._drain_s = settings.drain_s
        port = str(settings.port)
        environ = {**os.environ, **options, "HOST": settings.host, "PORT": port}
        # Where they tell each other their numbers; only our user may enter.
        self._folder = _folder(log)
        self._workers = [
            Worker(listener, environ, log, self._place(number))
            for number, listener in enumerate(listeners)
        ]

    def run(self, answering: Callable[[], None]) -> None:
        """Run them; `answering` is called once, when all answer for the first time.

        Raises:
            SystemExit: They cannot start like this.
        """
        try:
            # One after the other: the first alone says why none can start.
            for worker in self._workers:
                while not (self.should_exit or worker.answers):
                    worker.look(time.monotonic())
                    time.sleep(LOOK_S)
            if not self.should_exit:
                answering()
            while not self.should_exit:
                for worker in self._workers:
                    worker.look(time.monotonic())
                time.sleep(LOOK_S)
        finally:
            self._stop()

    def reload(self) -> None:
        """Ask all of them to read their settings again."""
        for worker in self._workers:
            worker.reload()

    def end_now(self) -> None:
        """End all of them at once."""
        for worker in self._workers:
            worker.kill()

    def _stop(self) -> None:
        for worker in self._workers:
            worker.stop()
        until_s = time.monotonic() + self._drain_s + GRACE_S
        for worker in self._workers:
            worker.wait(until_s)
        if self._folder is not None:
            self._folder.cleanup()

    def _place(self, number: int) -> Sequence[str]:
        if self._folder is None:
            return ()
        return ("--worker-socket", f"{self._folder.name}/{number}.sock")


def _folder(log: Logger) -> tempfile.TemporaryDirectory[str] | None:
    try:
        return tempfile.TemporaryDirectory(prefix="hub-")
    except OSError as error:
        log.warning("each worker tells its own metrics only", why=str(error))
        return None


def _pipe(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    return cast("IO[bytes]", process.stdout)


def check(settings: Settings, count: int) -> None:
    """Refuse workers that would not hear each other.

    Raises:
        Misconfigured: There is no broker between them.
    """
    if count > 1 and settings.redis_url is None:
        raise Misconfigured(
            f"--workers {count} needs a broker between them: set REDIS_URL=redis://HOST:PORT, "
            "or leave --workers out"
        )


def end_with_parent() -> None:
    """End this worker when the process that looks after it is gone."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="hub-parent", daemon=True).start()
