"""Events by key on SQLite: how far the search looks at a time."""

from pathlib import Path

import pytest

from hub.stores import events
from hub.stores.log import SqliteLog
from hub.stores.sqlite import DataFile
from support.clocks import FakeClock


def plan(db: DataFile) -> str:
    """Return how SQLite finds the offsets of an entity."""
    values = ("[0]", "orders", "k", 1, 9)
    rows = db.writer.execute(f"EXPLAIN QUERY PLAN {events._OFFSETS}", values).fetchall()
    return " | ".join(row[3] for row in rows)


@pytest.mark.parametrize("newest_first", [True, False])
def test_windows_cover_every_block_once_and_grow(*, newest_first: bool) -> None:
    """A search that finds early looks at little; one that does not takes few statements."""
    windows = list(events._windows(1, 200 * 1_024, newest_first=newest_first))

    seen = [block for window in windows for block in window]
    assert seen == sorted(range(201), reverse=newest_first)
    assert [len(window) for window in windows] == [1, 2, 4, 8, 16, 32, 64, 64, 10]


def test_an_empty_range_has_no_windows() -> None:
    """Nothing is asked where nothing can be."""
    assert list(events._windows(9, 8, newest_first=True)) == []


def test_the_index_answers_without_reading_events(tmp_path: Path) -> None:
    """Each block is one look into the index, which holds all that is asked."""
    file = DataFile(tmp_path / "hub.db")
    SqliteLog(file, FakeClock()).migrate()

    assert "SEARCH events USING COVERING INDEX events_by_key" in plan(file)
    file.close()
