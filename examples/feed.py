"""Believable news: contracts that open and close in four cities, jobs that run step by step.

    python examples/feed.py                     to http://127.0.0.1:8000, or HUB_URL
    python examples/feed.py --rate 50           fifty updates a second
    python examples/feed.py --count 200         ends after 200
    python examples/feed.py --wait              waits for a hub that is still starting

Everything goes through the SDK, as an external system would send it.
"""

import argparse
import heapq
import itertools
import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hub_client import HubError, MCPClient, NetworkError

CITIES = {"Chennai": 9, "Mumbai": 14, "Bengaluru": 12, "Hyderabad": 7}
STEPS = (
    "Reading input",
    "Processing PDF files",
    "Matching records",
    "Validating",
    "Writing report",
)
FAILURES = (
    "pdfs/2024-03.pdf is encrypted",
    "Column 'population' is missing in data.xlsx",
    "The archive ended early",
)
QUESTION = {
    "prompt": "Two reports cover March. Which one counts?",
    "schema": {
        "type": "object",
        "properties": {"report": {"enum": ["first", "corrected"]}},
        "required": ["report"],
    },
}
"""What some jobs ask in the middle: a prompt, and the schema of the answer."""

MOSTLY_ACTIVE = 0.8
"""Share of contracts that are active in the beginning."""
FLIPS = 0.6
"""Share of updates that change something; the rest confirm."""

Pause = float
"""Seconds until a story goes on."""


class Contracts:
    """Contracts with a life of their own: most stay as they are, each now and then flips."""

    def __init__(self, client: MCPClient, chance: random.Random) -> None:
        self._client = client
        self._chance = chance
        self._active = {
            (city, f"{city[:3].upper()}-{number:04d}"): chance.random() < MOSTLY_ACTIVE
            for city, many in CITIES.items()
            for number in range(1, many + 1)
        }

    def update(self) -> str:
        """Flip one contract, or confirm that it is as it was; return a line about it."""
        city, contract_id = self._chance.choice(list(self._active))
        if self._chance.random() < FLIPS:
            self._active[city, contract_id] = not self._active[city, contract_id]
        status = "active" if self._active[city, contract_id] else "inactive"
        self._client.send_contract(
            {
                "contract_id": contract_id,
                "location": city,
                "status": status,
                "timestamp": datetime.now(UTC).isoformat(),
            }
        )
        return f"{contract_id:<36}  {city:<10}  {status}"


