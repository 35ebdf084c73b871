"""The proof: after cuts, a kill and a thousand updates the stage is the hub's state."""

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pxr import Sdf, Usd

from examples.omniverse import __main__ as program
from hub_client import MCPClient
from support.proxy import proxy_to
from support.running import CONTRACT, HubProcess, RunningHub, hub_process
from support.waiting import until

ROOT = Path(__file__).parents[2]
AT_A_TIME = 10
CITIES = ("Chennai", "Mumbai", "Bengaluru", "Hyderabad")
# Ids that a careless mapping makes one prim of, or none.
IDS = [
    *(f"c-{number}" for number in range(40)),
    "c.1",
    "c_1",
    "c 1",
    "1",
    "a/b",
    "../x",
    "ü-7",
    "C-1",
]


@pytest.fixture
def started() -> Iterator[list["subprocess.Popen[str]"]]:
    """Take note of processes, so that none is left."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def omniverse(stage: Path, url: str, *options: str) -> "subprocess.Popen[str]":
    """Start the example."""
    return subprocess.Popen(
        [sys.executable, "-m", "examples.omniverse", "--stage", str(stage), *options],
        env={**os.environ, "HUB_URL": url},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def position_of(stage: Path) -> str:
    """Return the position that a file says; it is whole at any moment."""
    found = re.search(r'string position = "(.*)"', stage.read_text()) if stage.exists() else None
    return found[1] if found else ""


def contracts_of(stage: Path) -> dict[str, dict[str, str]]:
    """Return what USD finds in a stage, by path."""
    opened = Usd.Stage.Open(Sdf.Layer.OpenAsAnonymous(str(stage)))
    names = ("contract_id", "location", "status", "timestamp")
    return {
        str(prim.GetPath()): {name: prim.GetAttribute(f"hub:{name}").Get() for name in names}
        for prim in opened.Traverse()
        if prim.GetTypeName() == "Cube"
    }


async def head(http: httpx.AsyncClient) -> str:
    """Return the position of the newest event."""
    answer = (await http.get("/contracts/history", params={"limit": 1})).json()
    return f"{answer['epoch']}:{answer['offset']}"


async def send(http: httpx.AsyncClient, chance: random.Random, count: int) -> None:
    """Send random updates; some are older than what the hub has."""
    for _ in range(count // AT_A_TIME):
        bodies = [
            {
                "contract_id": chance.choice(IDS),
                "location": chance.choice(CITIES),
                "status": chance.choice(("active", "inactive")),
                "timestamp": f"2026-01-01T00:{chance.randrange(60):02d}:00",
            }
            for _ in range(AT_A_TIME)
        ]
        answers = await asyncio.gather(*(http.post("/update", json=body) for body in bodies))
        assert {answer.status_code for answer in answers} == {200}


async def test_the_stage_is_the_hubs_state(
    hub: RunningHub,
    http: httpx.AsyncClient,
    tmp_path: Path,
    started: list["subprocess.Popen[str]"],
) -> None:
    """After 1,000 random updates, three disconnects, a SIGKILL and a test update."""
    chance = random.Random(7)  # noqa: S311 a test that can be repeated
    stage = tmp_path / "contracts.usda"
    async with proxy_to(int(hub.url.rpartition(":")[2])) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        quick = ("--fps", "60", "--save-every", "0.02")
        started.append(omniverse(stage, url, *quick))
        for _ in range(3):
            await send(http, chance, 100)
            await come(stage, http, started[0])
            await send(http, chance, 50)
            proxy.cut()
            await send(http, chance, 100)
            proxy.mend()
        await send(http, chance, 100)
        await come(stage, http, started[0])
        started[0].kill()
        await send(http, chance, 150)
        started.append(omniverse(stage, url, *quick))
        await http.post("/test/update", json={**CONTRACT, "contract_id": "only a test"})
        await come(stage, http, started[1])
        newest = await head(http)
    started[1].send_signal(signal.SIGTERM)
    _, err = await asyncio.to_thread(started[1].communicate, timeout=60)

    found = contracts_of(stage)
    state = await asyncio.to_thread(snapshot, hub.url)
    assert started[1].returncode == 0, err
    assert newest.endswith(":1000")
    assert sorted(found.values(), key=by_id) == sorted(state, key=by_id)
    assert {path.split("/")[3]: value["location"] for path, value in found.items()} == {
        city: city for city in CITIES
    }


async def come(stage: Path, http: httpx.AsyncClient, process: "subprocess.Popen[str]") -> None:
    """Wait until the file is of now."""
    newest = await head(http)
    await until(lambda: position_of(stage) == newest or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]


def snapshot(url: str) -> list[dict[str, Any]]:
    """Return the hub's own state of all contracts."""
    with MCPClient(url) as client:
        return next(client.listen("contracts", snapshot=True)).data["items"]  # type: ignore[no-any-return]


