"""How a command ends: its exit code, and one line that names cause and remedy.

| code | means                                  |
|------|----------------------------------------|
| 0    | done                                   |
| 1    | failed                                 |
| 2    | wrong usage or configuration           |
| 3    | no hub answers                         |
| 4    | the hub answered, and refused          |

Anything that is not foreseen here is a bug and keeps its traceback.
"""

import enum
import sqlite3
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import click

from hub.cli.json_line import json_line
from hub.cli.output import Output
from hub.errors import HubError, Misconfigured


class ExitCode(enum.IntEnum):
    """See the table above."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4


class Failure(NamedTuple):
    """One failure, ready to be written.

    Attributes:
        error: The word that programs branch on.
        message: For people.
        help: Address of a page about it; empty when there is none.
    """

    exit_code: ExitCode
    error: str
    message: str
    help: str = ""


def report(command: Callable[[], object], args: Sequence[str]) -> int:
    """Run a command; write its failure, if any, and return the exit code.

    Raises:
        Exception: A bug.
    """
    try:
        code = command()
    except Exception as error:
        failure = explain(error)
        if failure is None:
            raise
        _write(failure, as_json=asks_for_json(args))
        return failure.exit_code
    # click returns the code that a command gave to `ctx.exit`.
    return code if isinstance(code, int) else ExitCode.DONE


def explain(error: Exception) -> Failure | None:
    """Return what to say about an error; None for a bug."""
    match error:
        case Misconfigured():
            return Failure(ExitCode.USAGE, error.code, str(error))
        case HubError():
            return Failure(ExitCode.FAILED, error.code, str(error))
        case sqlite3.Error():
            text = f"the data file cannot be read or written: {error}; is the disk full?"
            return Failure(ExitCode.FAILED, "log_unavailable", text)
        case click.Abort() | click.ClickException():
            return _of_click(error)
        case _:
            return _of_client(error)


def asks_for_json(args: Sequence[str]) -> bool:
    """Say whether `-o json` was given, also where the arguments could not be parsed."""
    joined = {"-ojson", "--output=json"}
    pairs = pairwise(args)
    return bool(joined & set(args)) or any(
        flag in {"-o", "--output"} and value == "json" for flag, value in pairs
    )


def _of_click(error: click.Abort | click.ClickException) -> Failure:
    match error:
        case click.Abort():
            return Failure(ExitCode.FAILED, "aborted", "nothing was done")
        case click.UsageError():
            return _usage(error)
        case _:
            return Failure(ExitCode.FAILED, "failed", error.format_message())


def _usage(error: click.UsageError) -> Failure:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        text = click.unstyle(error.format_message())
        return Failure(ExitCode.USAGE, "usage", f"expected a command\n\n{text}")
    hint = f"; see {error.ctx.command_path} --help" if error.ctx else ""
    text = error.format_message().rstrip(".")
    return Failure(ExitCode.USAGE, "usage", f"{text[:1].lower()}{text[1:]}{hint}")


def _of_client(error: Exception) -> Failure | None:
    import hub_client

    match error:
        case hub_client.NetworkError() | hub_client.TimedOut():
            cause = str(error).rpartition(": ")[2]
            remedy = "start one with `hub serve`, or name another with --url"
            text = f"no hub answers at {error.base}: {cause}; {remedy}"
            return Failure(ExitCode.UNREACHABLE, error.code, text)
        case hub_client.WebhookFailed() | hub_client.SerializationError():
            return Failure(ExitCode.FAILED, error.code, f"the hub failed: {error}", error.help)
        case hub_client.HubError():
            reason = error.problem.get("detail") or error
            return Failure(ExitCode.REFUSED, error.code, f"the hub refused: {reason}", error.help)
        case _:
            return None


def _write(failure: Failure, *, as_json: bool) -> None:
    if as_json:
        line = json_line(failure._asdict())
        click.echo(line, err=True)
        return
    more = f" ({failure.help})" if failure.help else ""
    Output("pretty").stderr.print(f"hub: {failure.message}{more}", style="red", soft_wrap=True)
