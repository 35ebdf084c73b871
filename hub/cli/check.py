"""`hub check`: can a hub run here?"""

import click
from rich.text import Text

from hub.cli.command import Command
from hub.cli.configuration import load_settings
from hub.cli.output import Output

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "bold red")}


@click.command(cls=Command, examples=("hub check", "hub check --live", "PORT=80 hub check -o json"))
@click.option("--live", is_flag=True, help="Only ask the hub that runs whether it answers.")
@click.pass_context
def check(ctx: click.Context, output: Output, *, live: bool) -> None:
    """Say whether a hub can run here.

    It looks at the settings, the data file and its migrations, Redis where REDIS_URL names one, the
    disk, the clock, limits and the port. Nothing is changed, and a hub may run meanwhile. Exit
    code 0: it can, perhaps with warnings; 1: it cannot; 2: the settings are wrong.

    --live is for those who watch the process, like Docker: it asks for /health where these settings
    say that the hub listens, over TLS where they name a certificate.
    """
    settings = load_settings(output)
    if live:
        from hub.cli.check_live import live_finding

        found = [live_finding(settings)]
    else:
        from hub.cli.checks import findings

        found = [*findings(settings)]
    ok = all(finding.state != "failed" for finding in found)
    output.show(
        {"ok": ok, "checks": [finding._asdict() for finding in found]},
        lambda: Text("\n").join(_line(*finding) for finding in found),
    )
    if not ok:
        ctx.exit(1)


def _line(name: str, state: str, found: str, remedy: str) -> Text:
    mark, style = _MARKS[state]
    line = Text.assemble((f"{mark} ", style), (f"{name:<12}", "bold"), found)
    if remedy:
        line.append(f"\n{'':14}→ {remedy}", style)
    return line
