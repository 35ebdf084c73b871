"""`hub top` shows how much goes through the hub, live on a terminal and once into a pipe."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from hub.cli.top_view import screen, spark
from support.commands import invoke
from support.redis_server import free_port
from support.running import HubProcess, hub_process

LATENCY = {"events": 240, "p50_ms": 1.6, "p95_ms": 4.1, "p99_ms": 1_300.0}
NOW = {"events_in": 12.5, "events_out": 1_500.0, "connections": 12_000, "queued_bytes": 70_000}
READING: Mapping[str, Any] = {
    "at": "2026-11-21T01:22:34.000000Z",
    "every_s": 2,
    "now": {**NOW, "latency": LATENCY},
    "channels": [
        {"channel": "contracts", "head": 1_234_567, "events_in": 12.5, "events_out": 1_500.0,
         "followers": 12, "late": 2, "behind": 412},
        {"channel": "moves", "head": None, "events_in": 0.0, "events_out": 0.0,
         "followers": 90, "late": 0, "behind": 0},
    ],
    "points": [{"events_in": n, "events_out": 0.0} for n in range(300)],
    "nodes": {"a": {}, "b": {}},
    "incomplete": [],
}  # fmt: skip

_SIZES = {"COLUMNS", "LINES", "NO_COLOR"}


def drawn(width: int = 100, height: int = 24, sort: str = "rate", **changed: Any) -> list[str]:
    """Return the lines of a screen."""
    trouble = changed.pop("trouble", "")
    console = Console(width=width, height=height, color_system=None)
    shown = screen(
        {**READING, **changed}, url="http://hub", sort=sort, size=(width, height), trouble=trouble
    )
    with console.capture() as capture:
        console.print(shown)
    return [line.rstrip() for line in capture.get().replace("\u202f", ",").splitlines()]


def test_a_screen_tells_sums_and_channels() -> None:
    """With units, and a dash where there is no number."""
    lines = drawn()

    assert lines[0] == "● hub top  http://hub  2 nodes"
    assert lines[2].split("   ") == [
        "in 12.5/s", "out 1,500/s", "clients 12,000", "queued 68 KiB",
        "p50 1.6 ms", "p95 4.1 ms", "p99 1.3 s",
    ]  # fmt: skip
    table = [line.split() for line in lines[6:9]]
    assert table[1] == ["contracts", "1,234,567", "12.5", "1,500", "12", "2", "412"]
    assert table[2] == ["moves", "-", "0", "0", "90", "0", "0"]


@pytest.mark.parametrize(("width", "height"), [(100, 24), (40, 12), (20, 10), (250, 60)])
def test_a_screen_fits(width: int, height: int) -> None:
    """However small the window is: a line more would push the last ones off."""
    many = [{**READING["channels"][0], "channel": f"channel-{n:03d}"} for n in range(100)]

    lines = drawn(width, height, channels=many)

    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert "more channels" in lines[-1] or width < 40


def test_a_terminal_of_80_columns_has_room_for_every_number() -> None:
    """It is the usual one, and the slowest of a hundred is what one looks for."""
    lines = drawn(80, 24)

    assert "p99 1.3 s" in lines[2] + lines[3]
    assert "…" not in "".join(lines)


def test_a_small_window_leaves_out_rather_than_cuts() -> None:
    """Rows and whole columns: of a number that is cut nobody knows how large it was."""
    many = [{**READING["channels"][0], "channel": f"orders.{n}"} for n in range(9)]

    lines = drawn(40, 12, channels=many)

    assert "p99 1.3 s" in "".join(lines[2:5])
    assert lines[6].split() == ["channel", "in/s", "out/s", "clients", "behind"]
    assert lines[7].split() == ["orders.0", "12.5", "1,500", "12", "412"]
    assert sum(line.startswith("orders.") for line in lines) == 3
    assert "…" not in "".join(lines)


@pytest.mark.parametrize(
    ("sort", "first"),
    [("rate", "contracts"), ("name", "contracts"), ("followers", "moves"), ("behind", "contracts")],
)
def test_channels_stand_in_an_order(sort: str, first: str) -> None:
    """The one that is asked for."""
    assert drawn(sort=sort)[7].split()[0] == first


def test_an_old_reading_says_so() -> None:
    """While the hub is away, with its time; and who of the nodes said nothing."""
    lines = drawn(trouble="no answer (E_NETWORK_ERROR), trying again", incomplete=["c41f"])

    assert lines[0].startswith("○ hub top  no answer (E_NETWORK_ERROR), trying again  http")
    assert lines[0].endswith("no answer of c41f")
    assert "of 01:22:34 UTC" in lines[-1]


def test_nothing_moves_the_cursor() -> None:
    """A channel's name is bounded by the hub; this holds whoever answers."""
    odd = [{**READING["channels"][0], "channel": "a\x1b[2J"}]

    assert "\x1b" not in "".join(drawn(channels=odd))


