"""`hub work` as a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class WorkProcess:
    """One that sends webhooks, until it is stopped or dies.

    Args:
        folder: For its log.
        environ: Its settings.
        module: What is run.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], *, module: str = "hub") -> None:
        self._log = folder / "work.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "work", "-o", "json"],
                env={**os.environ, **environ},
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        self.line = self._process.stdout.readline().decode()
        assert self.line, self.log()

    @property
    def name(self) -> str:
        """Its name, as its attempts say it."""
        return str(json.loads(self.line)["worker"])

    def log(self) -> str:
        """Return what it has said."""
        return self._log.read_text()[-3000:]

    def died(self) -> int:
        """Wait until it has ended by itself; return the exit code."""
        return self._end(30)

    def stop(self) -> int:
        """Send SIGTERM; return the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._end(20)

    def kill(self) -> None:
        """Send SIGKILL, if it is still there."""
        self._process.kill()
        self._end(20)

    def _end(self, within_s: float) -> int:
        code = self._process.wait(within_s)
        if self._process.stdout is not None:
            self._process.stdout.close()
        return code
