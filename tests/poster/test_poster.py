"""External systems: the seeds' snippets to the letter, a job that asks, plain curl."""

import ast
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub_client import MCPClient
from support.running import HubProcess, hub_process

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "poster"
# Seed 3, "MCPClient Integration", letter by letter.
SEED = """\
from Backend.app.API_clients.mcp_clients.clients import MCPClient

client = MCPClient()
client.send_contract({
    "contract_id": "external-123",
    "location": "Mumbai",
    "status": "active",
    "timestamp": "2024-01-01T12:00:00"
})
"""
ROWS = "record,amount\n1,10\n2,\n3,30\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that answers."""
    with hub_process(tmp_path_factory.mktemp("served")) as hub:
        yield hub


@pytest.fixture
def client(served: HubProcess) -> Iterator[MCPClient]:
    """Who looks at it."""
    with MCPClient(served.url) as looking:
        yield looking


@pytest.fixture
def started() -> Iterator[list["subprocess.Popen[str]"]]:
    """Take note of processes, so that none is left."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(url: str, *command: str, **environ: str) -> "subprocess.Popen[str]":
    """Start a command in the folder of the repository."""
    program = [sys.executable, *command[1:]] if command[0] == "python" else [*command]
    path = f"{ROOT}/clients/python/src"
    return subprocess.Popen(
        program,
        env={**os.environ, "HUB_URL": url, "PYTHONPATH": path, **environ},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def job_of(process: "subprocess.Popen[str]") -> str:
    """Return the job's id, which is its first line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def asked(client: MCPClient, job_id: str) -> dict[str, Any]:
    """Wait until the job asks; return it."""
    events = client.listen("jobs", snapshot=True, where={"job_id": job_id})
    for event in events:
        for job in event.data.get("items", [event.data]):
            if job["status"] == "NEEDS_INPUT":
                return dict(job)
    raise AssertionError


def steps(client: MCPClient, job_id: str) -> list[tuple[str, str | None]]:
    """Return what was told of a job, oldest first."""
    history = client.pull_job(job_id, include_history=True)["history"]
    return [(entry["status"], entry["message"]) for entry in history]


def test_the_seeds_snippet_runs_to_the_letter(served: HubProcess, client: MCPClient) -> None:
    """What worked with the contract monitor works with the hub, without a change."""
    program = (FOLDER / "contract.py").read_text()
    (snippet,) = (node for node in ast.parse(program).body if isinstance(node, ast.ImportFrom))
    finished = start(
        served.url, "python", "-c", SEED, PYTHONPATH=f"{FOLDER}:{ROOT}/clients/python/src"
    )
    _, err = finished.communicate(timeout=60)

    (event,) = client.history("contracts")["events"]
    code = ast.parse(program).body[1:]
    assert finished.returncode == 0, err
    assert [ast.unparse(node) for node in code] == [
        ast.unparse(one) for one in ast.parse(SEED).body
    ]
    assert snippet.module == "Backend.app.API_clients.mcp_clients.clients"
    assert event["data"]["contract_id"] == "external-123"


