"""Logs: structlog, one wide line a request and a connection, on stderr.

JSON when stderr is no terminal, so that machines can read it; colours when a person looks.
Request bodies, tokens and header values are never logged.
"""

import asyncio
import contextlib
import logging
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger

from hub.errors import Unavailable

Logger = FilteringBoundLogger
_encode = msgspec.json.Encoder(enc_hook=repr).encode


def configure(*, level: str, form: str, stream: TextIO | None = None) -> None:
    """Set up all logging of the process.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        form: json, console or auto.
        stream: Where lines go; stderr when not given.
    """
    stream = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level]
    console = form == "console" or (form == "auto" and stream.isatty())
    lines = Lines(stream)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _in_brief,
            # Its default draws the locals of every frame where rich is there: secrets among
            # them, and three seconds of the event loop a traceback.
            structlog.dev.ConsoleRenderer(
                pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=_wrapper(number, console=console),
        logger_factory=lambda *_names: lines,
        cache_logger_on_first_use=True,
    )
    _adopt_stdlib(max(number, logging.WARNING))


def adjust(*, level: str) -> None:
    """Go by another level from now on; see `configure`, which came before."""
    number = logging.getLevelNamesMapping()[level]
    kind = structlog.get_config()["wrapper_class"]
    if "lowest" not in vars(kind):
        return  # not set up by us
    _mute(kind, number)
    logging.getLogger().setLevel(max(number, logging.WARNING))


def logger(name: str) -> Logger:
    """Return the logger of a part of the hub."""
    bound: Logger = structlog.get_logger(part=name)
    return bound


class Lines:
    """Writes what one tick of the event loop logs in one go.

    A write a line gave up Python's lock to the thread that commits, once a request
    (docs/performance.md).
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: list[str] = []

    def msg(self, line: str) -> None:
        """Write a line: at the end of the tick where a loop runs, else now."""
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:
            self.flush()

    debug = info = warning = warn = error = critical = exception = fatal = log = msg

    def flush(self) -> None:
        """Write what waits; where nobody reads it any more, it is lost."""
        lines, self._waiting = self._waiting, []
        # Raised into the loop, the failure would be logged, and so fail again, for ever: a hub
        # whose reader had gone took a whole core.
        with contextlib.suppress(OSError, ValueError):
            if lines:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()


class JsonLogger(structlog.BoundLoggerBase):
    """A bound logger that renders JSON itself.

    A chain of structlog's processors costs 15 us a line, more than anything else that the hub
    does around a request; this costs 4.
    """

    def debug(self, event: str, **values: Any) -> None:
        """Write a line for those who look for a fault."""
        self._write("debug", event, values)

    def info(self, event: str, **values: Any) -> None:
        """Write a line."""
        self._write("info", event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Write a line that somebody should read."""
        self._write("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        """Write a line about a failure of ours."""
        self._write("error", event, values)

    def exception(self, event: str, **values: Any) -> None:
        """Write a line about a failure: what is away, or its traceback."""
        self._write("error", event, {"exc_info": True, **values})

    def log(self, level: int, event: str, **values: Any) -> None:
        """Write a line of a level of the standard module."""
        if level >= self.lowest:
            self._write(logging.getLevelName(level).lower(), event, values)

    lowest = logging.DEBUG

    def _write(self, level: str, event: str, values: dict[str, Any]) -> None:
        seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
        now = f"{_to_second(seconds)}.{nanos // 1000:06d}Z"
        line = {"timestamp": now, "level": level, "event": event, **self._context, **values}
        if line.get("exc_info"):
            structlog.processors.format_exc_info(
                self._logger, level, _in_brief(self._logger, level, line)
            )
        self._logger.msg(_encode(line).decode())


def _in_brief(_logger: object, _level: str, line: EventDict) -> EventDict:
    """Say why in a word where a failure is one that we foresaw: a database that is away, say."""
    told = line.get("exc_info")
    error = sys.exc_info()[1] if told is True else told
    if isinstance(error, Unavailable):
        del line["exc_info"]
        line["why"] = str(error)
    return line


def _wrapper(lowest: int, *, console: bool) -> type:
    """Return the class of loggers: what is below the lowest level does nothing."""
    base = structlog.make_filtering_bound_logger(logging.DEBUG) if console else JsonLogger
    made = type("Logger", (base,), {})
    _mute(made, lowest)
    return made


def _mute(kind: Any, lowest: int) -> None:
    """Let the loggers of a class say what is of this level or above; also those there are."""
    kind.lowest = lowest
    for name in ("debug", "info", "warning", "error"):
        if logging.getLevelNamesMapping()[name.upper()] < lowest:
            setattr(kind, name, _silent)
        elif name in vars(kind):
            delattr(kind, name)


@lru_cache(4)
def _to_second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _silent(*_values: object, **_named: object) -> None:
    """Write nothing."""


class _Forward(logging.Handler):
    """Brings what libraries log through the standard module into the same stream."""

    def emit(self, record: logging.LogRecord) -> None:
        log: Any = structlog.get_logger(part=record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


def _adopt_stdlib(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Forward()]
    root.setLevel(level)
