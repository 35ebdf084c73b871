"""The examples do what they say, on a real hub."""

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from support.commands import invoke
from support.running import CONTRACT, HubProcess, hub_process

FOLDER = Path(__file__).parents[2] / "examples"
SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()


def example(name: str, *args: str, url: str) -> "subprocess.Popen[str]":
    """Start an example; its streams are pipes."""
    return subprocess.Popen(
        [sys.executable, str(FOLDER / name), *args],
        env={**os.environ, "HUB_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Wait for the end of an example."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("name", ["feed.py", "listen.py", "receiver.py"])
def test_help_says_what_it_is_for(name: str) -> None:
    """Every example explains itself."""
    code, out, _ = ended(example(name, "--help", url=""))

    assert code == 0
    assert f"python examples/{name}" in out


def test_feed_sends_contracts_and_jobs(served: HubProcess) -> None:
    """The feed's updates are all taken, contracts and jobs."""
    code, out, err = ended(
        example("feed.py", "--rate", "40", "--count", "40", "--seed", "7", url=served.url)
    )

    contracts = httpx.get(f"{served.url}/contracts/history").json()["offset"]
    jobs = httpx.get(f"{served.url}/api/channels/jobs/history").json()["offset"]
    assert (code, len(out.splitlines())) == (0, 40), err
    assert contracts > 0
    assert jobs > 0


def test_feed_ends_with_ctrl_c(served: HubProcess) -> None:
    """Ctrl-C is an ordinary end."""
    process = example("feed.py", "--rate", "20", url=served.url)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)

    assert code == 0
    assert "Traceback" not in err


def test_listen_resumes_where_it_was(tmp_path: Path) -> None:
    """What happened while the listener was away comes first, each event once."""
    bookmark = ("contracts", "--bookmark", str(tmp_path / "position"))
    with hub_process(tmp_path) as hub:
        first = example("listen.py", *bookmark, "--count", "1", url=hub.url)
        assert first.stderr is not None
        while "connected" not in first.stderr.readline():
            pass
        httpx.post(f"{hub.url}/update", json=CONTRACT)
        seen = ended(first)
        for number in (2, 3):
            httpx.post(f"{hub.url}/update", json={**CONTRACT, "contract_id": f"c-{number}"})
        missed = ended(example("listen.py", *bookmark, "--count", "2", url=hub.url))

    assert (seen[0], missed[0]) == (0, 0)
    assert seen[1].startswith("#1  contract c-1 in Mumbai is active")
    assert [line[:2] for line in missed[1].splitlines()] == ["#2", "#3"]


def test_demo_ends_with_the_hub(tmp_path: Path) -> None:
    """One Ctrl-C, or a hub that cannot start, ends hub and feed."""
    (tmp_path / "file").write_text("")
    environ = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/file/hub.db", "PORT": "0"}

    finished = subprocess.run(
        [sys.executable, str(FOLDER / "demo.py")],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert finished.returncode == 2
    assert "cannot write to the folder" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_feed_tells_who_is_not_there() -> None:
    """Without a hub the feed names it and ends with 3."""
    code, out, err = ended(example("feed.py", "--quiet", url="http://127.0.0.1:1"))

    assert (code, out) == (3, "")
    assert "no connection to the hub" in err
    assert json.dumps("Traceback") not in err


def test_the_receiver_is_found_without_a_fault(served: HubProcess) -> None:
    """The doctor has nothing to say, and each event is dealt with once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = example("receiver.py", "--port", port, "--secret", SECRET, url=served.url)
    wait_for_port(int(port))

    finished = invoke(
        "webhooks", "doctor", f"{port}/hook", "--secret", SECRET, "-o", "json", HUB_URL=served.url
    )
    process.send_signal(signal.SIGINT)
    _, out, err = ended(process)

    report = json.loads(finished.out)
    assert {one["name"] for one in report["checks"] if one["state"] != "ok"} == set(), report
    # Signed well once and again, and four more that must be taken.
    assert out.splitlines().count("a test: contract_update") == 5, err


def wait_for_port(port: int) -> None:
    """Wait until somebody listens."""
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
