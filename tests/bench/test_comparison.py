"""Ratios are of medians, and what is not installed is said by name."""

import socket
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from hub.bench.comparison import HUB, Comparison, rows
from hub.bench.load import Load
from hub.bench.order import Latency
from hub.bench.result import Result, Usage
from hub.bench.rival import Rival, fresh_hub, rivals, started
from hub.bench.rivals.starlette_loop import app
from hub.bench.run import measure
from hub.errors import Unavailable

LOAD = Load(connections=5, publishers=2, duration=0.2)


def result(cpu_us: float, p99_ms: float, lost: int = 0, stolen: float = 0.0) -> Result:
    """Return a run with these figures."""
    return Result(
        server="any",
        connections=1,
        publishers=1,
        rate=0,
        frame_bytes=256,
        seconds=1,
        connect_s=1,
        events=1,
        events_per_s=1,
        deliveries=1,
        deliveries_per_s=1,
        latency_ms=Latency(1, 1, p99_ms, p99_ms),
        sampled=1,
        lost=lost,
        surplus=0,
        duplicated=0,
        reordered=0,
        ended={},
        failures=[],
        usage=Usage(1, cpu_us, 1, 1, 1),
        unknown="",
        client_cores=0.5,
        stolen=stolen,
    )


def test_ratios_are_of_medians() -> None:
    """One disturbed round does not decide; a ratio is the hub's figure to the other's."""
    hub, other = rows(
        {
            HUB: [result(1, 10), result(90, 900), result(1, 10)],
            "other": [result(4, 40), result(4, 40), result(0.1, 1)],
        },
        3,
    )

    assert (hub.cpu_ratio, hub.p99_ratio) == (None, None)
    assert (other.cpu_ratio, other.p99_ratio) == (0.25, 0.25)


def test_what_is_not_known_has_no_ratio() -> None:
    """A hub whose process is not ours to see, or that delivered nothing, is not free of cost."""
    unseen = result(0, 0)
    unseen.usage = unseen.latency_ms = None

    hub, other = rows({HUB: [unseen], "other": [result(4, 40)]}, 1)

    assert (hub.delivery_cpu_us, hub.connection_bytes, hub.p99_ms) == (None, None, None)
    assert (other.cpu_ratio, other.p99_ratio) == (None, None)


def test_loss_of_any_round_counts() -> None:
    """What was lost in one round is not made good by two others."""
    found = rows({HUB: [result(1, 1), result(1, 1, lost=3), result(1, 1)]}, 3)

    assert (found[0].lost, found[0].sound) == (3, False)
    assert not Comparison(found, {}, {}).sound


def test_the_least_disturbed_rounds_count() -> None:
    """What the host of the machine took is no cost of a server; what was lost in it is lost."""
    runs = [result(9, 90, lost=2, stolen=0.4), result(1, 10), result(3, 30, stolen=0.04)]

    (found,) = rows({HUB: runs}, 2)

    assert (found.delivery_cpu_us, found.p99_ms) == (2, 20)
    assert (found.rounds, found.stolen, found.lost, found.sound) == (3, 0.04, 2, False)


@pytest.mark.parametrize("rival", rivals(), ids=lambda rival: rival.name)
async def test_rival_delivers(rival: Rival, tmp_path: Path) -> None:
    """Each server to compare with starts, delivers everything, and stops."""
    if why := rival.missing():
        pytest.skip(why)

    with started(rival, tmp_path / "files") as target:
        found = await measure(target, LOAD)

    assert found.events > 0
    assert found.lost + found.surplus == 0
    assert found.usage is not None
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((target.host, target.port))


def test_starlette_loop_sends_every_post_to_every_socket() -> None:
    """It does what people write: each socket gets what was posted, until it leaves."""
    with TestClient(app) as client, client.websocket_connect("/follow") as one:
        assert "welcome" in one.receive_text()
        with client.websocket_connect("/follow") as two:
            two.receive_text()
            client.post("/publish", content="to both")
            assert (one.receive_text(), two.receive_text()) == ("to both", "to both")
        assert client.post("/publish", content="to one").status_code == 204
        assert one.receive_text() == "to one"


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without programs only the Starlette loop is left, and the others say what they miss."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("shutil.which", lambda *_args, **_kwargs: None)

    missing = {rival.name: rival.missing() for rival in rivals()}

    assert missing == {
        "starlette loop": "",
        "node ws": "node is not installed",
        "nchan": "nginx is not installed",
    }


def test_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    """Its last words are the error."""
    program = "import sys; sys.exit('no more memory')"
    rival = Rival("broken", lambda: "", lambda _port, _folder: (sys.executable, "-c", program), {})

    with pytest.raises(Unavailable, match="does not start: no more memory"):
        started(rival, tmp_path / "files").__enter__()


def test_fresh_hub_takes_no_settings_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub of a comparison has a log of its own, whatever the environment names."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/ours.db")
    monkeypatch.setenv("HUB_MAX_BODY_BYTES", "nonsense")

    with fresh_hub(tmp_path / "fresh"):
        pass

    assert (tmp_path / "fresh" / "hub.db").exists()
    assert not (tmp_path / "ours.db").exists()
