"""A failure is one line with cause and remedy on stderr, nothing on stdout, and a code."""

import json
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub_client
from hub.cli.failure import ExitCode, explain
from hub.errors import LogUnavailable
from support.commands import Finished, invoke, run
from support.running import HubProcess


@pytest.fixture
def taken() -> Iterator[int]:
    """A port where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def is_one_line(finished: Finished, *phrases: str) -> bool:
    """Say whether stderr is one line that begins with the program and holds the phrases."""
    lines = finished.err.splitlines()
    return (
        finished.out == ""
        and len(lines) == 1
        and lines[0].startswith("hub: ")
        and all(phrase in lines[0] for phrase in phrases)
    )


def test_taken_port_is_told_of(taken: int, tmp_path: Path) -> None:
    """`hub serve` on a taken port names the port and another one, and leaves the data alone."""
    database = f"sqlite:///{tmp_path}/data/hub.db"

    finished = run("serve", PORT=str(taken), DATABASE_URL=database)

    assert finished.code == 2
    assert is_one_line(finished, f"port {taken}", f"PORT={taken % 65535 + 1}")
    assert not (tmp_path / "data").exists()


def test_locked_data_file_is_told_of(served: HubProcess) -> None:
    """A second hub on the same data file is refused, with the file's name."""
    database = f"sqlite:///{served.folder}/hub.db"

    finished = run("serve", PORT="0", DATABASE_URL=database)

    assert finished.code == 2
    assert is_one_line(finished, "another hub holds", "hub.db", "DATABASE_URL")


