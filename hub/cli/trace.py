"""`hub trace`: what became of an event, as a timeline."""

import click

from hub.cli.command import Command
from hub.cli.hub_option import url_option
from hub.cli.output import Output


@click.command(
    cls=Command,
    examples=(
        "hub trace 01890a5d-ac96-774b-bcce-b302099a8057",
        "hub trace 01890a5d-ac96-774b-bcce-b302099a8057 -o json",
    ),
)
@click.argument("event_id", metavar="ID")
@url_option
def trace(output: Output, url: str | None, *, event_id: str) -> None:
    """Tell what became of the event ID: when it was taken and kept, and whom it reached.

    ID is the `id` of an event, or of the answer to the request that made it.

    Times behind a + are since it was accepted, by the clock of the node that says them. What the
    nodes have forgotten is left out: they keep the newest few thousand updates in memory.
    """
    from hub.cli.posting import send
    from hub.cli.timeline import timeline

    answer = send(url, 0, lambda hub: hub.trace(event_id))
    output.show(answer, lambda: timeline(answer))
