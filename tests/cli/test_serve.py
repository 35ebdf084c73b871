"""`hub serve` tells where it is once it answers, and stops when told to."""

import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from hub import app
from hub.cli.listening import listen, raise_open_files, url_host
from hub.cli.output import Output
from hub.cli.serve import announce
from hub.errors import Misconfigured
from hub.settings import Settings
from hub.telemetry import logging
from support.commands import finish, invoke, run, start


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A data file of the test's own."""
    return f"sqlite:///{tmp_path}/hub.db"


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put the signal handlers back that `hub serve` replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_json_tells_where_the_hub_is(database: str, tmp_path: Path) -> None:
    """With `-o json` stdout is one line of JSON, written when the hub answers."""
    process = start("serve", "-o", "json", PORT="0", DATABASE_URL=database)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    health = httpx.get(f"{told['url']}health").json()
    process.send_signal(signal.SIGTERM)
    finished = finish(process)

    assert health["status"] == "healthy"
    assert told == {
        "version": health["version"],
        "host": "127.0.0.1",
        "port": told["port"],
        "url": f"http://127.0.0.1:{told['port']}/",
        "ws": f"ws://127.0.0.1:{told['port']}/ws",
        "docs": f"http://127.0.0.1:{told['port']}/docs",
        "data_file": str(tmp_path / "hub.db"),
        "persists": True,
        "access": "open",
        "pid": process.pid,
    }
    assert (finished.code, finished.out) == (0, "")
    assert "Traceback" not in finished.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_banner_is_for_people(database: str, number: signal.Signals, tmp_path: Path) -> None:
    """The banner on stderr says all a newcomer needs; a stop by signal is exit code 0."""
    process = start("serve", PORT="0", DATABASE_URL=database)
    banner = "".join(banner_of(process))
    process.send_signal(number)
    finished = finish(process)

    assert "Hub 0.1.0" in banner
    for name in ("Dashboard   http://127.0.0.1:", "WebSocket   ws://127.0.0.1:", "/docs\n"):
        assert name in banner
    assert f"Data        {tmp_path}/hub.db (persists" in banner
    assert "open to this machine only (AUTH=off)" in banner
    assert "curl -X POST http://127.0.0.1:" in banner
    assert "\x1b" not in banner
    assert (finished.code, finished.out) == (0, "")
    assert "Traceback" not in finished.err


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_of_the_banner_works(database: str) -> None:
    """The command that the banner shows posts an update that the hub takes."""
    process = start("serve", PORT="0", DATABASE_URL=database)
    *_, first, second = banner_of(process)

    answer = subprocess.check_output(
        ["/bin/sh", "-c", f"{first}{second}"], stderr=subprocess.DEVNULL
    )

    process.terminate()
    finish(process)
    assert json.loads(answer)["applied"] is True


def test_log_in_json_stays_json(database: str) -> None:
    """With HUB_LOG_FORMAT=json nothing but JSON is on stderr, the addresses included."""
    process = start("serve", PORT="0", DATABASE_URL=database, HUB_LOG_FORMAT="json")
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    process.terminate()
    finished = finish(process)

    assert first["event"] == "the hub answers"
    assert first["url"].startswith("http://127.0.0.1:")
    for line in finished.err.splitlines():
        json.loads(line)


def test_odd_settings_are_warned_about(database: str) -> None:
    """A misspelt HUB_ name is told of in one line on stderr."""
    finished = run("migrate", DATABASE_URL=database, HUB_HEARTBEATS="3")

    assert finished.code == 0
    assert "hub: warning: unknown setting HUB_HEARTBEATS, did you mean HUB_HEARTBEAT_S?" in (
        finished.err
    )


@pytest.mark.usefixtures("handlers")
def test_options_win_over_the_environment(database: str) -> None:
    """`--port` is used where PORT says otherwise; SIGTERM is the end, with 0."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    stopper = threading.Thread(target=_stop_when_it_answers, args=(port,))
    stopper.start()

    finished = invoke("serve", "--port", str(port), "-o", "json", PORT="1", DATABASE_URL=database)

    stopper.join()
    assert finished.code == 0
    assert json.loads(finished.out)["port"] == port


@pytest.mark.usefixtures("handlers")
def test_failed_start_is_one_line(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a node refuses only once it starts is told of like any wrong setting."""

    class Broken:
        async def start(self) -> None:
            raise Misconfigured("the moon is missing: wait for it")

    def create(*_: Any) -> Broken:
        return Broken()

    monkeypatch.setattr(app, "create", create)

    finished = invoke("serve", PORT="0", DATABASE_URL=database)

    assert (finished.code, finished.out) == (2, "")
    assert finished.err == "hub: the moon is missing: wait for it\n"


@pytest.mark.parametrize(
    ("output", "log_format", "stream", "begins"),
    [
        pytest.param("pretty", "auto", "err", "\n  ● Hub 0.1.0\n", id="banner"),
        pytest.param("pretty", "json", "err", '{"timestamp":', id="line of the log"),
        pytest.param("json", "json", "out", '{"version":"0.1.0"', id="line for a program"),
    ],
)
def test_who_reads_decides_what_is_announced(
    output: str,
    log_format: Literal["auto", "json"],
    stream: str,
    begins: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """People get the banner, the log a line, a program its JSON on stdout, and nobody two."""
    settings = Settings(host="::1", log_format=log_format)
    logging.configure(level="INFO", form="json")

    announce(settings, 8123, Output(output))

    told = capsys.readouterr()._asdict()
    assert told.pop(stream).startswith(begins)
    assert list(told.values()) == [""]


@pytest.mark.parametrize(
    ("host", "port", "phrase"),
    [
        pytest.param("192.0.2.1", 0, "HOST=127.0.0.1", id="another machine's address"),
        pytest.param("no.such.host.invalid", 0, "HOST=127.0.0.1", id="no host"),
    ],
)
def test_address_of_another_machine_is_refused(host: str, port: int, phrase: str) -> None:
    """What is no address of this machine is named, with the remedy."""
    with pytest.raises(Misconfigured, match=phrase):
        listen(host, port)


def test_ipv6_stands_in_brackets() -> None:
    """An IPv6 host is written so that an address with a port can be read."""
    assert (url_host("::1"), url_host("127.0.0.1")) == ("[::1]", "127.0.0.1")


def test_open_files_are_raised_to_what_the_host_permits() -> None:
    """The soft limit becomes the hard one."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
    raised = raise_open_files()
    after = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert raised == before[1]
    assert after == (before[1], before[1])


def banner_of(process: "subprocess.Popen[str]") -> list[str]:
    """Read the banner, to the end of its example."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("  -d "):
            break
    return lines


def _stop_when_it_answers(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=5)
            os.kill(os.getpid(), signal.SIGTERM)
            return
        time.sleep(0.02)
