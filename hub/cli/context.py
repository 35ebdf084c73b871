"""`hub context`: hubs by a name, so that nobody types addresses and tokens."""

import sys
from pathlib import Path

import click

from hub.cli.command import Command, Group
from hub.cli.completing import complete_contexts
from hub.cli.output import Output


@click.group(
    cls=Group,
    examples=(
        "hub context add prod https://hub.example --token @token.txt",
        "hub context use prod",
        "hub tail contracts",
    ),
)
def context() -> None:
    """Give hubs names, and say which one is meant.

    Commands speak to --url, else to HUB_URL, else to the hub of HUB_CONTEXT, else to that of
    `hub context use`, else to http://127.0.0.1:8000. HUB_TOKEN goes before a context's token, which
    goes nowhere but to its own hub.
    """


_NAME = click.argument("name", shell_complete=complete_contexts)


@context.command(
    cls=Command,
    examples=(
        "hub context add local http://127.0.0.1:8000",
        "hub context add prod https://hub.example --token @token.txt --use",
        "hub context add prod https://hub.example --token - < token.txt",
    ),
)
@click.argument("name")
@click.argument("url")
@click.option(
    "--token",
    metavar="@FILE|-",
    help="Read a token from FILE, or from a line of stdin; at a terminal it is asked for.",
)
@click.option("--use", "use_it", is_flag=True, help="Speak to it from now on.")
def add(output: Output, *, name: str, url: str, token: str | None, use_it: bool) -> None:
    """Keep URL and a token as NAME; what was kept under that name is replaced.

    The first context is used at once. The file is ~/.config/hub/config.toml, or under
    XDG_CONFIG_HOME, and only you can read it.
    """
    from hub.cli.context_kept import keep

    keep(name, url, _token(token), use_it=use_it, output=output)


@context.command(
    cls=Command, examples=("hub context use prod", "hub context use --none && hub tail")
)
@click.argument("name", required=False, shell_complete=complete_contexts)
@click.option("--none", is_flag=True, help="Use none of them.")
def use(output: Output, *, name: str | None, none: bool) -> None:
    """Speak to the hub NAME from now on."""
    from hub.cli.context_kept import choose

    if none == (name is not None):
        raise click.UsageError("expected a NAME or --none")
    choose(name or "", output)


@context.command(cls=Command, examples=("hub context ls", "hub context ls -o json"))
def ls(output: Output) -> None:
    """List the contexts; a * marks the one that counts."""
    from hub.cli.context_kept import told

    told(None, output)


@context.command(cls=Command, examples=("hub context show", "hub context show prod -o json"))
@click.argument("name", required=False, shell_complete=complete_contexts)
def show(output: Output, *, name: str | None) -> None:
    """Tell of one context, of the one that counts if none is named. No token is shown."""
    from hub.cli.context_kept import told

    told(name or "", output)


@context.command(cls=Command, examples=("hub context rm prod", "hub context rm prod -o json"))
@_NAME
def rm(output: Output, *, name: str) -> None:
    """Forget the context NAME, and its token."""
    from hub.cli.context_kept import forget

    forget(name, output)


def _token(given: str | None) -> str:
    """Return the token, which must not stand in the shell's history.

    Raises:
        click.UsageError: It was given as it is, or cannot be read.
    """
    if given is None:
        if not sys.stdin.isatty():
            return ""
        asked: str = click.prompt("Token (empty: none)", default="", hide_input=True, err=True)
        return asked.strip()
    if given == "-":
        return sys.stdin.readline().strip()
    if not given.startswith("@"):
        raise click.UsageError(
            "--token: expected @FILE or -, got a text: a token would stay in the shell's history"
        )
    try:
        return Path(given[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise click.UsageError(f"--token: cannot read {given[1:]}") from None
