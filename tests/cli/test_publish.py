"""`hub publish` sends through the SDK and says what became of it."""

import json
from pathlib import Path

import httpx
import pytest

from support.commands import invoke
from support.running import HubProcess

MUMBAI = ("--location", "Mumbai", "--status", "active")


def test_contract_is_stored_at_a_position(served: HubProcess) -> None:
    """A contract update goes to the log, with the current time if none is given."""
    finished = invoke(
        "publish", "contract", "--id", "p-1", *MUMBAI, "-o", "json", HUB_URL=served.url
    )

    answer = json.loads(finished.out)
    assert finished.code == 0
    assert answer["channel"] == "contracts"
    assert answer["applied"] is True
    assert answer["offset"] >= 1


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        pytest.param((), "p-2  active in Mumbai\n", id="applied"),
        pytest.param(("--timestamp", "2001-01-01T00:00:00"), "stale", id="stale"),
        pytest.param(("--test",), "test, not stored", id="test"),
    ],
)
def test_contract_receipt_says_what_became_of_it(
    served: HubProcess, args: tuple[str, ...], expected: str
) -> None:
    """People read whether the update was applied, came too late, or was a test."""
    invoke("publish", "contract", "--id", "p-2", *MUMBAI, HUB_URL=served.url)

    finished = invoke("publish", "contract", "--id", "p-2", *MUMBAI, *args, HUB_URL=served.url)

    assert finished.code == 0
    assert expected in finished.out


def test_job_runs_from_creation_to_its_end(served: HubProcess, tmp_path: Path) -> None:
    """Every report of a job's life can be sent; the same end again is told to change nothing."""
    schema = tmp_path / "schema.json"
    schema.write_text('{"type":"object","required":["year"]}')
    job = json.loads(invoke("publish", "job", "create", "-o", "json", HUB_URL=served.url).out)
    job_id = job["job_id"]

    def report(*args: str) -> str:
        finished = invoke("publish", "job", args[0], job_id, *args[1:], HUB_URL=served.url)
        assert finished.code == 0, finished.err
        return finished.out

    assert "RUNNING" in report("status", "RUNNING", "--percentage", "40", "--step", "Reading")
    assert "NEEDS_INPUT" in report(
        "status", "NEEDS_INPUT", "--prompt", "Year?", "--schema", f"@{schema}"
    )
    asked = httpx.get(f"{served.url}/api/jobs/{job_id}").json()["job"]["input_request"]
    assert asked == {"prompt": "Year?", "schema": json.loads(schema.read_text())}
    assert "RUNNING" in report("answer", '{"year":2024}')
    assert "DONE" in report("complete", "--artifact", '{"name":"report.csv"}')
    assert "it was so already" in report("complete")


def test_created_job_is_named(served: HubProcess) -> None:
    """The id that the other commands need stands in the receipt."""
    finished = invoke("publish", "job", "create", "--input", '{"a":1}', HUB_URL=served.url)

    assert finished.out.startswith("jobs  ")
    assert "PENDING" in finished.out


@pytest.mark.parametrize(
    ("argument", "stdin"),
    [
        pytest.param('{"total":1}', None, id="in place"),
        pytest.param("-", '{"total":1}', id="from stdin"),
    ],
)
def test_event_makes_its_channel(served: HubProcess, argument: str, stdin: str | None) -> None:
    """A custom event goes to the channel it names."""
    finished = invoke(
        *("publish", "event", "orders.eu", "placed", argument, "--key", "o-7"),
        stdin=stdin,
        HUB_URL=served.url,
    )

    assert finished.code == 0
    assert finished.out.startswith("orders.eu #")
