"""`hub bench` counts what came, and says clearly what cannot be done."""

import json
import resource
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.commands import Finished, invoke, start
from support.running import HubProcess, hub_process

SMALL = ("--connections", "20", "--publishers", "2", "--duration", "0.5")


def figures(finished: Finished) -> dict[str, Any]:
    """Return the report of a run that went well."""
    assert finished.code == 0, finished.err + finished.out
    report: dict[str, Any] = json.loads(finished.out)
    return report


@pytest.mark.parametrize("size", [256, 100_000], ids=["frames with a short length", "a long one"])
@pytest.mark.parametrize("rate", [0, 50], ids=["flat out", "at a rate"])
def test_every_delivery_is_counted(served: HubProcess, size: int, rate: int) -> None:
    """What was answered 2xx came to every connection once, in order, and the report says so."""
    channel = f"counted-{size}-{rate}"

    report = figures(
        invoke(
            *("bench", served.url, *SMALL, "--size", str(size), "--rate", str(rate)),
            *("--channel", channel, "-o", "json"),
        )
    )

    history = httpx.get(f"{served.url}/api/channels/{channel}/history", params={"limit": 1})
    posted = history.json()["offset"] - 1  # before the load, one event makes the channel
    assert report["events"] == posted > 0
    assert report["deliveries"] == 20 * posted
    assert [report[name] for name in ("lost", "surplus", "duplicated", "reordered")] == [0] * 4
    assert (report["ended"], report["failures"]) == ({}, [])
    assert report["latency_ms"]["p50"] <= report["latency_ms"]["max"]


def test_frames_weigh_what_was_asked(served: HubProcess) -> None:
    """`--size` is the frame on the wire: its header, the hub's envelope and the data."""
    figures(invoke("bench", served.url, *SMALL, "--size", "300", "--channel", "w", "-o", "json"))

    history = httpx.get(f"{served.url}/api/channels/w/history", params={"limit": 9}).json()
    event = history["events"][0]
    grown = len(str(event["offset"])) - len("1")
    assert 4 + len(json.dumps(event, separators=(",", ":"))) - grown == 300


def test_server_of_this_machine_is_measured(served: HubProcess) -> None:
    """Processor time and memory are those of the hub's process, found by its port."""
    usage = figures(invoke("bench", served.url, *SMALL, "-o", "json"))["usage"]

    assert usage["cores"] > 0
    assert usage["memory_bytes"] > 10 * 2**20


def test_report_for_people_names_its_units(served: HubProcess) -> None:
    """People read what was asked, and every figure with its unit."""
    finished = invoke("bench", *SMALL, HUB_URL=served.url)

    assert finished.code == 0
    for phrase in ("20 connections", "flat out", "deliveries", " ms", "us a delivery", "0 lost"):
        assert phrase in finished.out
    assert "\x1b" not in finished.out


def test_progress_is_shown_on_a_terminal(served: HubProcess) -> None:
    """People who wait at a terminal see the phases; stdout holds the report and nothing else."""
    finished = invoke("bench", served.url, *SMALL, FORCE_COLOR="1")

    assert "connecting" in finished.err
    assert "publishing" in finished.err
    assert "publishing" not in finished.out


def test_hub_that_dies_is_a_failed_run(tmp_path: Path) -> None:
    """A hub that goes away under the load ends the run with 1, and the report says how."""
    with hub_process(tmp_path) as hub:
        process = start("bench", hub.url, *SMALL[:4], "--duration", "30", "-o", "json")
        history = f"{hub.url}/api/channels/bench/history?limit=1"
        while httpx.get(history).json().get("offset", 0) < 20:
            assert process.poll() is None
        hub.kill()
        out, _ = process.communicate(timeout=30)

    report = json.loads(out)
    assert process.returncode == 1
    assert report["ended"] == {"1006": 20}
    assert len(report["failures"]) == 2


