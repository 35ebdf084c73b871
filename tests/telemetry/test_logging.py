"""Logs: one JSON object a line for machines, colours for people."""

import asyncio
import contextlib
import io
import logging
import os
from typing import cast

import pytest

from hub.errors import LogUnavailable
from hub.telemetry.logging import logger
from support.log_lines import Terminal, logging_to, read


def test_a_line_is_one_json_object() -> None:
    """No blank lines between, none inside: log shippers split at line breaks."""
    stream = io.StringIO()

    with logging_to(stream):
        logger("http").info("request", path="/a\nb", ms=1.5)
        logger("http").info("request", path="/c")

    first, second = read(stream)
    assert (first["part"], first["event"], first["path"], first["ms"]) == (
        "http", "request", "/a\nb", 1.5
    )  # fmt: skip
    assert (first["level"], second["path"]) == ("info", "/c")
    assert first["timestamp"].endswith("Z")


def test_a_traceback_is_part_of_its_line() -> None:
    """One fault, one line, with everything that is known of it."""
    stream = io.StringIO()

    with logging_to(stream):
        try:
            int("what went wrong")
        except ValueError:
            logger("http").exception("request failed")

    (line,) = read(stream)
    assert line["level"] == "error"
    assert "Traceback" in line["exception"]
    assert "what went wrong" in line["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_is_away_needs_no_traceback(form: str) -> None:
    """Loops say it again and again while a database is away: a line says why, and no more."""
    stream = io.StringIO()

    def ask() -> None:
        raise LogUnavailable("PostgreSQL is away: refused")

    with logging_to(stream, form=form):
        try:
            ask()
        except LogUnavailable:
            logger("webhooks").exception("attempts cannot be kept")

    text = stream.getvalue()
    assert "PostgreSQL is away: refused" in text
    assert "Traceback" not in text
    assert text.count("\n") == 1


def test_a_traceback_for_people_shows_no_values() -> None:
    """What a frame holds may be a token; and drawing it stopped the hub for seconds."""
    stream = io.StringIO()
    token = "hub_" + "a" * 20

    with logging_to(stream, form="console"):
        try:
            int(token[:4])
        except ValueError:
            logger("http").exception("request failed")

    text = stream.getvalue()
    assert "Traceback" in text
    assert token not in text


async def test_a_reader_that_has_gone_stops_nothing() -> None:
    """A failure that was raised into the loop would be logged, and so fail again, for ever."""
    reading, writing = os.pipe()
    os.close(reading)
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, fault: faults.append(fault))

    with os.fdopen(writing, "w", closefd=False) as stream, logging_to(cast("io.StringIO", stream)):
        logger("hub").info("nobody reads this")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with contextlib.suppress(BrokenPipeError):
            stream.close()
    os.close(writing)

    assert faults == []


def test_what_cannot_be_encoded_is_described() -> None:
    """A log line never fails because of what it holds."""
    stream = io.StringIO()

    with logging_to(stream):
        logger("hub").info("odd", value=object(), words={"a"})

    (line,) = read(stream)
    assert line["value"].startswith("<object object")


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        pytest.param("DEBUG", ["debug", "info", "warning", "error"], id="everything"),
        pytest.param("INFO", ["info", "warning", "error"], id="the default"),
        pytest.param("WARN", ["warning", "error"], id="the short word"),
        pytest.param("ERROR", ["error"], id="only what is broken"),
    ],
)
def test_levels_are_what_they_say(level: str, logged: list[str]) -> None:
    """LOG_LEVEL is the least that is logged."""
    stream = io.StringIO()

    with logging_to(stream, level=level):
        log = logger("hub")
        for word in ("debug", "info", "warning", "error"):
            getattr(log, word)(word)

    assert [line["event"] for line in read(stream)] == logged


def test_libraries_log_into_the_same_stream() -> None:
    """What uvicorn says through the standard module is a line like ours, with its traceback."""
    stream = io.StringIO()

    with logging_to(stream):
        log = logging.getLogger("uvicorn.error")
        log.info("not this")
        log.warning("took %s", "long")
        try:
            int("gone")
        except ValueError:
            log.exception("failed")

    took, failed = read(stream)
    assert (took["part"], took["level"], took["event"]) == (
        "uvicorn.error", "warning", "took long"
    )  # fmt: skip
    assert "ValueError" in failed["exception"]


@pytest.mark.parametrize(
    ("form", "stream", "json"),
    [
        pytest.param("auto", Terminal(), False, id="auto on a terminal"),
        pytest.param("auto", io.StringIO(), True, id="auto elsewhere"),
        pytest.param("json", Terminal(), True, id="JSON on a terminal"),
        pytest.param("console", io.StringIO(), False, id="for people, into a file"),
    ],
)
def test_people_and_machines_read_differently(
    form: str, stream: io.StringIO, json: bool  # noqa: FBT001 the expected value
) -> None:  # fmt: skip
    """A terminal means a person, unless told otherwise."""
    with logging_to(stream, form=form):
        logger("hub").info("started", port=8000)

    text = stream.getvalue()
    assert text.startswith("{") is json
    assert text.count("\n") == 1
    assert "started" in text
