"""Where a command writes: data on stdout, all else on stderr, for people or for programs."""

import os
import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TextIO

import click
from rich.console import Console, RenderableType

from hub.cli.json_line import json_line

# What `-o` takes, and what each is.
FORMS = {"pretty": "for people (default)", "json": "for programs"}
_KEY = "hub.cli.output"


class Output:
    """The two streams of one command.

    Attributes:
        form: What was chosen.
        json: Programs read stdout: one JSON value a line, nothing else.
    """

    def __init__(self, form: str) -> None:
        self.form = form
        self.json = form == "json"

    @cached_property
    def stdout(self) -> Console:
        """Data, for people."""
        return _console(sys.stdout)

    @cached_property
    def stderr(self) -> Console:
        """Everything that is not data."""
        return _console(sys.stderr)

    def show(self, value: object, pretty: Callable[[], RenderableType]) -> None:
        """Write data: `value` as one line of JSON, or what `pretty` returns."""
        if self.json:
            click.echo(json_line(value))
        else:
            self.stdout.print(pretty(), soft_wrap=True)

    def note(self, text: str) -> None:
        """Tell people what happens; no program needs it."""
        self.stderr.print(text, style="dim", soft_wrap=True)

    def warn(self, text: str) -> None:
        """Tell people what may be wrong, in one line."""
        self.stderr.print(f"hub: warning: {text}", style="yellow", soft_wrap=True)


def output_option(forms: Mapping[str, str] = FORMS, *, expose: bool = True) -> click.Option:
    """Return `-o`. Given to a group it holds for the group's commands too."""
    return click.Option(
        ["-o", "--output"],
        type=click.Choice([*forms]),
        callback=lambda ctx, _param, form: _chosen(ctx, form),
        expose_value=expose,
        help=f"{', '.join(f'{form} {what}' for form, what in forms.items())}.",
    )


def output_of(ctx: click.Context) -> Output:
    """Return the output that was chosen for this command or for a group above it."""
    return Output(ctx.meta.get(_KEY, "pretty"))


def _chosen(ctx: click.Context, form: str | None) -> Output:
    if form is not None:
        ctx.meta[_KEY] = form
    return output_of(ctx)


def _console(stream: TextIO) -> Console:
    # A terminal that cannot write a dot shows "?" instead of a traceback.
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    # rich keeps bold and dim under NO_COLOR; who asks for none wants no escape codes at all.
    plain = bool(os.environ.get("NO_COLOR"))
    return Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        color_system=None if plain else "auto",
    )
