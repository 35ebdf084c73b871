"""What all commands share: `-o`, examples at the end of the help, a help that reads well."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import click

from hub.cli.failure import report
from hub.cli.output import FORMS, output_option

_SETTINGS = {"help_option_names": ["-h", "--help"]}


class Formatter(click.HelpFormatter):
    """Headings that stand out on a terminal."""

    def write_heading(self, heading: str) -> None:
        """Write the title of a section."""
        super().write_heading(click.style(heading, bold=True))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the first line."""
        super().write_usage(prog, args, prefix or f"{click.style('Usage:', bold=True)} ")


class Context(click.Context):
    """A context whose help is written by `Formatter`."""

    formatter_class = Formatter


class Command(click.Command):
    """A command with `-o`, in these forms, and, in its help, two examples or more."""

    context_class = Context

    def __init__(
        self,
        *args: Any,
        examples: Sequence[str] = (),
        forms: Mapping[str, str] = FORMS,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **{"context_settings": _SETTINGS, **kwargs})
        self.examples = examples
        self.params.append(output_option(forms))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, unwrapped: they are there to be copied."""
        super().format_epilog(ctx, formatter)
        write_examples(formatter, self.examples)


class Group(click.Group):
    """A group with `-o` for all its commands, and examples."""

    context_class = Context
    command_class = Command
    group_class = type

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **{"context_settings": _SETTINGS, **kwargs})
        self.examples = examples
        self.params.append(output_option(expose=False))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of their use, not of the alphabet."""
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, unwrapped."""
        super().format_epilog(ctx, formatter)
        write_examples(formatter, self.examples)


class Root(Group):
    """The group of everything: it turns every failure into one line and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - click's signature
        **extra: Any,
    ) -> Any:
        """Run and exit; not `standalone_mode` runs and returns, with click's exceptions.

        Raises:
            SystemExit: With the exit code.
        """
        if os.environ.get("NO_COLOR"):
            extra["color"] = False
        run = partial(
            super().main,
            args,
            prog_name,
            complete_var,
            standalone_mode=False,
            windows_expand_args=windows_expand_args,
            **extra,
        )
        if not standalone_mode:
            return run()
        raise SystemExit(report(run, sys.argv[1:] if args is None else args))


def write_examples(formatter: click.HelpFormatter, examples: Sequence[str]) -> None:
    """Write a section of commands to copy."""
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"  {click.style('$', dim=True)} {example}\n")