class Job:
    """One job from its creation to its end."""

    def __init__(self, client: MCPClient, chance: random.Random, number: int) -> None:
        self._client = client
        self._chance = chance
        self._number = number
        self._records = chance.randint(200, 4000)
        self._id = ""

    def run(self) -> Iterator[tuple[str, Pause]]:
        """Do one report at a time; yield a line about it, and how long the next one takes."""
        created = self._client.create_job(
            {"pop_file_path": f"populacja/{self._number:03d}.xlsx", "pdf_directory": "pdfs/"},
            {"user_id": self._chance.choice(("asha", "ravi", "meera")), "session_id": "demo"},
        )
        self._id = created["job_id"]
        yield self._line("PENDING"), self._chance.uniform(0.5, 3)
        fails_at = self._chance.choice((*range(1, len(STEPS)), *(None,) * 16))
        asks_at = self._chance.choice((2, None, None, None))
        for done, step in enumerate(STEPS):
            if done == fails_at:
                yield self._fail(), 0
                return
            if done == asks_at:
                yield self._ask(step), self._chance.uniform(3, 8)
                yield self._answer(), 0.5
            for part in range(4):
                yield self._report(step, done, part / 4), self._chance.uniform(0.3, 1.5)
        yield self._finish(), 0

    def _report(self, step: str, done: int, part: float) -> str:
        percentage = round(100 * (done + part) / len(STEPS))
        progress = _progress(step, done, percentage)
        progress["estimated_remaining"] = f"{(100 - percentage) // 5} seconds"
        message = f"{self._records * percentage // 100} of {self._records} records"
        self._client.push_status(self._id, "RUNNING", progress, message)
        return self._line(f"RUNNING {percentage} %")

    def _ask(self, step: str) -> str:
        self._client.push_status(
            self._id,
            "NEEDS_INPUT",
            {"current_step": step},
            "Waiting for you",
            input_request=QUESTION,
        )
        return self._line("NEEDS_INPUT")

    def _answer(self) -> str:
        self._client.jobs.answer(self._id, {"report": "corrected"})
        return self._line("answered")

    def _fail(self) -> str:
        reason = self._chance.choice(FAILURES)
        self._client.complete_job(self._id, "FAILED", {"error_message": reason}, message=reason)
        return self._line(f"FAILED  {reason}")

    def _finish(self) -> str:
        rows = self._records
        name = f"audit_report_{self._number:03d}.csv"
        report = "record,finding\n" + "".join(f"{row},ok\n" for row in range(1, 21))
        self._client.push_status(self._id, "RUNNING", _progress(STEPS[-1], len(STEPS), 100))
        self._client.jobs.upload_artifact(self._id, name, report.encode(), "text/csv")
        self._client.complete_job(
            self._id,
            "DONE",
            {"total_records_processed": rows, "validation_issues_found": rows // 90},
            [{"name": name, "type": "csv_report", "description": "Findings, one a line"}],
            f"{rows} records audited",
        )
        return self._line(f"DONE  {rows} records")

    def _line(self, text: str) -> str:
        return f"{self._id}  {'job':<10}  {text}"


class Feed:
    """Contracts at a rate, and a few jobs beside them, each at its own pace.

    Args:
        client: Where it goes.
        rate: Contract updates a second.
        jobs: Jobs at a time.
        chance: Decides everything; the same seed tells the same story.
    """

    def __init__(self, client: MCPClient, rate: float, jobs: int, chance: random.Random) -> None:
        self._client = client
        self._rate = rate
        self._chance = chance
        self._contracts = Contracts(client, chance)
        self._numbers = itertools.count(1)
        self._due: list[tuple[float, int, Iterator[tuple[str, Pause]] | None]] = []
        now = time.monotonic()
        self._plan(now, None)
        for number in range(jobs):
            self._plan(now + 3 * number, self._new_job())

    def lines(self) -> Iterator[str]:
        """Send for ever; yield a line about each update."""
        while True:
            due, _, story = heapq.heappop(self._due)
            time.sleep(max(0.0, due - time.monotonic()))
            if story is None:
                self._plan(due + self._chance.expovariate(self._rate), None)
                yield self._contracts.update()
                continue
            step = next(story, None)
            if step is None:
                self._plan(due + self._chance.uniform(1, 5), self._new_job())
                continue
            line, pause = step
            self._plan(time.monotonic() + pause, story)
            yield line

    def _plan(self, due: float, story: Iterator[tuple[str, Pause]] | None) -> None:
        heapq.heappush(self._due, (due, next(self._numbers), story))

    def _new_job(self) -> Iterator[tuple[str, Pause]]:
        return Job(self._client, self._chance, next(self._numbers)).run()


def wait_for_hub(client: MCPClient, seconds: float) -> None:
    """Return once the hub answers.

    Raises:
        NetworkError: It does not within the time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            client.contracts_status()
        except NetworkError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> int:
    """Send until Ctrl-C, or until there are enough."""
    options = _options()
    try:
        with MCPClient(options.url) as client:
            _run(client, options)
    except KeyboardInterrupt:
        return 0
    except HubError as error:
        print(f"feed: {error} ({error.help})", file=sys.stderr)
        return 3 if isinstance(error, NetworkError) else 1
    return 0


def _run(client: MCPClient, options: argparse.Namespace) -> None:
    with MCPClient(options.url, max_retries=0) as impatient:
        wait_for_hub(impatient, 60 if options.wait else 0)
    print(
        f"Feeding {options.rate:g} contract updates a second and {options.jobs} jobs at a time; "
        "`hub tail` shows them.",
        file=sys.stderr,
    )
    feed = Feed(client, options.rate, options.jobs, random.Random(options.seed))  # noqa: S311
    for line in itertools.islice(feed.lines(), options.count):
        if not options.quiet:
            print(f"{datetime.now().astimezone():%H:%M:%S}  {line}", flush=True)


def _progress(step: str, done: int, percentage: int) -> dict[str, Any]:
    return {
        "current_step": step,
        "total_steps": len(STEPS),
        "completed_steps": done,
        "percentage": percentage,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="the hub's address; else HUB_URL, else 127.0.0.1:8000")
    parser.add_argument("--rate", type=_positive, default=2.0, help="contract updates a second (2)")
    parser.add_argument("--jobs", type=int, default=3, help="jobs at a time (3)")
    parser.add_argument("--count", type=int, help="end after so many updates")
    parser.add_argument("--seed", type=int, help="tell the same story every time")
    parser.add_argument("--wait", action="store_true", help="wait for the hub, a minute at most")
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser.parse_args()


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError(f"expected more than 0, got {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
