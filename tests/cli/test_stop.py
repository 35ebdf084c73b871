"""Stop: two signals, and what they mean at which moment."""

import subprocess
import sys

import pytest

STOPPING = """
import os, signal, sys, time
from hub.cli import stop as module
class Server:
    should_exit = False
    def end_now(self):
        print("ends", flush=True)
module.GRACE_S = 0.0
stop = module.Stop(patient={patient})
stop.server = {server}
stop.within_s = {within_s}
for number in {signals}:
    os.kill(os.getpid(), number)
    time.sleep(0)
if {hangs}:
    time.sleep(30)
stop.done()
os.kill(os.getpid(), signal.SIGTERM)
print("asked" if stop.server.should_exit else "not asked")
"""


def stopped(signals: str, **changed: object) -> "subprocess.CompletedProcess[str]":
    """Run a process that gets these signals."""
    values = {"patient": False, "server": "Server()", "within_s": 0.0, "hangs": False, **changed}
    return subprocess.run(
        [sys.executable, "-c", STOPPING.format(signals=signals, **values)],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


@pytest.mark.parametrize(
    ("signals", "changed", "code", "out"),
    [
        pytest.param("[]", {}, 0, "not asked\n", id="none"),
        pytest.param("[15]", {}, 0, "asked\n", id="SIGTERM"),
        pytest.param("[2]", {}, 0, "asked\n", id="Ctrl-C"),
        pytest.param("[15, 15]", {}, 143, "ends\n", id="SIGTERM twice"),
        pytest.param("[2, 2]", {}, 130, "ends\n", id="Ctrl-C twice"),
        pytest.param("[2, 15]", {}, 0, "asked\n", id="a Ctrl-C that is passed on"),
        pytest.param("[2, 15, 2]", {}, 130, "ends\n", id="passed on, and another"),
        pytest.param("[15, 15]", {"patient": True}, 0, "asked\n", id="a worker's SIGTERM twice"),
        pytest.param("[15]", {"server": None}, 0, "", id="before there is a server"),
    ],
)
def test_a_signal_is_a_wish_and_a_second_one_the_end(
    signals: str, changed: dict[str, object], code: int, out: str
) -> None:
    """The first asks the server; the same again ends the process; what follows `done` is deaf."""
    found = stopped(signals, **changed)

    assert (found.returncode, found.stdout, found.stderr) == (code, out, "")


def test_a_stop_that_hangs_is_cut_off() -> None:
    """With exit code 1 and a line that says why; a stop that comes to its end is not."""
    hung = stopped("[15]", within_s=0.2, hangs=True)
    fine = stopped("[15]", within_s=20.0)

    assert (hung.returncode, hung.stdout) == (1, "")
    assert hung.stderr.startswith("hub: the stop took longer than DRAIN_S")
    assert fine.returncode == 0