def test_folder_that_cannot_be_written_is_told_of(tmp_path: Path) -> None:
    """A data file where no folder can be is refused, with the folder's name."""
    (tmp_path / "file").write_text("")

    finished = run("serve", PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/file/below/hub.db")

    assert finished.code == 2
    assert is_one_line(finished, "cannot write", f"{tmp_path}/file/below", "DATABASE_URL")


def test_file_that_is_no_database_is_told_of(tmp_path: Path) -> None:
    """A data file of another kind is refused, and kept."""
    file = tmp_path / "hub.db"
    file.write_text("a letter to my aunt, longer than the hundred bytes of a header " * 3)

    finished = run("serve", PORT="0", DATABASE_URL=f"sqlite:///{file}")

    assert finished.code == 2
    assert is_one_line(finished, "hub.db", "not a database")
    assert file.read_text().startswith("a letter")


@pytest.mark.parametrize(
    ("environ", "phrase"),
    [
        pytest.param(
            {"HOST": "0.0.0.0", "AUTH": "off"}, "HOST=127.0.0.1", id="everybody could come in"
        ),
        pytest.param({"PORT": "70000"}, "PORT", id="no such port"),
        pytest.param({"DATABASE_URL": "mysql://x/y"}, "sqlite:///FILE", id="another database"),
        pytest.param({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL", id="no such level"),
    ],
)
def test_wrong_setting_is_told_of(environ: dict[str, str], phrase: str) -> None:
    """A setting that cannot be used ends the command with 2 and names the setting."""
    finished = invoke("serve", **environ)

    assert finished.code == 2
    assert is_one_line(finished, phrase)


@pytest.mark.parametrize(
    ("args", "phrase"),
    [
        pytest.param(("tail", "--lost"), "--lost", id="unknown option"),
        pytest.param(("tial",), "'tail'", id="unknown command"),
        pytest.param(("publish", "contract"), "--id", id="missing option"),
        pytest.param(("publish", "event", "c", "t", "[1]"), "JSON object", id="no JSON object"),
        pytest.param(("publish", "event", "c", "t", "@none"), "none", id="no such file"),
        pytest.param(("tail", "--url", "nonsense"), "nonsense", id="no address"),
        pytest.param(("publish", "job", "create", "--url", "x"), "'x'", id="no address to post to"),
        pytest.param(("tail", "--since", "soon"), "soon", id="no position"),
        pytest.param(("tail", "--since", "2026-99-01T00:00"), "2026-99", id="no time"),
        pytest.param(
            ("tail", "--where", "location"), "FIELD=VALUE", id="condition without a value"
        ),
        pytest.param(("tail", "--where", "=x"), "FIELD=VALUE", id="condition without a field"),
        pytest.param(("tail", "--conflate", "job_id:often"), "FIELD:RATE", id="rate is no number"),
        pytest.param(("tail", "--conflate", "job_id:0"), "FIELD:RATE", id="rate of nothing"),
        pytest.param(("tail", "--conflate", ":5"), "FIELD:RATE", id="rate of no field"),
        pytest.param(
            ("publish", "job", "status", "j", "NEEDS_INPUT", "--schema", "{}"),
            "--prompt",
            id="schema without a question",
        ),
    ],
)
def test_wrong_usage_is_told_of(args: tuple[str, ...], phrase: str) -> None:
    """What cannot be meant ends with 2, and says where to look it up."""
    finished = invoke(*args)

    assert finished.code == 2
    assert is_one_line(finished, phrase, "--help")


@pytest.mark.parametrize(
    "args",
    [
        pytest.param(("tail",), id="tail"),
        pytest.param(("tail", "--since", "1h"), id="tail that begins at a time"),
        pytest.param(("publish", "job", "create"), id="publish"),
    ],
)
def test_no_hub_is_code_3(args: tuple[str, ...], closed: int) -> None:
    """Where no hub answers the code is 3, and the line names the address."""
    finished = invoke(*args, HUB_URL=f"http://127.0.0.1:{closed}")

    assert finished.code == 3
    assert is_one_line(finished, f"127.0.0.1:{closed}", "hub serve")


@pytest.mark.parametrize(
    ("args", "phrase"),
    [
        pytest.param(
            ("publish", "contract", "--id", "c", "--location", "Delhi", "--status", "active"),
            "$.location: expected one of",
            id="validation",
        ),
        pytest.param(("publish", "job", "complete", "none"), "E_JOB_NOT_FOUND", id="unknown job"),
        pytest.param(("publish", "event", "jobs", "t", "{}"), "reserved_channel", id="reserved"),
        pytest.param(("tail", "Foo!"), "Foo!", id="no channel name"),
        pytest.param(("tail", "Foo!", "--since", "1h"), "Foo!", id="no channel name, with a time"),
    ],
)
def test_refusal_is_code_4(served: HubProcess, args: tuple[str, ...], phrase: str) -> None:
    """What the hub refuses ends with 4, its reason, and the address of a page about it."""
    finished = invoke(*args, HUB_URL=served.url)

    assert finished.code == 4
    assert is_one_line(finished, phrase, f"{served.url}/docs/errors/")


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        pytest.param(("serve", "--output", "json", "--port", "-5"), 2, "misconfigured", id="set"),
        pytest.param(("tail", "--lost", "-ojson"), 2, "usage", id="unparsable"),
        pytest.param(
            ("publish", "job", "complete", "x", "-o", "json"), 3, "E_NETWORK_ERROR", id="away"
        ),
    ],
)
def test_failure_is_json_for_programs(
    args: tuple[str, ...], code: int, word: str, closed: int
) -> None:
    """With `-o json` the failure is one JSON object on stderr, even if parsing failed."""
    finished = invoke(*args, HUB_URL=f"http://127.0.0.1:{closed}")

    told = json.loads(finished.err)
    assert (finished.code, finished.out) == (code, "")
    assert (told["exit_code"], told["error"]) == (code, word)
    assert told["message"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(LogUnavailable("disk full"), ExitCode.FAILED, id="the log"),
        pytest.param(sqlite3.OperationalError("disk I/O"), ExitCode.FAILED, id="the disk"),
        pytest.param(hub_client.WebhookFailed("HTTP 503"), ExitCode.FAILED, id="a 5xx answer"),
        pytest.param(hub_client.TimedOut("slow"), ExitCode.UNREACHABLE, id="no answer in time"),
    ],
)
def test_errors_have_their_codes(error: Exception, code: ExitCode) -> None:
    """Every foreseen error has its exit code."""
    failure = explain(error)

    assert failure is not None
    assert failure.exit_code is code


def test_bug_keeps_its_traceback() -> None:
    """An error that nobody foresaw is not explained away."""
    assert explain(ZeroDivisionError()) is None
