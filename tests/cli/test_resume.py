"""`hub tail --resume NAME` goes on where it was, whatever ended it; and the forms of a tail."""

import json
import subprocess
from pathlib import Path
from typing import Any

import click
import httpx
import pytest

from hub.cli import following
from hub.cli.bookmark import Bookmark
from hub.cli.output import Output
from hub.errors import Misconfigured
from hub_client import Event
from support.commands import Finished, finish, invoke, start
from support.running import HubProcess, hub_process


def post(hub: HubProcess, channel: str, *numbers: int) -> None:
    """Publish events to a custom channel."""
    for number in numbers:
        event = {"type": "counted", "data": {"id": f"n-{number}", "number": number}}
        httpx.post(f"{hub.url}/api/channels/{channel}/events", json=event).raise_for_status()


def numbers(out: str) -> list[int]:
    """Return the numbers of the events that were printed as JSON."""
    return [json.loads(line)["data"]["number"] for line in out.splitlines()]


def tail(hub: HubProcess, folder: Path, *args: str) -> Finished:
    """Run a tail with a bookmark to its end."""
    return invoke(
        *("tail", *args, "--resume", "night", "-o", "json"),
        HUB_URL=hub.url,
        XDG_STATE_HOME=str(folder),
    )


def begin(hub: HubProcess, folder: Path, *args: str) -> "subprocess.Popen[str]":
    """Start a tail with a bookmark, and wait until it follows."""
    process = start(
        *("tail", *args, "--resume", "night", "-o", "json"),
        HUB_URL=hub.url,
        XDG_STATE_HOME=str(folder),
    )
    assert process.stderr is not None
    while "following" not in (line := process.stderr.readline()):
        assert line
    return process


def test_it_goes_on_behind_what_was_printed(served: HubProcess, tmp_path: Path) -> None:
    """`--last` says where the first time begins, and nothing afterwards."""
    post(served, "go-on", 1, 2, 3)
    first = tail(served, tmp_path, "go-on", "--last", "2", "--count", "1")
    second = tail(served, tmp_path, "go-on", "--last", "3", "--count", "1")
    post(served, "go-on", 4)
    third = tail(served, tmp_path, "go-on", "--since", "1h", "--count", "1")

    assert [numbers(one.out) for one in (first, second, third)] == [[2], [3], [4]]
    assert "going on behind" in second.err


def test_a_tail_that_is_killed_loses_nothing(served: HubProcess, tmp_path: Path) -> None:
    """Also what comes while no tail runs; what it had printed and not noted may come again."""
    post(served, "killed", 0)
    process = begin(served, tmp_path, "killed")
    post(served, "killed", *range(1, 31))
    assert process.stdout is not None
    before = [process.stdout.readline() for _ in range(10)]
    process.kill()
    before += process.stdout.readlines()
    finish(process)
    post(served, "killed", 31)

    seen = numbers("".join(line for line in before if line.endswith("\n")))
    after = tail(served, tmp_path, "killed", "--count", str(31 - len(seen)))

    rest = numbers(after.out)
    assert sorted({*seen, *rest} | {*range(rest[-1] + 1, 32)}) == list(range(1, 32))
    assert rest[0] <= seen[-1] + 1


def test_it_begins_where_it_first_listened(served: HubProcess, tmp_path: Path) -> None:
    """Killed before anything came: what came since then was not seen yet, and is shown."""
    post(served, "early", 1)
    process = begin(served, tmp_path, "early")
    process.kill()
    finish(process)
    post(served, "early", 2)

    assert numbers(tail(served, tmp_path, "early", "--count", "1").out) == [2]


def test_what_is_gone_is_told_once(tmp_path: Path) -> None:
    """A bookmark of a log that is no more: said, and the new log is followed from now on."""
    channel, state = "gone", tmp_path / "state"
    with hub_process(tmp_path) as hub:
        post(hub, channel, 1)
        tail(hub, state, channel, "--last", "1", "--count", "1")
        hub.stop()
        invoke("log", "new-epoch", "--yes", DATABASE_URL=f"sqlite:///{tmp_path}/hub.db")
        hub.start()
        process = start(
            *("tail", channel, "--resume", "night", "--count", "1", "-o", "json"),
            HUB_URL=hub.url,
            XDG_STATE_HOME=str(state),
        )
        assert process.stderr is not None
        said = ""
        while "gap" not in said:
            said += process.stderr.readline()
        post(hub, channel, 2)
        first = finish(process)
        post(hub, channel, 3)
        second = tail(hub, state, channel, "--count", "1")

    assert "void" in said
    assert (numbers(first.out), numbers(second.out)) == ([2], [3])
    assert "gap" not in second.err


