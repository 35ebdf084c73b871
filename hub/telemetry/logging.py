"""Logs: structlog, one wide line a request and a connection, on stderr.

JSON when stderr is no terminal, so that machines can read it; colours when a person looks.
Request bodies, tokens and header values are never logged.
"""

import logging
import sys
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

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
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *_render(console=console),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    _adopt_stdlib(max(number, logging.WARNING))


def logger(name: str) -> Logger:
    """Return the logger of a part of the hub."""
    bound: Logger = structlog.get_logger(part=name)
    return bound


def _render(*, console: bool) -> list[structlog.typing.Processor]:
    if console:
        return [structlog.dev.ConsoleRenderer(pad_event_to=24)]
    return [structlog.processors.format_exc_info, _to_json]


def _to_json(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    return _encode(line).decode() + "\n"


class _Forward(logging.Handler):
    """Brings what libraries log through the standard module into the same stream."""

    def emit(self, record: logging.LogRecord) -> None:
        log: Any = structlog.get_logger(part=record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


def _adopt_stdlib(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Forward()]
    root.setLevel(level)
