"""Options that say which hub a command speaks to, and how patiently."""

import os
from collections.abc import Callable
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def url_option(command: F) -> F:
    """Add `--url`."""
    text = "The hub's address; else HUB_URL, else `hub context`, else http://127.0.0.1:8000."
    return click.option(
        "--url", envvar="HUB_URL", callback=lambda ctx, _param, url: hub_url(ctx, url), help=text
    )(command)


def hub_url(ctx: click.Context, url: str | None) -> str | None:
    """Return the address that was given, or that of the context that counts, if any does.

    Where it is the context's, so is the token, unless HUB_TOKEN is set. It goes to no other hub.

    Raises:
        Misconfigured: The file of contexts cannot be read, or has not the one that is named.
    """
    if url or os.environ.get("WS_URI") or ctx.resilient_parsing:
        return url
    from hub.cli.contexts import chosen

    context = chosen(os.environ)
    if context is None:
        return url
    if context.token and not os.environ.get("HUB_TOKEN"):
        _lend(ctx, context.token)
    return context.url


def retries_option(command: F) -> F:
    """Add `--retries`."""
    text = "Tries after the first, when the hub is away or busy; they never send twice."
    return click.option(
        "--retries", type=click.IntRange(0), metavar="N", default=0, show_default=True, help=text
    )(command)


def _lend(ctx: click.Context, token: str) -> None:
    """Let the SDK find a token where it looks for one, as long as the command runs."""
    before = os.environ.get("HUB_TOKEN")
    os.environ["HUB_TOKEN"] = token

    def take_back() -> None:
        if before is None:
            os.environ.pop("HUB_TOKEN", None)
        else:
            os.environ["HUB_TOKEN"] = before

    ctx.call_on_close(take_back)
