"""What of a channel is to be seen: `--where FIELD=VALUE` and `--conflate FIELD[:RATE]`."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import click
import msgspec

Value = str | int | float | bool | None
Condition = tuple[str, Sequence[Value]]
Thinning = str | tuple[str, float]


class ConditionParam(click.ParamType[Condition]):
    """`FIELD=VALUE`; a value that is JSON too, such as 5 or true, is meant either way."""

    name = "condition"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Condition:
        """Read it.

        Raises:
            click.BadParameter: It has no field, or no value.
        """
        if isinstance(value, tuple):
            return value
        field, equals, text = value.partition("=")
        if not (field and equals):
            self.fail(
                f"expected FIELD=VALUE, such as status=active, got {value[:80]!r}", param, ctx
            )
        return field, [text, *_meant(text)]


class ThinningParam(click.ParamType[Thinning]):
    """`FIELD`, or `FIELD:RATE` with a rate a second."""

    name = "thinning"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Thinning:
        """Read it.

        Raises:
            click.BadParameter: It has no field, or the rate is none.
        """
        if isinstance(value, tuple):
            return value
        field, colon, text = value.rpartition(":")
        if not colon:
            field, text = value, "20"
        rate = _rate(text)
        if not field or rate is None:
            told = "expected FIELD or FIELD:RATE, such as job_id:5 for five a second"
            self.fail(f"{told}, got {value[:80]!r}", param, ctx)
        return (field, rate) if colon else field


def together(conditions: Sequence[Condition]) -> dict[str, list[Value]] | None:
    """Return a filter of which all fields must match, each by any of its values."""
    where: dict[str, list[Value]] = {}
    for field, values in conditions:
        where.setdefault(field, []).extend(values)
    return where or None


def _meant(text: str) -> Sequence[Value]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return ()
    if value is None or isinstance(value, str | bool):
        return (value,)
    return (value,) if isinstance(value, int | float) and abs(value) < 2**63 else ()


def _rate(text: str) -> float | None:
    try:
        rate = float(text)
    except ValueError:
        return None
    return rate if isfinite(rate) and rate > 0 else None
