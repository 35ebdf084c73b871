"""`hub listen` delivers what the hub would deliver, to a receiver on this machine."""

import base64
import gzip
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from hub_client import MCPClient, traced, verify_webhook
from support.commands import finish, invoke, start
from support.hooks import Hook, Receiver, Said, in_turn, receiver
from support.running import HubProcess

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def listening(hub: HubProcess, url: str, channel: str, *more: str) -> "subprocess.Popen[str]":
    """Start `hub listen` on a new channel, and wait until it hears."""
    define(hub, channel)
    process = start(
        *("listen", "--forward-to", url, "--channel", channel, "--secret", SECRET, *more),
        HUB_URL=hub.url,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    while "following" not in line:
        assert line, "stderr ended before it was following"
        line = process.stderr.readline()
    return process


def define(hub: HubProcess, channel: str) -> None:
    """Make a channel."""
    with MCPClient(hub.url) as client:
        client.define_channel(channel)


def publish(hub: HubProcess, channel: str, *types: str) -> None:
    """Publish events of these types."""
    with MCPClient(hub.url) as client, traced(TRACE):
        client.publish_many(channel, [{"type": name, "data": {"n": 1}} for name in types])


def test_an_event_comes_as_the_hub_would_send_it(served: HubProcess) -> None:
    """The SDK verifies it, and it is the event of the log, as sockets get it."""
    with receiver() as taking:
        process = listening(served, taking.url, "as-sent", "--count", "1", "-o", "json")
        publish(served, "as-sent", "made")
        finished = finish(process)

    (hook,) = taking.hooks
    with MCPClient(served.url) as client:
        (logged,) = client.history("as-sent")["events"]
    event = verify_webhook(hook.body, hook.headers, SECRET)
    assert finished.code == 0
    assert json.loads(hook.body) == logged
    assert (hook.method, hook.path, event.id) == ("POST", "/hook", hook.headers["webhook-id"])
    assert hook.headers["content-type"] == "application/json"
    # A hub refuses it by this header, except on its own receiver: no event goes round.
    assert hook.headers["hub-hop"] == "1"
    assert hook.headers["traceparent"] == event.trace
    assert json.loads(finished.out)["status"] == 204


def test_types_choose_what_is_sent(served: HubProcess) -> None:
    """`--events` may be repeated, and * is any text."""
    with receiver() as taking:
        process = listening(
            served, taking.url, "chosen", "--events", "job_*", "--events", "x", "--count", "2"
        )
        publish(served, "chosen", "other", "job_done", "xx", "x")
        finish(process)

    assert [json.loads(hook.body)["type"] for hook in taking.hooks] == ["job_done", "x"]


def test_what_fails_comes_again_with_a_new_time(served: HubProcess) -> None:
    """The same id on each attempt, and only 2xx is success."""
    answers = [Said(302, (("location", "/other"),)), Said(204)]
    with receiver(lambda _: answers.pop(0)) as taking:
        process = listening(served, taking.url, "again", "--count", "1", "-o", "json")
        publish(served, "again", "made")
        finished = finish(process)

    first, second = taking.hooks
    lines = [json.loads(line) for line in finished.out.splitlines()]
    assert finished.code == 0
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert second.path == "/hook"
    assert [(line["attempt"], line["status"], line["again_in_s"]) for line in lines] == [
        (1, 302, 1.0),
        (2, 204, None),
    ]
    assert lines[0]["failure"] == "redirects are not followed"


def test_what_is_never_taken_is_a_failure(served: HubProcess) -> None:
    """With --count the exit code says whether all were delivered."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    process = listening(served, f"{port}/hook", "never", "--count", "1", "--retries", "0")
    publish(served, "never", "made")
    finished = finish(process)

    assert finished.code == 1
    assert "connection refused" in finished.out


def test_an_answer_is_shown_without_its_control_characters(served: HubProcess) -> None:
    """The receiver's first line helps to mend it; a terminal must not obey it."""
    with receiver(lambda _: Said(500, (), b"no such \x1b[31mtable\nsecond")) as taking:
        process = listening(served, taking.url, "said", "--count", "1", "--retries", "0")
        publish(served, "said", "made")
        finished = finish(process)

    assert "no such \N{REPLACEMENT CHARACTER}[31mtable" in finished.out
    assert "\x1b" not in finished.out
    assert "second" not in finished.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_the_ordinary_end(served: HubProcess, number: signal.Signals) -> None:
    """What was to come again is told, and stays in the log."""
    with receiver(in_turn(500)) as taking:
        process = listening(served, taking.url, f"ended-{number}")
        publish(served, f"ended-{number}", "made")
        taking.wait_for(1)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        finished = finish(process)

    assert finished.code == 0
    assert "1 events were not delivered" in finished.err
    assert "Traceback" not in finished.err


def test_the_secret_of_a_run_can_be_read(served: HubProcess) -> None:
    """`--print-secret` writes it first, alone on its line, and it signs."""
    publish(served, "printed", "made")
    with receiver() as taking:
        process = start(
            *("listen", "--forward-to", taking.url, "--channel", "printed", "--print-secret"),
            *("--since", "1h", "--count", "1"),
            HUB_URL=served.url,
        )
        finished = finish(process)

    secret = finished.out.splitlines()[0]
    assert finished.code == 0, finished.err
    (hook,) = taking.hooks
    assert verify_webhook(hook.body, hook.headers, secret).type == "made"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        pytest.param([], "--forward-to", id="no target"),
        pytest.param(["--forward-to", "ftp://x"], "expected an address", id="another scheme"),
        pytest.param(["--forward-to", "http://x:99999/"], "expected an address", id="no port"),
        pytest.param(["--forward-to", "1", "--secret", "whsec_x"], "base64", id="no secret"),
        pytest.param(["--forward-to", "1", "--secret", "@/no"], "cannot read", id="no file"),
        pytest.param(["--forward-to", "1", "--since", "2026-99-99"], "a time", id="no time"),
    ],
)
def test_wrong_usage_is_told(args: list[str], said: str) -> None:
    """With what was expected, in one line, exit code 2."""
    finished = invoke("listen", *args, HUB_URL="http://127.0.0.1:1")

    assert (finished.code, finished.out) == (2, "")
    assert said in finished.err


