"""`--secret`: a key that signs webhooks, which need not stand in the shell's history."""

import sys
from pathlib import Path
from typing import Any

import click


class SecretParam(click.ParamType[str]):
    """`whsec_…` (or `whsk_…`, Ed25519), `@FILE`, or `-` for a line of stdin."""

    name = "SECRET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it.

        Raises:
            click.BadParameter: The file cannot be read, or there is no secret. It is not shown.
        """
        from hub.webhooks.signing import sign

        try:
            secret = _text(value).strip()
            sign([secret], "x", 0, b"")
        except (OSError, UnicodeDecodeError):
            self.fail(f"cannot read {value[1:]}", param, ctx)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return secret


def _text(value: str) -> str:
    if value == "-":
        return sys.stdin.readline()
    return Path(value[1:]).read_text() if value.startswith("@") else value
