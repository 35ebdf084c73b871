"""One event is one line, and nothing in it can do more than be read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.cli.event_line import bar, event_line, printable
from hub_client import Event

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
JOB_ID = "7c73da69-93a5-4f4e-9e76-71dca5ef3917"


def event(type_: str, data: dict[str, Any], **fields: Any) -> Event:
    """Return an event of this morning."""
    given = {"channel": "contracts", "offset": 17, "timestamp": "2026-11-21T09:30:05.5Z", **fields}
    return Event(type=type_, data=data, id="x", **given)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(
            event(
                "contract_update", {"contract_id": "c-1", "location": "Pune", "status": "active"}
            ),
            "09:30:05 contracts #17 contract_update c-1 ● active Pune",
            id="contract",
        ),
        pytest.param(
            event(
                "contract_stale",
                {"contract_id": "c", "location": "P", "status": "inactive", "timestamp": "t0"},
            ),
            "09:30:05 contracts #17 contract_stale c ● inactive P of t0, older than what is known",
            id="stale contract",
        ),
        pytest.param(
            event(
                "job_update",
                {
                    "job_id": JOB_ID,
                    "status": "RUNNING",
                    "progress": {"percentage": 40, "current_step": "Reading"},
                    "message": "half of it",
                },
                channel="jobs",
            ),
            f"09:30:05 jobs #17 job_update {JOB_ID} ● RUNNING ━━━━╌╌╌╌╌╌ 40 % Reading · half of it",
            id="job with progress",
        ),
        pytest.param(
            event("job_update", {"job_id": "j", "status": "DONE", "progress": None}),
            "09:30:05 contracts #17 job_update j ● DONE",
            id="job without progress",
        ),
        pytest.param(
            event(
                "job_update",
                {"job_id": "j", "status": "DONE", "progress": {"percentage": 40}, "message": "ok"},
            ),
            "09:30:05 contracts #17 job_update j ● DONE ok",
            id="job that is done, whatever it said last of its progress",
        ),
        pytest.param(
            event("placed", {"total": 2}, channel="orders", offset=None, test=True),
            '09:30:05 orders placed {"total":2} TEST',
            id="custom test event",
        ),
        pytest.param(
            event("placed", {}, timestamp="2026-11-20T09:30:05Z"),
            "11-20 09:30:05 contracts #17 placed {}",
            id="yesterday",
        ),
        pytest.param(
            event("placed", {}, timestamp=None), "contracts #17 placed {}", id="without a time"
        ),
    ],
)
def test_line_tells_what_happened(shown: Event, expected: str) -> None:
    """The line holds time, place, type, entity and the telling fields of its type."""
    line = event_line(shown, NOW, short=False)

    assert " ".join(line.plain.split()) == expected


def test_uuid_is_cut_where_there_is_no_room() -> None:
    """A UUID shows its first eight characters when asked to be short; other ids stay whole."""
    job = event("job_update", {"job_id": JOB_ID, "status": "DONE"})
    contract = event("contract_update", {"contract_id": "external-123456", "status": "active"})

    assert " 7c73da69 " in event_line(job, NOW, short=True).plain
    assert "external-123456" in event_line(contract, NOW, short=True).plain


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            {"contract_id": "\x1b[2J", "status": "\x1b]0;x\x07", "location": "\r"}, id="c"
        ),
        pytest.param({"anything": "\x1b[2J\n\u202e"}, id="other"),
    ],
)
def test_terminal_obeys_nothing_in_an_event(data: dict[str, Any]) -> None:
    """Escape codes, line breaks and text that runs backwards are shown, not obeyed."""
    for type_ in ("contract_update", "contract_stale", "job_update", "other"):
        assert event_line(event(type_, data), NOW, short=False).plain.isprintable()


def test_printable_keeps_what_people_write() -> None:
    """Letters of every script stay as they are."""
    assert printable("चेन्नई, Köln, 東京") == "चेन्नई, Köln, 東京"


@pytest.mark.parametrize(
    ("percentage", "expected"),
    [
        pytest.param(0, "╌╌╌╌╌╌╌╌╌╌   0 %", id="nothing"),
        pytest.param(99, "━━━━━━━━━╌  99 %", id="not full before it is done"),
        pytest.param(100, "━━━━━━━━━━ 100 %", id="done"),
        pytest.param(250, "━━━━━━━━━━ 250 %", id="more than all"),
    ],
)
def test_bar_is_full_only_at_the_end(percentage: float, expected: str) -> None:
    """Ten cells, and the last one only for 100 %."""
    assert bar(percentage).plain == expected
