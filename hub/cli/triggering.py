"""The work of `hub trigger`: fixtures through the hub's REST API, each by legal steps."""

import math
import random
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import click
from rich.text import Text

from hub.cli.fixtures import FIXTURES, Json, older, overridden
from hub.cli.output import Output
from hub.cli.receipt import receipt
from hub_client import MCPClient

Override = tuple[Sequence[str], str]


class Wanted(NamedTuple):
    """The arguments; `rate` is how many a second, None: as fast as they go."""

    url: str | None
    name: str
    overrides: Sequence[Override]
    times: int
    rate: float | None
    retries: int
    seed: int | None


def trigger(wanted: Wanted, output: Output) -> None:
    """Make it happen so many times.

    Raises:
        click.UsageError: An override leads nowhere, or the address is none.
        click.ClickException: It was stopped before the last.
        hub_client.HubError: No hub answers, or it refused.
    """
    documents = _Documents(wanted)
    try:
        client = MCPClient(wanted.url, max_retries=wanted.retries)
    except ValueError as error:
        raise click.UsageError(f"--url: {error}") from error
    done, began = 0, time.monotonic()
    with client:
        try:
            while done < wanted.times:
                _wait_until(began + done / (wanted.rate or math.inf))
                answer = play(client, wanted.name, documents.next())
                done += 1
                _show(wanted, done, answer, output)
        except KeyboardInterrupt:
            raise click.ClickException(f"stopped after {done} of {wanted.times}") from None
    if wanted.times > 1:
        output.note(f"{wanted.times} times {wanted.name}")


def play(client: MCPClient, name: str, document: Json) -> Json:
    """Send one fixture; return the hub's last answer."""
    until = FIXTURES[name].until
    if until:
        return _job(client, until, document)
    if name == "channel.event":
        return client.publish(
            document["channel"], document["type"], document["data"], document["key"]
        )
    answer = client.send_contract(document)
    if name == "contract.stale":
        return client.send_contract({**document, "timestamp": older(document["timestamp"])})
    return answer


def _job(client: MCPClient, until: str, document: Json) -> Json:
    """Bring a new job as far as is wanted, by the way that a job goes."""
    answer = client.create_job(document["input_data"], document["metadata"])
    job_id, message = answer["job_id"], document["message"]
    if until == "PENDING":
        return {"channel": "jobs", **answer}
    answer = client.push_status(job_id, "RUNNING", document["progress"], message)
    if until in {"NEEDS_INPUT", "ANSWERED"}:
        question = document["input_request"]
        answer = client.push_status(job_id, "NEEDS_INPUT", input_request=question)
    if until == "ANSWERED":
        answer = client.jobs.answer(job_id, document["answer"])
    if until == "DONE":
        end = document["completion_message"]
        return client.complete_job(
            job_id, "DONE", document["summary"], document["artifacts"], message=end
        )
    if until == "FAILED":
        return client.complete_job(job_id, "FAILED", message=document["failure_message"])
    return answer


class _Documents:
    """Makes the documents, one after the other, with the overrides in each."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._chance = random.Random(wanted.seed)  # noqa: S311 - names of examples

    def next(self) -> Json:
        """Return the next one.

        Raises:
            click.UsageError: An override leads nowhere.
        """
        document: Json = FIXTURES[self._wanted.name].document(self._chance)
        for path, text in self._wanted.overrides:
            try:
                overridden(document, path, text)
            except ValueError as error:
                raise click.UsageError(f"--override {'.'.join(path)}: {error}") from error
        return document


def _wait_until(at: float) -> None:
    time.sleep(max(0.0, at - time.monotonic()))


def _show(wanted: Wanted, done: int, answer: dict[str, Any], output: Output) -> None:
    what = answer.get("job_id") or answer.get("contract_id") or answer.get("id") or ""
    line = receipt(answer, (f"{what}", "bold"), f"  {wanted.name}")
    if wanted.times > 1:
        line = Text.assemble((f"{f'{done}/{wanted.times}':>9}  ", "dim"), line)
    output.show(answer, lambda: line)