def test_a_job_asks_and_ends_with_its_artifacts(
    served: HubProcess, client: MCPClient, started: list["subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """Steps in order, the answer reaches it, the files are what the answer says."""
    file = tmp_path / "rows.csv"
    file.write_text(ROWS)
    started.append(start(served.url, "python", str(FOLDER / "job.py"), str(file)))
    job_id = job_of(started[0])
    question = asked(client, job_id)
    client.jobs.answer(job_id, {"doubtful": "drop"})
    _, err = started[0].communicate(timeout=60)

    job = client.pull_job(job_id)["job"]
    assert (started[0].returncode, job["status"]) == (0, "DONE"), err
    assert f"/api/jobs/{job_id}/input" in err
    assert question["input_request"]["prompt"].startswith("1 rows have an empty field")
    assert job["summary"] == {"total_records_processed": 3, "validation_issues_found": 1}
    assert client.jobs.download_artifact(job_id, "kept.csv") == b"record,amount\r\n1,10\r\n3,30\r\n"
    assert client.jobs.download_artifact(job_id, "doubtful.csv") == b"record,amount\r\n2,\r\n"
    assert job["progress"]["percentage"] == 100
    assert [status for status, _ in steps(client, job_id) if status != "RUNNING"] == [
        "PENDING",
        "NEEDS_INPUT",
        "DONE",
    ]


def test_a_job_that_was_killed_goes_on(
    served: HubProcess, client: MCPClient, started: list["subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """One job, each step told once, and an answer that came while nobody was there is heard."""
    file = tmp_path / "rows.csv"
    file.write_text(ROWS)
    command = ("python", str(FOLDER / "job.py"), str(file), "--run", "killed")
    started.append(start(served.url, *command))
    job_id = job_of(started[0])
    asked(client, job_id)
    started[0].send_signal(signal.SIGKILL)
    started[0].wait()
    client.jobs.answer(job_id, {"doubtful": "keep"})
    started.append(start(served.url, *command))
    _, err = started[1].communicate(timeout=60)
    started.append(start(served.url, *command))
    _, last = started[2].communicate(timeout=60)

    told = steps(client, job_id)
    jobs = client.jobs.list(limit=1000)["jobs"]
    assert client.pull_job(job_id)["job"]["status"] == "DONE"
    assert sum(job["metadata"].get("session_id") == "rows.csv:killed" for job in jobs) == 1
    assert len([one for one in told if one[0] in {"PENDING", "NEEDS_INPUT", "DONE"}]) == 3
    assert len({message for _, message in told}) == len(told)
    assert [process.returncode for process in started[1:]] == [0, 0], err
    assert "DONE already" in last
    assert client.jobs.download_artifact(job_id, "kept.csv").count(b"\n") == 4


def test_a_job_that_somebody_ends_ends(
    served: HubProcess, client: MCPClient, started: list["subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """Who waits for an answer is not left waiting."""
    file = tmp_path / "rows.csv"
    file.write_text(ROWS)
    started.append(start(served.url, "python", str(FOLDER / "job.py"), str(file), "--run", "ended"))
    job_id = job_of(started[0])
    asked(client, job_id)
    client.complete_job(job_id, "FAILED", message="not wanted any more")
    _, err = started[0].communicate(timeout=60)

    assert started[0].returncode == 1
    assert "somebody else has ended it: FAILED" in err


def test_a_file_that_is_no_table_fails_its_job(
    served: HubProcess, client: MCPClient, tmp_path: Path
) -> None:
    """Everybody who watches sees why."""
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2,3\n")
    finished = start(served.url, "python", str(FOLDER / "job.py"), str(file))
    out, err = finished.communicate(timeout=60)

    job = client.pull_job(out.strip())["job"]
    assert (finished.returncode, job["status"]) == (1, "FAILED")
    assert job["metadata"]["error_message"] == (
        "the file cannot be read: row 2 has more fields than the first line"
    )
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Bücher 2026.csv", id="letters that are not ASCII, and a space"),
        pytest.param(f"{'x' * 251}.csv", id="as long as a name can be"),
        pytest.param("a\nb\x1b[31m.csv", id="control characters"),
    ],
)
def test_a_file_may_have_any_name(served: HubProcess, tmp_path: Path, name: str) -> None:
    """Reports are told apart by a header, which takes no such name."""
    file = tmp_path / name
    file.write_text("a\n1\n")
    finished = start(served.url, "python", str(FOLDER / "job.py"), str(file))
    _, err = finished.communicate(timeout=60)

    assert (finished.returncode, err) == (0, "")


def test_an_empty_file_is_a_job_without_rows(
    served: HubProcess, client: MCPClient, tmp_path: Path
) -> None:
    """Nothing to ask, nothing to keep, and still an end."""
    file = tmp_path / "rows.csv"
    file.write_text("")
    finished = start(served.url, "python", str(FOLDER / "job.py"), str(file))
    out, err = finished.communicate(timeout=60)

    assert finished.returncode == 0, err
    assert client.pull_job(out.strip())["job"]["summary"]["total_records_processed"] == 0
    assert client.jobs.download_artifact(out.strip(), "kept.csv") == b""


@pytest.mark.parametrize(
    ("content", "url", "code", "said"),
    [
        pytest.param(None, "", 2, "expected a text file, found none", id="no file"),
        pytest.param(b"\xff\xfe", "", 2, "expected a text file", id="no text"),
        pytest.param(b"a\n1\n", "http://127.0.0.1:1", 3, "no connection to the hub", id="no hub"),
    ],
)
def test_what_cannot_be_is_one_line(
    served: HubProcess, tmp_path: Path, content: bytes | None, url: str, code: int, said: str
) -> None:
    """Cause and exit code, no traceback."""
    file = tmp_path / "rows.csv"
    if content is not None:
        file.write_bytes(content)
    finished = start(url or served.url, "python", str(FOLDER / "job.py"), str(file))
    _, err = finished.communicate(timeout=60)

    assert finished.returncode == code
    assert said in err
    assert "Traceback" not in err


def test_curl_reports_a_job_once(served: HubProcess, client: MCPClient) -> None:
    """The same script a second time is the same job."""
    runs = [start(served.url, "sh", str(FOLDER / "curl.sh"), RUN="twice") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in runs]

    (job_id,) = set(re.findall(r'"job_id": ?"([^"]*)"', "".join(out for out, _ in said)))
    assert [process.returncode for process in runs] == [0, 0], said
    assert [status for status, _ in steps(client, job_id)] == ["PENDING", "RUNNING", "DONE"]
    assert client.pull_job(job_id)["job"]["artifacts"][0]["name"] == "audit_report.xlsx"


def test_curl_ends_where_it_is_refused(tmp_path: Path) -> None:
    """With the hub's words, and not with a job half told; with a token it goes through."""
    key = "a-key-that-nobody-guesses-0001"
    with hub_process(tmp_path, API_KEY=key) as hub:
        refused = start(hub.url, "sh", str(FOLDER / "curl.sh"))
        out, err = refused.communicate(timeout=60)
        taken = start(hub.url, "sh", str(FOLDER / "curl.sh"), HUB_TOKEN=key)
        taken.communicate(timeout=60)

    assert refused.returncode == 22, err
    assert out.count('"code"') == 1
    assert taken.returncode == 0


PAGE = (FOLDER / "README.md").read_text()
COMMANDS = re.findall(r"^ +((?:python|sh) examples.*)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_page_runs(
    served: HubProcess, client: MCPClient, command: str, started: list["subprocess.Popen[str]"]
) -> None:
    """As it stands there; the question is answered as it is said."""
    started.append(start(served.url, *command.split()))
    if "job.py" in command:
        job_id = job_of(started[0])
        asked(client, job_id)
        answer = {"input": {"doubtful": "drop"}}
        httpx.post(f"{served.url}/api/jobs/{job_id}/input", json=answer).raise_for_status()
    _, err = started[0].communicate(timeout=60)

    assert started[0].returncode == 0, err
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("name", ["job.py", "contract.py"])
def test_each_program_says_how_it_is_run(name: str) -> None:
    """Its first words are a command."""
    about = ast.get_docstring(ast.parse((FOLDER / name).read_text()))

    assert f"python examples/poster/{name}" in (about or "")


def test_help_has_an_example(served: HubProcess) -> None:
    """The job explains itself."""
    finished = start(served.url, "python", str(FOLDER / "job.py"), "--help")
    out, _ = finished.communicate(timeout=60)

    assert finished.returncode == 0
    assert "python examples/poster/job.py examples/poster/records.csv" in out