def test_no_hub_is_told(tmp_path: Path) -> None:
    """As by every command: one line, exit code 3."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")

    finished = invoke(
        "listen", "--forward-to", "1", "--secret", f"@{secret}", HUB_URL="http://127.0.0.1:1"
    )

    assert finished.code == 3
    assert "no hub answers" in finished.err


class Terminal:
    """`hub listen` on a terminal of its own."""

    def __init__(self, hub: HubProcess, taking: Receiver, channel: str) -> None:
        words = ("listen", "--forward-to", taking.url, "--channel", channel, "--secret", SECRET)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environ = {**os.environ, "HUB_URL": hub.url, "TERM": "xterm", "COLUMNS": "200"}
            os.execve(sys.executable, [sys.executable, "-m", "hub", *words], environ)  # noqa: S606
        self.shown = ""

    def wait_for(self, phrase: str) -> None:
        """Read what is shown up to a phrase."""
        while phrase not in self.shown:
            self.shown += os.read(self.fd, 4096).decode()

    def press(self, key: str) -> None:
        """Type."""
        os.write(self.fd, key.encode())

    def echoes(self) -> bool:
        """Say whether the terminal is as shells leave it."""
        flags = termios.tcgetattr(self.fd)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def ended(self) -> int:
        """Return the exit code; the terminal can be asked meanwhile."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.parametrize("end", ["q", "\x03", ""], ids=["q", "Ctrl-C", "SIGTERM"])
def test_keys_send_again_and_end(served: HubProcess, end: str) -> None:
    """`r` sends the last one again under the same id, `q` ends; the terminal is left as it was."""
    channel = f"keys-{len(end)}-{end == 'q'}".lower()
    with receiver() as taking:
        define(served, channel)
        terminal = Terminal(served, taking, channel)
        terminal.wait_for("r sends the last one again")
        terminal.wait_for("following")
        publish(served, channel, "made")
        terminal.wait_for("204")
        assert not terminal.echoes()
        terminal.press("r")
        terminal.wait_for("sent again")
        first, second = taking.wait_for(2)
        if end:
            terminal.press(end)
        else:
            os.kill(terminal.pid, signal.SIGTERM)
        code = terminal.ended()

    echoes = terminal.echoes()
    os.close(terminal.fd)
    assert (code, echoes) == (0, True)
    assert ids(first) == ids(second)


def ids(hook: Hook) -> tuple[str, bytes]:
    """Return what is the same each time that an event is sent."""
    return hook.headers["webhook-id"], hook.body


def test_nothing_is_unpacked(served: HubProcess) -> None:
    """What was not asked for is no text: neither a bomb, nor what is no gzip at all."""
    packed = (("content-encoding", "gzip"),)
    answers = [Said(500, packed, gzip.compress(b"boom " * 200_000)), Said(500, packed, b"boom")]
    with receiver(lambda _: answers.pop(0)) as taking:
        process = listening(served, taking.url, "packed", "--count", "2", "--retries", "0")
        publish(served, "packed", "first", "second")
        finished = finish(process)

    assert finished.out.count("Internal Server Error") == 2
    assert "boom" not in finished.out
