"""JSON as an argument: in place, from a file, or from stdin."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec


class JsonObject(click.ParamType[dict[str, Any]]):
    """A JSON object: `{...}`, `@FILE`, or `-` for stdin."""

    name = "JSON"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Read it.

        Raises:
            click.BadParameter: The file cannot be read, or holds no JSON object.
        """
        if isinstance(value, dict):
            return value
        try:
            return msgspec.json.decode(_text(value), type=dict[str, Any])
        except OSError as error:
            self.fail(f"cannot read {value[1:]}: {error.strerror}", param, ctx)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.fail(f"expected a JSON object, got {value[:80]!r}: {error}", param, ctx)


def _text(value: str) -> bytes | str:
    if value == "-":
        return sys.stdin.buffer.read()
    return Path(value[1:]).read_bytes() if value.startswith("@") else value
