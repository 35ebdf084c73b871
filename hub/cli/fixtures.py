"""The fixtures of `hub trigger`: what each is about, and the document that --override changes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import msgspec

Json = dict[str, Any]

LOCATIONS = ("Chennai", "Mumbai", "Bengaluru", "Hyderabad")
FILES = ("pop_2024_q1.xlsx", "invoices_mumbai.xlsx", "contracts_march.xlsx", "claims.xlsx")
STEPS = ("Reading the sheet", "PDF Processing", "Matching contracts", "Writing the report")
_AGO = timedelta(days=1)


class Fixture(NamedTuple):
    """One kind of event that can be made happen.

    Attributes:
        summary: For the help.
        document: Makes what it sends; `--override` changes it.
        until: Of a job, how far it is brought; else empty.
    """

    summary: str
    document: Callable[[Random], Json]
    until: str = ""


def contract(chance: Random) -> Json:
    """Return the update of a contract."""
    return {
        "contract_id": f"demo-{chance.randrange(10**6):06d}",
        "location": chance.choice(LOCATIONS),
        "status": chance.choice(("active", "inactive")),
        "timestamp": _written(datetime.now(UTC)),
    }


def job(chance: Random) -> Json:
    """Return everything that may be said of a job on its way."""
    total = chance.randrange(20, 200)
    done = chance.randrange(1, total)
    return {
        "input_data": {"pop_file_path": chance.choice(FILES), "rows": total},
        "metadata": {"user_id": f"user-{chance.randrange(100)}", "source": "hub trigger"},
        "progress": {
            "current_step": chance.choice(STEPS),
            "total_steps": total,
            "completed_steps": done,
            "percentage": round(100 * done / total, 1),
        },
        "message": "Processing PDF files",
        "input_request": {
            "prompt": "Which year are these contracts of?",
            "schema": {
                "type": "object",
                "properties": {"year": {"type": "integer", "minimum": 2000, "maximum": 2100}},
                "required": ["year"],
            },
        },
        "answer": {"year": 2024},
        "summary": {"rows": total, "matched": done, "unmatched": total - done},
        "artifacts": [{"name": "report.xlsx", "type": "xlsx", "size": 1024 * total}],
        "completion_message": "All files were processed",
        "failure_message": "No PDF was found for 3 rows",
    }


def event(chance: Random) -> Json:
    """Return an event of a custom channel."""
    order = f"o-{chance.randrange(10**6):06d}"
    return {
        "channel": "demo",
        "type": "order_placed",
        "key": order,
        "data": {"order_id": order, "total": round(chance.uniform(5, 500), 2), "currency": "INR"},
    }


FIXTURES: dict[str, Fixture] = {
    "contract.update": Fixture("a contract was updated", contract),
    "contract.stale": Fixture("an update came that is older than what is known", contract),
    "job.created": Fixture("a job was created: PENDING", job, "PENDING"),
    "job.progress": Fixture("it is under way: RUNNING, with progress", job, "RUNNING"),
    "job.needs_input": Fixture("it asks a question: NEEDS_INPUT", job, "NEEDS_INPUT"),
    "job.answered": Fixture("its question was answered: RUNNING again", job, "ANSWERED"),
    "job.done": Fixture("it ended well: DONE, with summary and artifacts", job, "DONE"),
    "job.failed": Fixture("it ended badly: FAILED, with a message", job, "FAILED"),
    "channel.event": Fixture("somebody published to the channel `demo`", event),
}


def older(timestamp: str) -> str:
    """Return a time a day before; what is no time stays, and the hub says so."""
    try:
        return _written(datetime.fromisoformat(timestamp) - _AGO)
    except (ValueError, OverflowError):
        return timestamp


def overridden(document: Json, path: Sequence[str], text: str) -> None:
    """Change one value of a fixture: text stays text, what else there is is read as JSON.

    Raises:
        ValueError: The path leads nowhere.
    """
    place: Any = document
    for number, name in enumerate(path):
        if not isinstance(place, dict):
            where = ".".join(path[:number])
            raise ValueError(f"expected an object at {where}, got another value")  # noqa: TRY004
        if number == 0 and name not in place:
            raise ValueError(f"expected one of {', '.join(document)}, got {name!r}")
        if number == len(path) - 1:
            place[name] = text if isinstance(place.get(name), str) else _meant(text)
        else:
            place = place.setdefault(name, {})


def _meant(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
