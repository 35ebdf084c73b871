"""`hub webhooks doctor`: what does a receiver do wrong?"""

import asyncio

import click
from rich.text import Text

from hub.cli.command import Command
from hub.cli.finding import Finding
from hub.cli.output import Output
from hub.cli.secret_option import SecretParam
from hub.cli.target_param import TargetParam

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failed": ("✗", "bold red")}


@click.command(
    cls=Command,
    examples=(
        "hub webhooks doctor http://localhost:3000/hook --secret @secret.txt",
        "hub webhooks doctor https://shop.example/hook --secret @secret.txt -o json",
    ),
)
@click.argument("address", metavar="URL", type=TargetParam())
@click.option("--secret", type=SecretParam(), required=True,
              help="That the receiver verifies with: whsec_…, @FILE, or - for stdin.")  # fmt: skip
@click.pass_context
def doctor(ctx: click.Context, output: Output, address: str, *, secret: str) -> None:
    """Say what the receiver at URL does wrong, and what to do about it.

    Some fifteen requests go there from this machine, no hub is asked: an event that is signed well,
    one that comes twice, and what it must refuse: strangers' signatures, old ones, changed bodies.
    All are marked as test. Exit code 0: it is right, perhaps with warnings; 1: it is not.
    """
    found = asyncio.run(_all(address, secret, output))
    ok = all(finding.state != "failed" for finding in found)
    if output.json:
        checks = [finding._asdict() for finding in found]
        output.show({"ok": ok, "url": address, "checks": checks}, Text)
    elif len(found) < _FEW:
        output.note("the rest was not asked: it makes sense when a well signed event is taken")
    if not ok:
        ctx.exit(1)


_FEW = 4


async def _all(address: str, secret: str, output: Output) -> list[Finding]:
    from hub.cli.webhook_checks import findings

    found = []
    async for finding in findings(address, secret):
        found.append(finding)
        if not output.json:
            output.stdout.print(_line(*finding), soft_wrap=True)
    return found


def _line(name: str, state: str, found: str, remedy: str) -> Text:
    mark, style = _MARKS[state]
    line = Text.assemble((f"{mark} ", style), (f"{name:<14}", "bold"), found)
    if remedy:
        line.append(f"\n{'':16}→ {remedy}", style)
    return line
