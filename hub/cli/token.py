"""`hub token`: API keys are made, listed, explained, rotated and revoked."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.text import Text

from hub.cli.command import Group
from hub.cli.hub_option import url_option
from hub.cli.output import Output
from hub.cli.token_options import Lasting, credential_id, direct_option
from hub.cli.token_ways import way

_ONCE = "This is the only time that it is shown: keep it now. The hub keeps no copy."
_SUBJECTS = ("jwt:", "sub:")


@click.group(
    cls=Group,
    examples=(
        "hub token create root --role admin",
        "HUB_URL=https://hub.example HUB_TOKEN=hub_… hub token list",
    ),
)
def token() -> None:
    """Make and revoke the keys by which clients come in.

    With --url, HUB_URL or a context it asks that hub, as whoever HUB_TOKEN is. Without, it works on
    DATABASE_URL itself, also while a hub runs on it: so the first key of all is made.
    """


@token.command(
    examples=(
        "hub token create root --role admin",
        "hub token create billing --role service --channel jobs --expires 90d",
        "hub token create wall --scope events:read --channel 'orders.*' --url http://127.0.0.1:8000",
    )
)
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="A role it has; may be repeated.")
@click.option("--scope", "scopes", multiple=True, help="Only these scopes; may be repeated.")
@click.option("--channel", "channels", multiple=True, help="Only these channels; * is any text.")
@click.option("--expires", type=Lasting(), help="90d, 12h, or a time; else it never ends.")
@url_option
@direct_option
def create(
    output: Output, name: str, url: str | None, *, expires: timedelta | None, direct: bool,
    **words: tuple[str, ...],
) -> None:  # fmt: skip
    """Make a key for NAME, who owns what is made with it.

    The key is written to stdout, alone. Roles: admin, operator, publisher, agent, service, user,
    viewer.
    """
    body = {field: [*given] for field, given in words.items() if given}
    made = way(url, output, direct=direct).create(
        {"name": name, **body, "expires_at": _in(expires)}
    )
    _hand_over(output, made)


@token.command(
    "list", examples=("hub token list", "hub token list --url http://127.0.0.1:8000 -o json")
)
@url_option
@direct_option
def list_(output: Output, url: str | None, *, direct: bool) -> None:
    """List all keys, newest first, without their secrets."""
    from hub.cli.token_lines import key_lines

    keys = way(url, output, direct=direct).list()
    output.show(keys, lambda: key_lines(keys))


@token.command(
    examples=(
        "hub token inspect",
        "cat token.txt | hub token inspect -",
        "hub token inspect eyJhbGciOiJIUzI1NiJ9.e30.c2ln --url http://127.0.0.1:8000 -o json",
    )
)
@click.argument("token_", metavar="[TOKEN]", required=False)
@url_option
@direct_option
@click.pass_context
def inspect(
    ctx: click.Context, output: Output, token_: str | None, url: str | None, *, direct: bool
) -> None:
    """Say what a token is, and why it would be refused.

    Without TOKEN it asks for it, or reads stdin: what is typed as an argument stays in the history
    of the shell. With --url the hub itself is asked, else the database and the settings of this
    environment. Exit code 1: it is refused.
    """
    from hub.cli.token_explained import explain
    from hub.cli.token_lines import verdict_lines
    from hub.clock import SystemClock

    text = _read_token(token_)
    explained = explain(text, SystemClock().now_us())
    refused, to = [*explained.faults], way(url, output, direct=direct)
    judge = to.judge_of(explained.kind)
    if judge and not refused:
        reason = to.judge(text)
        refused = [] if reason is None else [reason]
    # Without a hub, and without its settings, only what can be read of it is said.
    judge = judge or "nobody was asked (say --url): what can be read of it"
    said = {"kind": explained.kind, "facts": explained.facts, "refused": refused, "judge": judge}
    output.show(said, lambda: verdict_lines(said))
    if refused:
        ctx.exit(1)


@token.command(
    examples=(
        "hub token rotate 7tMx0Q4bVn2e",
        "hub token rotate 7tMx0Q4bVn2e --overlap 0s --url http://127.0.0.1:8000",
    )
)
@click.argument("key_id", metavar="ID")
@click.option("--overlap", type=Lasting(), default="24h", show_default=True,
              help="How long the old secret works; 0s: it ends at once.")  # fmt: skip
@click.option("--expires", type=Lasting(), help="When the key ends; else as before.")
@url_option
@direct_option
def rotate(
    output: Output, key_id: str, url: str | None, *, overlap: timedelta, expires: timedelta | None,
    direct: bool,
) -> None:  # fmt: skip
    """Give a key a new secret; the old one works until the overlap ends."""
    body: dict[str, Any] = {"overlap_s": int(overlap.total_seconds())}
    if expires is not None:
        body["expires_at"] = _in(expires)
    _hand_over(output, way(url, output, direct=direct).rotate(credential_id(key_id), body))


@token.command(
    examples=(
        "hub token revoke 7tMx0Q4bVn2e",
        "hub token revoke sub:anna --until 30d",
        "hub token revoke sub:anna --lift --url http://127.0.0.1:8000",
    )
)
@click.argument("credential", metavar="ID")
@click.option("--until", type=Lasting(), help="Of jwt: and sub:, how long, or until when.")
@click.option("--lift", is_flag=True, help="Let jwt: or sub: in again.")
@url_option
@direct_option
def revoke(
    output: Output, credential: str, url: str | None, *, until: timedelta | None, lift: bool,
    direct: bool,
) -> None:  # fmt: skip
    """Refuse a key for good, or jwt:<jti> or sub:<name> until a time.

    Its connections end within two seconds, on every node.
    """
    to = way(url, output, direct=direct)
    if not credential.startswith(_SUBJECTS):
        if until is not None or lift:
            raise click.UsageError("expected --until and --lift only with jwt: or sub:")
        answer = to.revoke(credential_id(credential))
    elif lift:
        to.lift(credential)
        answer = {"credential": credential, "until": None}
    else:
        if until is None:
            raise click.UsageError("expected --until, like 30d: when it would have expired anyway")
        answer = to.refuse(credential, _in(until) or "")
    shown = ("let in again ", "green") if lift else ("revoked ", "red")
    output.show(answer, lambda: Text.assemble(shown, answer.get("id") or credential))


def _hand_over(output: Output, made: dict[str, Any]) -> None:
    """Write a new secret to stdout, alone, so that it can be piped where it belongs."""
    from hub.cli.token_lines import key_line

    output.show(made, lambda: Text(made["token"]))
    if not output.json:
        output.stderr.print(key_line(made["key"]), soft_wrap=True)
        output.note(_ONCE)


def _in(time: timedelta | None) -> str | None:
    if time is None:
        return None
    return (datetime.now(UTC) + time).isoformat(timespec="seconds").replace("+00:00", "Z")


def _read_token(given: str | None) -> str:
    if given is None and sys.stdin.isatty():
        given = click.prompt("Token", hide_input=True, err=True)
    elif given in {None, "-"}:
        given = sys.stdin.readline()
    text = (given or "").strip().removeprefix("Bearer ").strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise click.UsageError("expected a token, got nothing or what no header can carry")
    return text
