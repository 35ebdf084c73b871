"""Options that say which hub a command speaks to, and how patiently."""

from collections.abc import Callable
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def url_option(command: F) -> F:
    """Add `--url`."""
    text = "The hub's address; else HUB_URL, else http://127.0.0.1:8000."
    return click.option("--url", envvar="HUB_URL", help=text)(command)


def retries_option(command: F) -> F:
    """Add `--retries`."""
    text = "Tries after the first, when the hub is away or busy; they never send twice."
    return click.option(
        "--retries", type=click.IntRange(0), metavar="N", default=0, show_default=True, help=text
    )(command)
