"""A log that a test reads."""

import sys
from typing import Any

from support.leaks import LEAKS


class RecordingLog:
    """A logger that keeps its lines; see `hub.telemetry.logging.Logger`."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **fields: Any) -> None:
        """Keep a line."""
        self._keep({"event": event, **fields})

    def exception(self, event: str, **fields: Any) -> None:
        """Keep a line with the exception that is being handled."""
        self._keep({"event": event, "exception": sys.exc_info()[1], **fields})

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one kind."""
        return [line for line in self.lines if line["event"] == event]

    def _keep(self, line: dict[str, Any]) -> None:
        LEAKS.hear(repr(line))
        self.lines.append(line)
