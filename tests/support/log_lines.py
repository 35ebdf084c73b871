"""The lines the hub logs, read back."""

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import structlog

from hub.telemetry.logging import configure


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def to_stdout() -> None:
    """Log where nothing set it up: to what pytest shows of a test, without the frames' locals."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )


@contextlib.contextmanager
def logging_to(stream: io.StringIO, *, level: str = "INFO", form: str = "json") -> Iterator[None]:
    """Log to a stream for the length of a test."""
    root = logging.getLogger()
    handlers, number = root.handlers[:], root.level
    configure(level=level, form=form, stream=stream)
    try:
        yield
    finally:
        structlog.reset_defaults()
        to_stdout()
        root.handlers[:] = handlers
        root.setLevel(number)


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines; each must be one JSON object, and none may be blank."""
    text = stream.getvalue()
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


async def written(stream: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines once this tick's are written."""
    await asyncio.sleep(0)
    return read(stream)
