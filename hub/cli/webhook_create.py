"""`hub webhooks create` and `rotate`: whatever brings a secret, which is shown once."""

from datetime import timedelta
from typing import Any

import click
from rich.text import Text

from hub.cli.command import Command
from hub.cli.hub_option import url_option
from hub.cli.json_value import JsonObject
from hub.cli.output import Output
from hub.cli.token_options import Lasting
from hub.cli.view_options import Condition, ConditionParam, together

_ONCE = "The secret is shown this once: keep it where the receiver finds it."


class HeaderParam(click.ParamType[tuple[str, str]]):
    """`NAME: VALUE`, as curl has it."""

    name = "header"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Read it.

        Raises:
            click.BadParameter: It has no name. The value may be a secret and is not shown.
        """
        if isinstance(value, tuple):
            return value
        name, colon, text = value.partition(":")
        if not colon or not name.strip():
            self.fail("expected NAME: VALUE, such as 'X-Team: billing'", param, ctx)
        return name.strip(), text.strip()


@click.command(
    cls=Command,
    examples=(
        "hub webhooks create https://shop.example/hook",
        "hub webhooks create https://shop.example/hook --events 'job_*' --ordered",
        "hub webhooks create https://shop.example/hook --encrypt @key.json --pointer /data/name",
    ),
)
@click.argument("address", metavar="ADDRESS")
@click.option("--events", "event_types", multiple=True, metavar="TYPE",
              help="Only these types, * is any text; may be repeated.")  # fmt: skip
@click.option("--channel", "channels", multiple=True, help="Only of these channels, * is any text.")
@click.option("--where", type=ConditionParam(), multiple=True, metavar="FIELD=VALUE",
              help="Only events with this value; of one FIELD any, of several all.")  # fmt: skip
@click.option("--description", help="For people.")
@click.option("--ordered", is_flag=True, default=None, help="One at a time for each key, in order.")
@click.option("--head", type=click.Choice(["block", "skip"]),
              help="With --ordered: what becomes of those behind one that fails.")  # fmt: skip
@click.option("--retry", "schedule", type=Lasting(), multiple=True, metavar="TIME",
              help="Wait so long before the next attempt: 5s, 5m, 2h; one for each.")  # fmt: skip
@click.option("--client-errors", type=click.Choice(["retry", "fail"]), help="After a 4xx.")
@click.option("--rate", "rate_per_s", type=click.FloatRange(0), help="At most so many a second.")
@click.option("--concurrency", type=click.IntRange(1), help="At most so many at the same time.")
@click.option("--header", "headers", type=HeaderParam(), multiple=True, metavar="NAME:VALUE",
              help="Sent with each delivery; may be repeated.")  # fmt: skip
@click.option("--encrypt", "jwk", type=JsonObject(),
              help="Public key of the receiver, a JWK: encrypt the body.")  # fmt: skip
@click.option("--pointer", "pointers", multiple=True,
              help="With --encrypt: only what is there, /data/name say.")  # fmt: skip
@click.option("--signature", type=click.Choice(["v1", "v1a"]),
              help="v1: a shared secret (default); v1a: a public key, Ed25519.")  # fmt: skip
@url_option
def create(output: Output, url: str | None, *, address: str, **options: Any) -> None:
    """Have events delivered to ADDRESS, from now on.

    The secret is written to stdout, alone; with v1a the public key.
    """
    from hub.cli.posting import send

    fields = _fields(options)
    _hand_over(output, send(url, 0, lambda hub: hub.webhooks.create(address, **fields)))


@click.command(
    cls=Command,
    examples=(
        "hub webhooks rotate ep_7tMx0Q4bVn2e",
        "hub webhooks rotate ep_7tMx0Q4bVn2e --overlap 0s --signature v1a -o json",
    ),
)
@click.argument("webhook_id", metavar="ID")
@click.option("--overlap", type=Lasting(), default="24h", show_default=True,
              help="How long the old key signs as well; 0s: it ends at once.")  # fmt: skip
@click.option("--signature", type=click.Choice(["v1", "v1a"]), help="Of another kind from now on.")
@url_option
def rotate(
    output: Output, url: str | None, *, webhook_id: str, overlap: timedelta, signature: Any
) -> None:
    """Give a webhook a new key; both sign until the overlap ends.

    The secret is written to stdout, alone.
    """
    from hub.cli.posting import send

    seconds = int(overlap.total_seconds())
    made = send(
        url,
        0,
        lambda hub: hub.webhooks.rotate_secret(webhook_id, overlap_s=seconds, signature=signature),
    )
    _hand_over(output, made)


def _fields(options: dict[str, Any]) -> dict[str, Any]:
    """Return what was given, as the hub has it.

    Raises:
        click.UsageError: Pointers without a key.
    """
    jwk, pointers = options.pop("jwk"), options.pop("pointers")
    if pointers and jwk is None:
        raise click.UsageError("expected --encrypt with --pointer, got the pointer alone")
    where: tuple[Condition, ...] = options.pop("where")
    schedule = [wait.total_seconds() for wait in options.pop("schedule")]
    headers = dict(options.pop("headers"))
    found = {
        **options,
        "where": together(where),
        "schedule": schedule,
        "headers": headers,
        "encryption": None if jwk is None else {"jwk": jwk, "pointers": [*pointers]},
    }
    return {name: value for name, value in found.items() if value not in (None, (), [], {})}


def _hand_over(output: Output, made: dict[str, Any]) -> None:
    """Write what the receiver needs to stdout, alone, so that it can be piped there."""
    from hub.cli.webhook_lines import webhook_line

    public = next((key["public_key"] for key in made["keys"] if key["public_key"]), "")
    output.show(made, lambda: Text(made["secret"] or public))
    if not output.json:
        output.stderr.print(webhook_line(made), soft_wrap=True)
        output.note(_ONCE if made["secret"] else "This is its public key; the hub keeps the other.")
