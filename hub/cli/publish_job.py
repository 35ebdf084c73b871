"""`hub publish job`: the four things that are reported of a job."""

from typing import Any

import click

from hub.cli.command import Group
from hub.cli.hub_option import retries_option, url_option
from hub.cli.json_value import JsonObject
from hub.cli.output import Output
from hub.cli.receipt import receipt

_PROGRESS = {
    "step": "current_step",
    "total": "total_steps",
    "completed": "completed_steps",
    "percentage": "percentage",
    "remaining": "estimated_remaining",
}


@click.group(
    cls=Group,
    examples=(
        """hub publish job create --input '{"pdf_directory":"pdfs/"}'""",
        "hub publish job status JOB_ID RUNNING --percentage 40 --step 'PDF Processing'",
    ),
)
def job() -> None:
    """Create a job, report on it, answer its question, end it."""


@job.command(
    examples=(
        """hub publish job create --input '{"pdf_directory":"pdfs/"}'""",
        """hub publish job create --metadata '{"user_id":"u1"}' -o json""",
    )
)
@click.option("--input", "input_data", type=JsonObject(), help="What it works on.")
@click.option("--metadata", type=JsonObject(), help="Whose it is: user_id, session_id and so on.")
@url_option
@retries_option
def create(
    output: Output,
    url: str | None,
    retries: int,
    *,
    input_data: dict[str, Any] | None,
    metadata: dict[str, Any] | None,
) -> None:
    """Create a job. Its id is what the other commands take as JOB_ID."""
    from hub.cli.posting import send

    answer = send(url, retries, lambda hub: hub.create_job(input_data, metadata))
    output.show(
        answer, lambda: receipt({"channel": "jobs"}, (answer["job_id"], "bold"), "  PENDING")
    )


@job.command(
    examples=(
        "hub publish job status JOB_ID RUNNING --percentage 40 --step 'PDF Processing'",
        "hub publish job status JOB_ID NEEDS_INPUT --prompt 'Which year?' --schema @year.json",
    )
)
@click.argument("job_id")
@click.argument("status", metavar="STATUS")
@click.option("--percentage", type=float, help="0 to 100.")
@click.option("--step", help="What it is doing now.")
@click.option("--completed", type=int, help="Steps that are done.")
@click.option("--total", type=int, help="Steps in all.")
@click.option("--remaining", help="For people: '5 minutes'.")
@click.option("--message", help="For people.")
@click.option("--prompt", help="With NEEDS_INPUT: what is asked.")
@click.option("--schema", type=JsonObject(), help="With --prompt: JSON Schema of the answer.")
@url_option
@retries_option
def status(output: Output, url: str | None, retries: int, *, job_id: str, **said: Any) -> None:
    """Report the STATUS of a job: PENDING, RUNNING, NEEDS_INPUT, FAILED or DONE."""
    from hub.cli.posting import send

    if said["schema"] is not None and said["prompt"] is None:
        raise click.UsageError("expected --prompt with --schema, got the schema alone")
    progress = {
        name: said[option] for option, name in _PROGRESS.items() if said[option] is not None
    }
    question = {name: said[name] for name in ("prompt", "schema") if said[name] is not None}
    answer = send(
        url,
        retries,
        lambda hub: hub.push_status(
            job_id,
            said["status"],
            progress or None,
            said["message"],
            input_request=question or None,
        ),
    )
    _show(output, answer)


@job.command(
    examples=(
        "hub publish job complete JOB_ID",
        "hub publish job complete JOB_ID --status FAILED --message 'No PDF found' -o json",
    )
)
@click.argument("job_id")
@click.option("--status", type=click.Choice(["DONE", "FAILED"]), default="DONE", show_default=True)
@click.option("--summary", type=JsonObject(), help="Numbers about the whole job.")
@click.option("--artifact", "artifacts", type=JsonObject(), multiple=True, help="May be repeated.")
@click.option("--message", help="For people.")
@url_option
@retries_option
def complete(
    output: Output,
    url: str | None,
    retries: int,
    *,
    job_id: str,
    status: str,
    summary: dict[str, Any] | None,
    artifacts: tuple[dict[str, Any], ...],
    message: str | None,
) -> None:
    """End a job. The same end again changes nothing; another one is refused."""
    from hub.cli.posting import send

    answer = send(
        url,
        retries,
        lambda hub: hub.complete_job(job_id, status, summary, list(artifacts) or None, message),
    )
    _show(output, answer)


@job.command(
    examples=(
        """hub publish job answer JOB_ID '{"year":2024}'""",
        "hub publish job answer JOB_ID @answer.json -o json",
    )
)
@click.argument("job_id")
@click.argument("value", type=JsonObject(), metavar="JSON")
@url_option
@retries_option
def answer(
    output: Output, url: str | None, retries: int, *, job_id: str, value: dict[str, Any]
) -> None:
    """Answer a job that is in NEEDS_INPUT; the hub checks JSON against the job's schema."""
    from hub.cli.posting import send

    _show(output, send(url, retries, lambda hub: hub.jobs.answer(job_id, value)))


def _show(output: Output, answer: dict[str, Any]) -> None:
    more = "" if answer.get("applied", True) else "  it was so already"
    parts = ((answer["job_id"], "bold"), f"  {answer['status']}", (more, "yellow"))
    output.show(answer, lambda: receipt(answer, *parts))
