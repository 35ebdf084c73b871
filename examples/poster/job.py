"""A job of an external system: it reports its steps, asks a person, hands in its results.

    python examples/poster/job.py examples/poster/records.csv            checks the rows of a file
    python examples/poster/job.py examples/poster/records.csv --run 7    once more, as another run

Rows with an empty field are doubtful: the job asks whether to keep them, and waits for the answer,
which comes from the dashboard or from any client. Kill it and start it again: it goes on with the
same job, and nothing is reported twice. The hub is http://127.0.0.1:8000, or HUB_URL; HUB_TOKEN.
"""

import argparse
import csv
import hashlib
import io
import sys
from pathlib import Path
from typing import Any

from hub_client import HubError, InvalidStatus, MCPClient, NetworkError, Snapshot

STEPS = ("Reading", "Checking", "Deciding", "Reporting")
ENDED = frozenset({"DONE", "FAILED"})
QUESTION_SCHEMA = {
    "type": "object",
    "properties": {"doubtful": {"enum": ["keep", "drop"]}},
    "required": ["doubtful"],
    "additionalProperties": False,
}
Row = dict[str, str]


class Job:
    """One job at the hub.

    Every report has an idempotency key made of the run and the step. A program that is started
    again says the same under the same keys, and the hub answers as it did then, for 24 hours: it
    is created once, and each step is told once. The run is in them as a digest: it is named after
    a file, and a key is a header, of at most 255 signs of ASCII.

    Attributes:
        id: The hub's name of it.
        status: The hub's word, when it was created or found.
    """

    def __init__(self, client: MCPClient, run: str, source: Path) -> None:
        self._client = client
        self._key = hashlib.sha256(run.encode(errors="replace")).hexdigest()[:32]
        made = client.create_job(
            {"pop_file_path": source.name, "validation_mode": "full"},
            {"session_id": run},
            idempotency_key=f"{self._key}:create",
        )
        self.id: str = made["job_id"]
        self.status: str = client.pull_job(self.id)["job"]["status"]

    def report(self, done: int, message: str) -> None:
        """Say how many steps are done, and what is being done now."""
        progress = {
            "current_step": STEPS[min(done, len(STEPS) - 1)],
            "total_steps": len(STEPS),
            "completed_steps": done,
            "percentage": 100 * done / len(STEPS),
        }
        key = f"{self._key}:{done}"
        self._client.push_status(self.id, "RUNNING", progress, message, idempotency_key=key)

    def ask(self, prompt: str) -> None:
        """Put a question; the answer must meet the schema, or whoever gives it is refused."""
        self._client.push_status(
            self.id,
            "NEEDS_INPUT",
            message="Waiting for an answer",
            input_request={"prompt": prompt, "schema": QUESTION_SCHEMA},
            idempotency_key=f"{self._key}:ask",
        )

    def answer(self) -> Any:
        """Wait for the answer, however long it takes and however often the connection breaks.

        The snapshot comes first, so an answer that was given meanwhile is not missed.

        Raises:
            Ended: Somebody has ended the job.
        """
        only = {"job_id": self.id}
        with self._client.listen("jobs", snapshot=True, where=only, on_gap="snapshot") as events:
            for event in events:
                jobs = event.items if isinstance(event, Snapshot) else [event.data]
                for job in jobs:
                    if job["status"] in ENDED:
                        raise Ended(job["status"])
                    if job["status"] == "RUNNING" and "input" in job:
                        return job["input"]
        raise Ended("not followed any more")

    def done(self, summary: dict[str, Any], files: dict[str, bytes]) -> None:
        """Hand in the files, and end. The same file again takes the place of the first."""
        for name, content in files.items():
            self._client.jobs.upload_artifact(self.id, name, content, "text/csv")
        artifacts = [{"name": name, "type": "csv_report"} for name in files]
        said = f"{summary['total_records_processed']} rows checked"
        key = f"{self._key}:done"
        self._client.complete_job(self.id, "DONE", summary, artifacts, said, idempotency_key=key)

    def failed(self, reason: str) -> None:
        """End with a reason."""
        key = f"{self._key}:failed"
        self._client.complete_job(self.id, "FAILED", message=reason, idempotency_key=key)


class Ended(Exception):
    """The job has ended before its work was done."""


def check(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows that are well, and those with an empty field."""
    doubtful = [row for row in rows if not all(row.values())]
    return [row for row in rows if all(row.values())], doubtful


def work(job: Job, content: str) -> None:
    """Do the steps, telling of each before it begins.

    Raises:
        Ended: Somebody has ended the job meanwhile.
        HubError: The hub does not take what is reported.
        csv.Error: The file is no table.
    """
    job.report(0, "Reading the file")
    rows = list(csv.DictReader(io.StringIO(content)))
    for number, row in enumerate(rows, 2):
        if None in row:  # where the reader puts what has no name
            raise csv.Error(f"row {number} has more fields than the first line")
    job.report(1, f"Checking {len(rows)} rows")
    well, doubtful = check(rows)
    job.report(2, f"{len(doubtful)} of {len(rows)} rows are doubtful")
    if doubtful:
        job.ask(f"{len(doubtful)} rows have an empty field: keep or drop them?")
        tell_how(job.id)
        if job.answer()["doubtful"] == "keep":
            well = rows
    job.report(3, f"Writing {len(well)} rows")
    files = {"kept.csv": table(well), "doubtful.csv": table(doubtful)}
    summary = {"total_records_processed": len(rows), "validation_issues_found": len(doubtful)}
    job.report(4, "Handing in")
    job.done(summary, files)


def table(rows: list[Row]) -> bytes:
    """Return rows as CSV; nothing for none."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode()


def tell_how(job_id: str) -> None:
    """Say on stderr how the question can be answered."""
    body = '{"input": {"doubtful": "drop"}}'
    print(f"NEEDS_INPUT: answer in the dashboard, or POST {body}", file=sys.stderr)
    print(f"             to /api/jobs/{job_id}/input", file=sys.stderr, flush=True)


def main() -> int:
    """Do one job; exit code 0: done, 1: refused or ended, 2: no such file, 3: no hub."""
    options = _options()
    try:
        content = options.file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        print(f"job: expected a text file, found none: {error}", file=sys.stderr)
        return 2
    run = options.run or hashlib.sha256(content.encode()).hexdigest()[:12]
    try:
        with MCPClient(options.url) as client:
            return _do(Job(client, f"{options.file.name}:{run}", options.file), content)
    except KeyboardInterrupt:
        return 130
    except HubError as error:
        print(f"job: {error} ({error.help})", file=sys.stderr)
        return 3 if isinstance(error, NetworkError) else 1


def _do(job: Job, content: str) -> int:
    print(job.id, flush=True)
    if job.status in ENDED:
        print(f"job: it is {job.status} already; --run NAME makes another", file=sys.stderr)
        return 0 if job.status == "DONE" else 1
    try:
        work(job, content)
    except (Ended, InvalidStatus) as error:
        print(f"job: somebody else has ended it: {error}", file=sys.stderr)
        return 1
    except csv.Error as error:
        job.failed(f"the file cannot be read: {error}")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="CSV with a line of names")
    parser.add_argument("--run", help="a name for this run; else made of the file's content")
    parser.add_argument("--url", help="the hub's address; else HUB_URL, else 127.0.0.1:8000")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