@pytest.mark.parametrize(
    ("values", "bars"),
    [([], ""), ([0, 0], "▁▁"), ([0, 5, 10], "▁▅█"), ([0.2], "█")],
    ids=["none", "nothing happened", "the largest is full", "one alone"],
)
def test_bars_are_of_the_largest(values: list[float], bars: str) -> None:
    """A screen tells more or less, the numbers tell how much."""
    assert spark(values) == bars


def test_a_pipe_gets_one_reading_or_so_many(served: HubProcess) -> None:
    """For people as a table, for programs as a line of JSON each."""
    one = invoke("top", HUB_URL=served.url)
    two = invoke("top", "-o", "json", "--count", "2", "--every", "0.5", HUB_URL=served.url)

    assert one.code == two.code == 0
    assert "contracts" in one.out
    assert "\x1b" not in one.out
    readings = [json.loads(line) for line in two.out.splitlines()]
    assert [sorted(reading["now"]) for reading in readings] == [
        ["connections", "events_in", "events_out", "latency", "queued_bytes"]
    ] * 2


def test_no_hub_is_said_at_once() -> None:
    """Exit code 3, as for every command."""
    assert invoke("top", HUB_URL=f"http://127.0.0.1:{free_port()}").code == 3


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *args: str, **environ: str) -> None:
        self.fd, inner = pty.openpty()
        self.resize(100, 24)
        # It is the window that says how large it is.
        outer = {name: value for name, value in os.environ.items() if name not in _SIZES}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub", *args],
            env={**outer, "TERM": "xterm", "XDG_CONFIG_HOME": "/nonexistent", **environ},
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 before threads
        )
        os.close(inner)
        self._text = ""

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, phrase: str) -> str:
        """Return what was written since, up to a phrase."""
        end_s = time.monotonic() + 30
        while phrase not in self._text:
            assert time.monotonic() < end_s, self._text[-2000:]
            if select.select([self.fd], [], [], 1.0)[0]:
                self._text += os.read(self.fd, 65_536).decode(errors="replace")
        found, _, self._text = self._text.partition(phrase)
        return found + phrase

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self.fd, key.encode())

    def ended(self) -> int:
        """Return the exit code."""
        return self._process.wait(20)

    def close(self) -> None:
        """End it, whatever it does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
        os.close(self.fd)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Run commands in terminals."""
    opened: list[Terminal] = []

    def run(*args: str, **environ: str) -> Terminal:
        opened.append(Terminal(*args, **environ))
        return opened[-1]

    yield run
    for each in opened:
        each.close()


def test_a_terminal_is_drawn_until_q(tmp_path: Path, terminal: Callable[..., Terminal]) -> None:
    """It survives the hub's restart and another size of the window, and leaves the screen whole."""
    with hub_process(tmp_path) as hub:
        top = terminal("top", "--every", "0.5", HUB_URL=hub.url)
        top.until("contracts")
        hub.kill()
        top.until("trying again")
        hub.start()
        event = {"type": "said", "data": {}}
        httpx.post(f"{hub.url}/api/channels/after.restart/events", json=event).raise_for_status()
        top.until("after.restart")
        top.resize(50, 20)
        top.press("s")
        top.until("q quit")
        top.press("q")
        rest = top.until("\x1b[?1049l")

        assert top.ended() == 0
    assert re.search(r"\x1b\[\?25h", rest + top._text)
