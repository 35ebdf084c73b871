"""`hub tail` shows each event once, in order, whatever the connection does."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.cli.following import Watch, show, wire
from hub.cli.output import Output
from hub_client import Event, HistoryGap, Lag, ListenState, NetworkError, Snapshot, State
from support.commands import finish, invoke, start
from support.running import HubProcess, hub_process


def post(hub: HubProcess, channel: str, *numbers: int) -> list[dict[str, Any]]:
    """Publish events to a custom channel; return the channel's history as the hub shows it."""
    for number in numbers:
        event = {"type": "counted", "data": {"id": f"n-{number}", "number": number}}
        httpx.post(f"{hub.url}/api/channels/{channel}/events", json=event).raise_for_status()
    page = httpx.get(f"{hub.url}/api/channels/{channel}/history").json()
    events: list[dict[str, Any]] = page["events"]
    return events


def told(process: "subprocess.Popen[str]", phrase: str) -> str:
    """Read stderr up to the line that holds the phrase."""
    assert process.stderr is not None
    line = process.stderr.readline()
    while phrase not in line:
        assert line, f"stderr ended without {phrase!r}"
        line = process.stderr.readline()
    return line


def test_json_is_the_event_as_the_hub_sent_it(served: HubProcess) -> None:
    """With `-o json` stdout holds one event a line, equal to the history's."""
    events = post(served, "as-sent", 1, 2, 3)

    finished = invoke(
        *("tail", "as-sent", "--last", "2", "--count", "2", "-o", "json"), HUB_URL=served.url
    )

    assert finished.code == 0
    assert [json.loads(line) for line in finished.out.splitlines()] == events[1:]


def test_json_keeps_the_marks_of_an_event() -> None:
    """What is there only when it says something is kept: test, trace, no offset."""
    event = Event(type="t", channel="c", id="i", timestamp="x", data={}, test=True, trace="00-1")

    assert list(wire(event)) == ["type", "channel", "id", "timestamp", "test", "trace", "data"]


def test_line_for_people_names_what_happened(served: HubProcess) -> None:
    """People read time, channel, offset, type, entity and data on one line without colours."""
    post(served, "for-people", 7)

    finished = invoke("tail", "for-people", "--last", "1", "--count", "1", HUB_URL=served.url)

    words = finished.out.split()
    assert words[1:5] == ["for-people", "#1", "counted", "n-7"]
    assert "\x1b" not in finished.out
    assert finished.out.count("\n") == 1
    assert "following for-people" in finished.err


def test_position_resumes_behind_it(served: HubProcess) -> None:
    """`--since POSITION` begins with the event after the position."""
    post(served, "resumed", 1, 2, 3)
    epoch = httpx.get(f"{served.url}/api/channels/resumed/history").json()["epoch"]

    finished = invoke(
        *("tail", "resumed", "--since", f"{epoch}:1", "--count", "2", "-o", "json"),
        HUB_URL=served.url,
    )

    offsets = [json.loads(line)["offset"] for line in finished.out.splitlines()]
    assert offsets == [2, 3]


@pytest.mark.parametrize(
    ("since", "last", "expected"),
    [
        pytest.param("1h", "2", [3, 4], id="a time, few of many"),
        pytest.param("1h", "9", [1, 2], id="a time, fewer than asked for"),
        pytest.param("EPOCH:3", "3", [4, 5], id="a position near the end"),
        pytest.param("EPOCH:0", "2", [3, 4], id="a position far from the end"),
        pytest.param("other:3", "2", [5, 6], id="a position of another log"),
    ],
)
def test_the_last_ones_of_what_follows(
    served: HubProcess, since: str, last: str, expected: list[int]
) -> None:
    """`--since` and `--last` together: at most so many, and none that is older."""
    channel = f"both-{expected[0]}-{last}-{since[:2].lower()}"
    post(served, channel, 1, 2, 3, 4)
    epoch = httpx.get(f"{served.url}/api/channels/{channel}/history").json()["epoch"]
    process = start(
        *("tail", channel, "--since", since.replace("EPOCH", epoch), "--last", last),
        *("--count", "2", "-o", "json"),
        HUB_URL=served.url,
    )
    told(process, "following")

    post(served, channel, 5, 6)

    shown = [json.loads(line) for line in finish(process).out.splitlines()]
    assert [event["offset"] for event in shown] == expected


def test_where_shows_what_matches(served: HubProcess) -> None:
    """Of one field any value, of several all; a number is found as well as its text."""
    post(served, "filtered", 1, 2, 3, 4)
    by_number = ("--where", "number=2", "--where", "number=4", "--where", "number=3")
    by_id = ("--where", "id=n-4", "--where", "id=n-2")

    finished = invoke(
        *("tail", "filtered", "--last", "4", *by_number, *by_id, "--count", "2", "-o", "json"),
        HUB_URL=served.url,
    )

    shown = [json.loads(line) for line in finished.out.splitlines()]
    assert [event["offset"] for event in shown] == [2, 4]


def test_conflate_shows_the_newest(served: HubProcess) -> None:
    """Of each value of the field; of what was as of what comes."""
    post(served, "thinned", 1, 2, 1, 1)

    finished = invoke(
        *("tail", "thinned", "--last", "4", "--conflate", "number:5", "--count", "2", "-o", "json"),
        HUB_URL=served.url,
    )

    shown = [json.loads(line) for line in finished.out.splitlines()]
    assert [event["offset"] for event in shown] == [2, 4]


def test_a_view_that_the_hub_refuses_is_said(served: HubProcess) -> None:
    """With what it expects, and 4."""
    finished = invoke("tail", "--conflate", "job_id:500", HUB_URL=served.url)

    assert finished.code == 4
    assert "conflate.max_hz: expected 0.01 to 120, got 500" in finished.err


