"""Arguments and options of `hub token`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LEAST_PARTS = 3


class Lasting(click.ParamType[timedelta]):
    """A span like 90d, or a time to come, as the span from now to then."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read it.

        Raises:
            click.BadParameter: It is neither.
        """
        if isinstance(value, timedelta):
            return value
        if span := _SPAN.fullmatch(value):
            return timedelta(**{_UNITS[span[2]]: int(span[1])})
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"expected 90d, 12h or a time like 2030-01-01, got {value!r}", param, ctx)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at - datetime.now(UTC)


def direct_option(command: F) -> F:
    """Add `--direct`."""
    text = "Work on DATABASE_URL itself, although HUB_URL or a context names a hub."
    return click.option("--direct", is_flag=True, help=text)(command)


def credential_id(text: str) -> str:
    """Return the id of a key; the whole key, or its credential, may be given in its place."""
    parts = text.split("_")
    if text.startswith("hub_") and len(parts) >= _LEAST_PARTS:
        return parts[1]
    return text.removeprefix("key:").partition(".")[0]
