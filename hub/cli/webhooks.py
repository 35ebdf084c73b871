"""`hub webhooks`: the addresses that the hub delivers events to."""

import click

from hub.cli.command import Group
from hub.cli.webhook_create import create, rotate
from hub.cli.webhook_deliveries import deliveries, replay
from hub.cli.webhook_doctor import doctor
from hub.cli.webhook_endpoints import delete, list_, pause, resume, show, test
from hub.cli.webhook_rewrap import rewrap


@click.group(
    cls=Group,
    examples=(
        "hub webhooks create https://shop.example/hook --events 'job_*'",
        "hub webhooks doctor http://localhost:3000/hook --secret @secret.txt",
    ),
)
def webhooks() -> None:
    """Have events delivered to addresses, and see what became of each.

    It asks the hub of --url, HUB_URL or `hub context`, as whoever HUB_TOKEN is.
    """


for command in (
    create,
    list_,
    show,
    test,
    pause,
    resume,
    rotate,
    delete,
    deliveries,
    replay,
    doctor,
    rewrap,
):
    webhooks.add_command(command)