@pytest.mark.parametrize("when", ["1h", "2001-01-01T00:00:00Z"])
def test_time_begins_with_the_first_event_after_it(served: HubProcess, when: str) -> None:
    """`--since` a time shows every event that is not older, in each of the channels."""
    channels = (f"timed-{when[:2]}-a", f"timed-{when[:2]}-b")
    for channel in channels:
        post(served, channel, 1, 2)

    finished = invoke(
        *("tail", *channels, "--since", when, "--count", "4", "-o", "json"), HUB_URL=served.url
    )

    shown = [json.loads(line) for line in finished.out.splitlines()]
    for channel in channels:
        assert [event["offset"] for event in shown if event["channel"] == channel] == [1, 2]


def test_tail_goes_on_after_the_hub_was_killed(tmp_path: Path) -> None:
    """A tail that lost its hub comes back by itself, without a hole and without a repetition."""
    with hub_process(tmp_path) as hub:
        post(hub, "kept", 1, 2)
        process = start(
            *("tail", "kept", "--last", "2", "--count", "5", "-o", "json"), HUB_URL=hub.url
        )
        told(process, "following kept")
        hub.kill()
        told(process, "no connection")
        hub.start()
        post(hub, "kept", 3, 4, 5)
        finished = finish(process)

    assert finished.code == 0
    offsets = [json.loads(line)["offset"] for line in finished.out.splitlines()]
    assert offsets == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("since", [(), ("--since", "1h")], ids=["from now on", "from a time"])
def test_wait_waits_for_the_hub(tmp_path: Path, since: tuple[str, ...]) -> None:
    """With `--wait` a hub that starts later is as good as one that was there."""
    with hub_process(tmp_path) as hub:
        post(hub, "late", 1)
        hub.stop()
        process = start("tail", "late", *since, "--count", "1", "--wait", HUB_URL=hub.url)
        told(process, "no connection")
        hub.start()
        if not since:
            told(process, "following late")
            post(hub, "late", 2)
        finished = finish(process)

    assert finished.code == 0
    assert "late" in finished.out


@pytest.mark.parametrize(
    ("count", "code"), [((), 0), (("--count", "9"), 1)], ids=["without a count", "with a count"]
)
def test_ctrl_c_is_the_ordinary_end(served: HubProcess, count: tuple[str, ...], code: int) -> None:
    """Ctrl-C ends a tail with 0; one that was to bring so many events has failed."""
    process = start("tail", "quiet", *count, HUB_URL=served.url)
    post(served, "quiet", 1)
    told(process, "following quiet")
    os.kill(process.pid, signal.SIGINT)
    finished = finish(process)

    assert finished.code == code
    assert "Traceback" not in finished.err


def test_void_position_is_said_and_passed(served: HubProcess) -> None:
    """A position of another log is said in one line on stderr, and the tail goes on."""
    post(served, "void", 1)
    process = start("tail", "void", "--since", "ffffffff:9", "--count", "1", HUB_URL=served.url)
    warning = told(process, "gap")
    told(process, "following void")
    post(served, "void", 2)
    finished = finish(process)

    assert warning.startswith("hub: warning: gap: ")
    assert finished.code == 0
    assert "#2" in finished.out


def test_expired_events_are_counted_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The line about a gap says which events are gone."""
    watch = Watch("http://x", ("jobs",), Output("pretty"), wait=False)

    watch.gap(HistoryGap("", channel="jobs", from_offset=4, to_offset=9, reason="expired"))

    assert capsys.readouterr().err == (
        "hub: warning: gap: jobs: events 5 to 9 are gone (expired), going on\n"
    )


@pytest.mark.parametrize(
    ("behind", "mode", "said"),
    [
        (412, "lossless", "○ jobs: 412 events behind, they come later\n"),
        (412, "conflated", "○ jobs: 412 events behind, only the newest of each comes\n"),
        (412, "snapshot", "○ jobs: 412 events behind, the newest of each comes at once\n"),
        (412, "other", "○ jobs: 412 events behind, the hub goes on as it can\n"),
        (0, "lossless", "● jobs: caught up\n"),
    ],
)
def test_being_slow_is_said(
    capsys: pytest.CaptureFixture[str], behind: int, mode: str, said: str
) -> None:
    """In words, on stderr: a pipe that takes little is not the hub's fault."""
    Watch("http://x", ("jobs",), Output("pretty"), wait=False).slow(Lag("jobs", behind, mode))

    assert capsys.readouterr().err == said


def test_a_snapshot_is_a_line_a_state(capsys: pytest.CaptureFixture[str]) -> None:
    """It comes in place of what was missed."""
    items = [{"job_id": "j-1", "status": "RUNNING"}, {"job_id": "j-2", "status": "DONE"}]
    snapshot = Snapshot(type="snapshot", channel="jobs", data={"items": items}, offset=9)

    show(snapshot, Output("pretty"))
    show(snapshot, Output("json"))

    first, second, packed = capsys.readouterr().out.splitlines()
    assert first.split()[:4] == ["jobs", "#9", "snapshot", "j-1"]
    assert second.split()[-1] == "DONE"
    assert json.loads(packed)["data"] == {"items": items}


def test_only_the_first_connection_must_succeed(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything was connected a loss is an error; afterwards it is a line on stderr."""
    lost = State(ListenState.CONNECTING, 1006, "network_error", retry_in_s=0.5, message="refused")
    watch = Watch("http://x", ("jobs",), Output("pretty"), wait=False)

    with pytest.raises(NetworkError, match="refused"):
        watch.changed(lost)
    watch.changed(State(ListenState.CONNECTED))
    watch.changed(lost)

    assert "no connection (network_error), again in 0.5 s" in capsys.readouterr().err
