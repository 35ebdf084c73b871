"""All commands."""

import click

from hub import __version__
from hub.cli.audit import audit
from hub.cli.backup import backup
from hub.cli.bench import bench
from hub.cli.check import check
from hub.cli.command import Root
from hub.cli.completion import completion
from hub.cli.context import context
from hub.cli.listen import listen
from hub.cli.log import log
from hub.cli.migrate import migrate
from hub.cli.publish import publish
from hub.cli.serve import serve
from hub.cli.tail import tail
from hub.cli.token import token
from hub.cli.top import top
from hub.cli.trace import trace
from hub.cli.trigger import trigger
from hub.cli.webhooks import webhooks
from hub.cli.work import work


@click.group(
    cls=Root,
    examples=(
        "hub serve",
        "hub publish contract --id c-1 --location Mumbai --status active",
        "hub tail contracts jobs --last 20",
    ),
)
@click.version_option(__version__, "-V", "--version", prog_name="hub")
def root() -> None:
    """Hub: a WebSocket-first realtime event hub, durable and ordered.

    Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 no hub answers, 4 the hub
    refused.
    """


for command in (
    serve,
    work,
    publish,
    tail,
    top,
    listen,
    trigger,
    bench,
    check,
    migrate,
    backup,
    log,
    token,
    webhooks,
    audit,
    trace,
    context,
    completion,
):
    root.add_command(command)