def by_id(value: dict[str, Any]) -> str:
    """Sort by it."""
    return str(value["contract_id"])


def test_once_ends_with_the_stage_of_now(
    tmp_path: Path, started: list["subprocess.Popen[str]"]
) -> None:
    """It takes up a stage where it was, prints messages of Kit, and moves on by a new epoch."""
    stage = tmp_path / "contracts.usda"
    with hub_process(tmp_path) as hub:
        httpx.post(f"{hub.url}/update", json=CONTRACT)
        started.append(omniverse(stage, hub.url, "--once", "--messages"))
        first, err = started[0].communicate(timeout=60)
        httpx.post(f"{hub.url}/update", json={**CONTRACT, "status": "inactive"})
        started.append(omniverse(stage, hub.url, "--once", "--messages"))
        second, _ = started[1].communicate(timeout=60)

    assert [json.loads(line)["event_type"] for line in first.splitlines()] == ["snapshot"], err
    (line,) = second.splitlines()
    assert json.loads(line)["event_type"] == "contract_update"
    assert json.loads(line)["payload"].items() >= {**CONTRACT, "status": "inactive"}.items()
    assert contracts_of(stage) == {
        "/World/Contracts/Mumbai/c_2d1": {**CONTRACT, "status": "inactive"}
    }
    assert [process.returncode for process in started] == [0, 0]


@pytest.mark.parametrize(
    ("name", "options", "end"),
    [
        pytest.param("a.usda", ["--once"], (3, "no connection to the hub"), id="no hub"),
        pytest.param("a.usd", [], (2, "ends in .usda"), id="another format"),
        pytest.param("a.usda", ["--fps", "0"], (2, "expected 1 to 240"), id="no frames"),
        pytest.param("no/a.usda", ["--once"], (2, "no folder"), id="no folder"),
    ],
)
def test_what_cannot_be_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: list[str],
    end: tuple[int, str],
) -> None:
    """Cause and exit code, no traceback."""
    monkeypatch.setenv("HUB_URL", "http://127.0.0.1:1")

    ended = run_here(monkeypatch, "--stage", str(tmp_path / name), *options)

    assert ended == end[0]
    assert end[1] in capsys.readouterr().err


def run_here(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the example in this process, which keeps its own signals; return the exit code."""
    monkeypatch.setattr(sys, "argv", ["omniverse", *arguments])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    try:
        return program.main()
    except SystemExit as end:
        return int(end.code or 0)


COMMANDS = re.findall(
    r"^    (python -m examples.omniverse.*?)(?:  .*)?$", program.__doc__ or "", re.MULTILINE
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub with one contract."""
    with hub_process(tmp_path_factory.mktemp("served")) as hub:
        httpx.post(f"{hub.url}/update", json=CONTRACT)
        yield hub


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_help_runs(
    served: HubProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """As it stands there, once."""
    monkeypatch.setenv("HUB_URL", served.url)
    monkeypatch.chdir(tmp_path)
    python, m, module, *arguments = command.split()

    code = run_here(monkeypatch, *arguments, "--once")

    assert (python, m, module, code) == ("python", "-m", "examples.omniverse", 0)
    (stage,) = tmp_path.iterdir()
    assert len(contracts_of(stage)) == 1
    assert len(COMMANDS) == 5