def test_no_hub_is_told_of() -> None:
    """Nobody who answers is exit code 3, as for every command."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    finished = invoke("bench", f"http://127.0.0.1:{port}", *SMALL)

    assert finished.code == 3
    assert "no hub answers" in finished.err


@pytest.mark.parametrize(
    ("args", "code", "phrase"),
    [
        pytest.param(("--channel", "contracts"), 4, "built in", id="a channel that takes no load"),
        pytest.param(("--channel", "fleeting"), 2, "volatile", id="a channel that may leave out"),
        pytest.param(("--size", "100"), 2, "at least 2", id="frames smaller than an envelope"),
        pytest.param(("--connections", "0"), 2, "--connections", id="nobody to deliver to"),
        pytest.param(("--duration", "0"), 2, "--duration", id="no time"),
        pytest.param(("--duration", "nan"), 2, "--duration", id="a time that is no number"),
        pytest.param(("--rate", "nan"), 2, "--rate", id="a rate that is no number"),
        pytest.param(("--rate", "inf"), 2, "--rate", id="a rate without end"),
    ],
)
def test_load_that_cannot_be_made_is_told_of(
    served: HubProcess, args: tuple[str, ...], code: int, phrase: str
) -> None:
    """What cannot be measured is one line that says why."""
    httpx.put(f"{served.url}/api/channels/fleeting", json={"durable": False})

    finished = invoke("bench", served.url, *args)

    assert finished.code == code
    assert finished.out == ""
    assert phrase in finished.err


def test_address_that_is_none_is_told_of() -> None:
    """An address without a scheme is wrong usage."""
    finished = invoke("bench", "nonsense")

    assert finished.code == 2
    assert "nonsense" in finished.err


@pytest.fixture
def few_files() -> Iterator[int]:
    """A process that may have few open files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_few_open_files_are_told_of(served: HubProcess, few_files: int) -> None:
    """More connections than the host permits files: how many fit is said before any connects."""
    finished = invoke("bench", served.url, "--connections", str(few_files))

    assert finished.code == 2
    assert f"{few_files - 16 - 64:,} connections fit" in finished.err


def test_soft_limit_of_open_files_is_raised(served: HubProcess, few_files: int) -> None:
    """What the host permits is used: nobody has to raise the soft limit by hand."""
    assert few_files > 400

    figures(invoke("bench", served.url, *SMALL, "--connections", "300", "-o", "json"))


COMPARED = ("bench", "--compare", "--rounds", "1", *SMALL)


def test_comparison_shows_ratios() -> None:
    """The hub and the others get the same load, and JSON holds rows, rounds and what is missing."""
    report = figures(invoke(*COMPARED, "-o", "json"))

    hub, *others = report["rows"]
    assert hub["server"] == "hub"
    assert "starlette loop" in [row["server"] for row in others]
    assert {row["server"] for row in others} | set(report["skipped"]) == {
        *("starlette loop", "node ws", "nchan")
    }
    assert all(row["p99_ratio"] > 0 for row in others)
    rounds = [len(runs) for runs in report["results"].values()]
    assert rounds == [row["rounds"] for row in report["rows"]]
    # Twice where the host of this machine took part of it.
    assert set(rounds) <= {1, 2}


def test_comparison_takes_a_running_hub(served: HubProcess) -> None:
    """With a URL the hub that runs there is measured; people get an aligned table."""
    finished = invoke(*COMPARED, served.url, "--channel", "compared")

    assert finished.code == 0, finished.err
    history = f"{served.url}/api/channels/compared/history"
    assert httpx.get(history).json()["offset"] > 1
    table = finished.out.split("\n\n")[1].splitlines()
    rows = [line for line in table if not line.startswith("  !")]
    assert rows[0].split()[:4] == ["server", "hub", "starlette", "loop"]
    assert [line.split()[0] for line in rows[1:3]] == ["events/s", "deliveries/s"]
    assert len({len(line) for line in rows}) == 1


def test_comparison_with_another_machine_is_refused() -> None:
    """Servers on two machines cannot be compared."""
    finished = invoke("bench", "http://192.0.2.1:80", "--compare")

    assert finished.code == 2
    assert "on this machine" in finished.err


def test_sigterm_ends_what_a_comparison_has_started() -> None:
    """SIGTERM ends the command like Ctrl-C, and every server that it had started."""
    process = start("bench", "--compare", *SMALL[:4], "--duration", "50")
    assert process.stderr is not None
    process.stderr.readline()
    children = [
        int(pid)
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ]

    process.terminate()
    _, told = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "aborted" in told or "nothing was done" in told
    assert len(children) >= 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