def test_one_tail_at_a_time_has_a_name(served: HubProcess, tmp_path: Path) -> None:
    """Two would overwrite each other's bookmark; a killed one does not hold it."""
    post(served, "shared", 0)
    process = begin(served, tmp_path, "shared")
    refused = tail(served, tmp_path, "shared", "--count", "1")
    process.kill()
    finish(process)
    post(served, "shared", 1)

    assert refused.code == 2
    assert "expected one tail with the name 'night'" in refused.err
    assert tail(served, tmp_path, "shared", "--count", "1").code == 0


@pytest.mark.parametrize("name", ["", "../night", ".hidden", "a" * 65, "a b"])
def test_a_name_is_no_path(name: str, tmp_path: Path) -> None:
    """It becomes the name of a file."""
    with pytest.raises(click.UsageError, match="--resume: expected letters"):
        Bookmark(name, "http://x", tmp_path)


def test_a_bookmark_is_of_one_hub_and_of_its_channels(tmp_path: Path) -> None:
    """Another hub has its own; a channel that is new under the name begins as without one."""
    with Bookmark("night", "http://one", tmp_path) as one:
        one.keep("e1:7", ("jobs",))
        one.keep("e1;contracts=3;jobs=9", ("contracts", "jobs"))
        one.keep(None, ("jobs",))
    with Bookmark("night", "http://two", tmp_path) as two:
        elsewhere = two.position(("jobs",))
    with Bookmark("night", "http://one", tmp_path) as again:
        found = [again.position(names) for names in (("jobs",), ("tasks", "contracts"), ("tasks",))]
        again.keep("e2:1", ("jobs",))
        anew = again.position(("contracts", "jobs"))

    assert elsewhere is None
    assert found == ["e1;jobs=9", "e1;contracts=3", None]
    assert anew == "e2;jobs=1"


@pytest.mark.parametrize("text", ["", "{}", '{"url":"x","position":"e1:5"}', "\x00", "[" * 9_000])
def test_a_file_that_is_no_bookmark_is_refused(text: str, tmp_path: Path) -> None:
    """With what to do: it is not taken for a beginning, which would leave events out."""
    with Bookmark("night", "http://one", tmp_path) as one:
        one.keep("e1:7", ("jobs",))
    (file,) = tmp_path.glob("*.json")
    file.write_text(text)

    with (
        pytest.raises(Misconfigured, match="remove it to begin anew"),
        Bookmark("night", "http://one", tmp_path),
    ):
        pass


def test_an_offset_is_enough_for_one_channel(served: HubProcess) -> None:
    """`--since 2` is what follows offset 2, of the log of now."""
    post(served, "by-offset", 1, 2, 3)

    shown = invoke(
        *("tail", "by-offset", "--since", "2", "--count", "1", "-o", "json"), HUB_URL=served.url
    )
    several = invoke("tail", "by-offset", "jobs", "--since", "2", HUB_URL=served.url)

    assert numbers(shown.out) == [3]
    assert several.code == 2
    assert "one channel with an offset" in several.err


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("compact", 'forms-compact#1 counted {"id":"n-7","number":7}\n'),
        ("raw", '{"id":"n-7","number":7}\n'),
    ],
)
def test_a_line_may_be_compact_or_raw(served: HubProcess, form: str, line: str) -> None:
    """Compact says where it stands and what it is, raw what a program wants of it."""
    channel = f"forms-{form}"
    post(served, channel, 7)

    finished = invoke(
        *("tail", channel, "--last", "1", "--count", "1", "-o", form), HUB_URL=served.url
    )

    assert (finished.code, finished.out) == (0, line)


def test_a_compact_line_cannot_move_the_cursor(served: HubProcess) -> None:
    """Whatever somebody has published."""
    event: dict[str, Any] = {"type": "said", "data": {"text": "\x1b[2J\n"}}
    httpx.post(f"{served.url}/api/channels/odd/events", json=event).raise_for_status()

    out = invoke(
        *("tail", "odd", "--last", "1", "--count", "1", "-o", "compact"), HUB_URL=served.url
    ).out

    assert out == 'odd#1 said {"text":"\\u001b[2J\\n"}\n'


def test_what_was_not_printed_comes_again(
    served: HubProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between an event and its line: the bookmark was not moved yet."""
    post(served, "broken", 1, 2, 3)
    shown = following.show

    def fails(event: Event, output: Output) -> None:
        if event.data["number"] == 2:
            raise KeyboardInterrupt
        shown(event, output)

    monkeypatch.setattr(following, "show", fails)
    first = tail(served, tmp_path, "broken", "--last", "3")
    monkeypatch.undo()
    second = tail(served, tmp_path, "broken", "--count", "2")

    assert (first.code, numbers(first.out), numbers(second.out)) == (0, [1], [2, 3])
