"""Rows as PostgreSQL takes and gives them: a column an array."""

from collections.abc import Iterator, Sequence
from typing import Any

from hub.model.channel import definition_of, definition_text
from hub.model.contract import Contract
from hub.model.event import Event
from hub.model.job import Job
from hub.model.unit import Head, Settled
from hub.stores import events, jobs


def stored(settled: Settled) -> list[Sequence[Any]]:
    """Return the values of `statements.STORE`."""
    rows = settled.rows.values()
    tables: tuple[tuple[Sequence[Sequence[Any]], int], ...] = (
        ([row for row in rows if isinstance(row, Contract)], 7),
        ([jobs.to_row(row) for row in rows if isinstance(row, Job)], 6),
        (settled.entries, 6),
        ([events.to_row(event) for event in settled.events], 10),
        (settled.answers, 5),
        ([(name, head.offset, head.at_us) for name, head in settled.heads.items()], 3),
    )
    return [column for table, width in tables for column in _columns(table, width)]


def defined(settled: Settled) -> list[Sequence[str]]:
    """Return the values of `statements.DEFINE`: a channel that was defined twice stands as last."""
    texts = {name: definition_text(definition) for name, definition in settled.definitions}
    return [list(texts), list(texts.values())]


def head_of(row: Sequence[Any]) -> tuple[str, Head]:
    """Return the name and the head of a row of `channels`."""
    name, head, at_us, oldest, definition = row
    return name, Head(head, at_us, oldest, definition_of(definition))


def event_of(row: Sequence[Any]) -> Event:
    """Return the event of a row."""
    channel, offset, event_id, type_, at_us, owner, key, tag, data, trace = row
    return Event(channel, offset, event_id, type_, at_us, owner, data, key, tag, trace=trace)


def _columns(rows: Sequence[Sequence[Any]], width: int) -> Iterator[Sequence[Any]]:
    return iter(zip(*rows, strict=True)) if rows else iter([()] * width)
