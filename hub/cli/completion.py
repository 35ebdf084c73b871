"""`hub completion`: what a shell needs to complete our lines."""

import click
from click.shell_completion import get_completion_class

from hub.cli.command import Command
from hub.cli.output import Output


@click.command(
    cls=Command,
    examples=(
        "hub completion bash > ~/.local/share/bash-completion/completions/hub",
        'hub completion zsh > "${fpath[1]}/_hub"',
        "hub completion fish > ~/.config/fish/completions/hub.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, output: Output, *, shell: str) -> None:
    """Write the script that lets SHELL complete commands, options and names.

    Put it where the shell reads it, or into its start file: eval "$(hub completion bash)".

    Names of channels and types of events are asked of the hub that the line, HUB_URL or
    `hub context` names; one that does not answer within a second offers none.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"expected a shell that is known, got {shell!r}")
    source = kind(ctx.find_root().command, {}, "hub", "_HUB_COMPLETE").source()
    if output.json:
        output.show({"shell": shell, "source": source}, lambda: source)
    else:
        click.echo(source)
