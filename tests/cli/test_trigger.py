"""`hub trigger` makes things happen, by the steps by which they happen."""

import json
import signal
from typing import Any

import pytest

from hub.cli.fixtures import FIXTURES
from hub_client import MCPClient
from support.commands import finish, invoke, start
from support.running import HubProcess


def after(hub: HubProcess, channel: str, *args: str, **environ: str) -> list[dict[str, Any]]:
    """Trigger, and return the events that came of it."""
    with MCPClient(hub.url) as client:
        client.define_channel("demo")
        before = client.history(channel)["offset"]
        finished = invoke("trigger", *args, HUB_URL=hub.url, **environ)
        assert finished.code == 0, finished.err
        events: list[dict[str, Any]] = client.history(channel, since=before)["events"]
        return events


@pytest.mark.parametrize(
    ("name", "channel", "told"),
    [
        pytest.param("contract.update", "contracts", ["contract_update"], id="contract"),
        pytest.param(
            "contract.stale", "contracts", ["contract_update", "contract_stale"], id="stale"
        ),
        pytest.param("job.created", "jobs", ["PENDING"], id="created"),
        pytest.param("job.progress", "jobs", ["PENDING", "RUNNING"], id="progress"),
        pytest.param("job.needs_input", "jobs", ["PENDING", "RUNNING", "NEEDS_INPUT"], id="asked"),
        pytest.param(
            "job.answered", "jobs", ["PENDING", "RUNNING", "NEEDS_INPUT", "RUNNING"], id="answered"
        ),
        pytest.param("job.done", "jobs", ["PENDING", "RUNNING", "DONE"], id="done"),
        pytest.param("job.failed", "jobs", ["PENDING", "RUNNING", "FAILED"], id="failed"),
        pytest.param("channel.event", "demo", ["order_placed"], id="custom"),
    ],
)
def test_a_fixture_is_what_it_says(
    served: HubProcess, name: str, channel: str, told: list[str]
) -> None:
    """Each happens in the log, after what comes before it."""
    events = after(served, channel, name)

    words = [event["data"]["status"] if channel == "jobs" else event["type"] for event in events]
    assert words == told


def test_the_help_lists_all_of_them() -> None:
    """Whoever asks for help need not look elsewhere."""
    text = invoke("trigger", "--help").out

    for name, fixture in FIXTURES.items():
        assert f"{name} " in text
        assert fixture.summary in text


def test_overrides_change_what_is_sent(served: HubProcess) -> None:
    """Text stays text, numbers become numbers, and what was not there is made."""
    words = ("contract_id=7", "location=Mumbai")
    (contract,) = after(
        served, "contracts", "contract.update", *(x for one in words for x in ("--override", one))
    )
    _, running = after(
        served, "jobs", "job.progress",
        *("--override", "progress.percentage=90", "--override", "metadata.team.name=a"),
    )  # fmt: skip

    assert contract["data"]["contract_id"] == "7"
    assert contract["data"]["location"] == "Mumbai"
    assert running["data"]["progress"]["percentage"] == 90
    assert running["data"]["metadata"]["team"] == {"name": "a"}


def test_a_count_is_so_many_with_their_progress(served: HubProcess) -> None:
    """Each is a line with its number, and each is another one."""
    finished = invoke("trigger", "contract.update", "--count", "3", HUB_URL=served.url)

    lines = finished.out.splitlines()
    assert [line.split()[0] for line in lines] == ["1/3", "2/3", "3/3"]
    assert "3 times contract.update" in finished.err


def test_json_is_the_hubs_answer(served: HubProcess) -> None:
    """One line each, as the hub answered last."""
    finished = invoke("trigger", "job.done", "--count", "2", "-o", "json", HUB_URL=served.url)

    answers = [json.loads(line) for line in finished.out.splitlines()]
    assert [answer["status"] for answer in answers] == ["DONE", "DONE"]
    assert answers[0]["job_id"] != answers[1]["job_id"]


def test_a_seed_makes_the_same_again(served: HubProcess) -> None:
    """For pictures and for tests of others."""
    first, second = after(served, "demo", "channel.event", "--count", "2", "--seed", "7")
    again = after(served, "demo", "channel.event", "--seed", "7")

    assert again[0]["data"] == first["data"] != second["data"]


def test_ctrl_c_says_how_far_it_came(served: HubProcess) -> None:
    """It is no success, and no 'nothing was done'."""
    process = start(
        "trigger", "contract.update", "--count", "9", "--rate", "0.05", HUB_URL=served.url
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    finished = finish(process)

    assert finished.code == 1
    assert "stopped after 1 of 9" in finished.err


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        pytest.param(["no.such"], 2, "'job.done'", id="no such event"),
        pytest.param(["job.done", "--override", "x"], 2, "PATH=VALUE", id="no value"),
        pytest.param(["job.done", "--override", ".a=1"], 2, "PATH=VALUE", id="no name"),
        pytest.param(["job.done", "--override", "locaton=x"], 2, "one of input_data", id="typo"),
        pytest.param(
            ["job.done", "--override", "message.a=x"], 2, "an object at message", id="no object"
        ),
        pytest.param(
            ["contract.update", "--override", "location=Paris"], 4, "location", id="the hub refuses"
        ),
        pytest.param(["job.done", "--rate", "0"], 2, "--rate", id="no rate"),
    ],
)
def test_mistakes_are_told(served: HubProcess, args: list[str], code: int, said: str) -> None:
    """Before anything is sent, where it can be known."""
    finished = invoke("trigger", *args, HUB_URL=served.url)

    assert (finished.code, finished.out) == (code, "")
    assert said in finished.err
